using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>One key holder's seat.</summary>
/// <param name="Point">x: the point at which it holds everybody's shares.</param>
/// <param name="Holder">Roster identity.</param>
/// <param name="RoundKey">P-256, 65 bytes: shares of this round are sealed to it; erased at close.</param>
public sealed record HolderEntry(int Point, Identifier Holder, ReadOnlyMemory<byte> RoundKey);

/// <summary>Who holds shares at which point, the same for every client because openDigest covers it.</summary>
/// <remarks>
/// Points are 1 to K in order. No identity and no key sits twice: a holder at two points would count for two of the threshold. Were the table not bound, the server could
/// show one client another order, and a linear combination of honest sums over one list would be that client's key.
/// </remarks>
/// <param name="Entries">K seats, 1 to <see cref="VectorSharing.GreatestHolders"/>, in ascending order of their points.</param>
public sealed record HolderTable(IReadOnlyList<HolderEntry> Entries)
{
    private const int EntryBytes = 1 + Identifier.Bytes + P256.PublicKeyBytes;

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out HolderTable? table)
    {
        CanonicalReader reader = new(bytes);
        HolderTable read = Read(ref reader);
        table = reader.IsComplete ? read : null;
        return table is not null;
    }

    internal void Write(CanonicalWriter writer) =>
        writer.List(Entries, (w, e) => w.UInt8(checked((byte)e.Point)).Identifier(e.Holder).Fixed(e.RoundKey.Span));

    internal static HolderTable Read(ref CanonicalReader reader)
    {
        HolderEntry[] entries = reader.List(VectorSharing.GreatestHolders, EntryBytes, ReadEntry);
        reader.Require(entries.Length > 0 && entries.Select((e, i) => e.Point == i + 1).All(inOrder => inOrder));
        reader.Require(entries.DistinctBy(e => e.Holder).Count() == entries.Length);
        reader.Require(entries.DistinctBy(e => Digest.Of(e.RoundKey.Span)).Count() == entries.Length);
        return new HolderTable(entries);
    }

    private static HolderEntry ReadEntry(ref CanonicalReader reader) =>
        new(reader.UInt8(), reader.Identifier(), reader.Fixed(P256.PublicKeyBytes).ToArray());
}
