using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.KeyDerivation;
using SecureFed.Cryptography.Sealing;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>Sizes, keys and associated data of a round with one-time keys, the same for client, server and holder.</summary>
/// <remarks>HKDF-SHA256 (RFC 5869) with salt = openDigest, so nothing fits another round, table or invitation.</remarks>
internal static class EncryptedRound
{
    /// <summary>Shorter updates are padded with zeros: the residue of a handful of coefficients tells an honest sum from a wrong one too seldom.</summary>
    public const int LeastLength = 64;

    private static ReadOnlySpan<byte> ShareLabel => "securefed/v1 key share\n"u8;

    /// <summary>Coefficients that a client encrypts.</summary>
    public static int LengthOf(RoundParameters round) => Math.Max(LeastLength, round.Layout.Dimension);

    /// <summary>The arithmetic, for as many ciphertexts as clients are invited.</summary>
    public static BfvParameters ParametersOf(RoundParameters round) => round.Encryption!.Specification.ParametersFor(round.Layout.RingBits, round.Encryption.Invited);

    /// <summary>Coordinates of a share: the key's, then the masks of <see cref="ShareCheck"/>.</summary>
    public static int ShareLength(BfvSet set) => set.Degree + ShareCheck.Challenges;

    /// <summary>Bytes of a sealed share.</summary>
    public static int BoxBytes(BfvSet set) => ResiduePacking.PackedBytes(set.Modulus, ShareLength(set)) + SealedBox.OverheadBytes;

    /// <summary>Key of the one box from that client to that holder; info = label ‖ client ‖ holder ‖ x.</summary>
    public static void ShareKey(ReadOnlySpan<byte> sharedSecret, Digest openDigest, Identifier client, HolderEntry seat, Span<byte> key)
    {
        Span<byte> salt = stackalloc byte[Digest.Bytes];
        openDigest.CopyTo(salt);
        HkdfSha256.DeriveKey(sharedSecret, salt, [.. ShareLabel, .. client.ToArray(), .. seat.Holder.ToArray(), (byte)seat.Point], key);
    }

    /// <summary>Associated data of a box: openDigest ‖ client ‖ holder ‖ x.</summary>
    public static byte[] ShareContext(Digest openDigest, Identifier client, HolderEntry seat) =>
        [.. openDigest.ToArray(), .. client.ToArray(), .. seat.Holder.ToArray(), (byte)seat.Point];
}
