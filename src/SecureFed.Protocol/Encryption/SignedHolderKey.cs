using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>A key holder's offer of one key for one round that is still to come. Holders offer several ahead, and need not be there when a round opens.</summary>
/// <remarks>The number orders the offers of one holder in one task; a round takes the lowest that no round has taken.</remarks>
public sealed class SignedHolderKey
{
    /// <summary>A SEAL public key over N = 2048, 32,881 bytes, is the longest; ROUND_OPENED, at most 65,535 bytes, holds one.</summary>
    public const int GreatestKeyBytes = 33_000;

    private const byte Version = 1;

    private SignedHolderKey(Identifier taskId, Identifier holder, ulong number, ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> signature)
    {
        (TaskId, Holder, Number, Key, Signature) = (taskId, holder, number, key, signature);
        Bytes = (byte[])[.. Content(taskId, holder, number, key), .. signature.Span];
        Digest = Digest.Of(Bytes.Span);
    }

    public Identifier TaskId { get; }

    /// <summary>Roster identity.</summary>
    public Identifier Holder { get; }

    /// <summary>From 1; ascending.</summary>
    public ulong Number { get; }

    /// <summary>One-time keys: P-256, 65 bytes, to which shares are sealed. Single key: a SEAL public key.</summary>
    public ReadOnlyMemory<byte> Key { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>: names the offer in the log.</summary>
    public Digest Digest { get; }

    public static SignedHolderKey Sign(Identifier taskId, Identifier holder, ulong number, ReadOnlyMemory<byte> key, ISigner signer) =>
        new(taskId, holder, number, key, signer.Sign(SigningContext.HolderKey.Bind(Content(taskId, holder, number, key))));

    /// <summary>Rebuilds an offer from a seat of a holder table.</summary>
    public static SignedHolderKey Of(Identifier taskId, HolderEntry seat) => new(taskId, seat.Holder, seat.Number, seat.RoundKey, seat.Signature);

    /// <summary>Parses; does not check the signature.</summary>
    public static SignedHolderKey? TryDecode(ReadOnlySpan<byte> bytes)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        Identifier taskId = reader.Identifier();
        Identifier holder = reader.Identifier();
        ulong number = reader.UInt64();
        byte[] key = reader.Opaque(GreatestKeyBytes).ToArray();
        byte[] signature = reader.Fixed(P256.SignatureBytes).ToArray();
        return reader.IsComplete && number > 0 && key.Length > 0 ? new SignedHolderKey(taskId, holder, number, key, signature) : null;
    }

    /// <summary>Whether a key holder of the roster signed this.</summary>
    public bool Verify(Roster roster) =>
        roster.Find(Holder, RosterRole.KeyHolder) is not null && roster.Verify(Holder, SigningContext.HolderKey.Bind(Content(TaskId, Holder, Number, Key)), Signature.Span);

    private static byte[] Content(Identifier taskId, Identifier holder, ulong number, ReadOnlyMemory<byte> key) =>
        CanonicalWriter.Write(w => w.UInt8(Version).Identifier(taskId).Identifier(holder).UInt64(number).Opaque(key.Span));
}
