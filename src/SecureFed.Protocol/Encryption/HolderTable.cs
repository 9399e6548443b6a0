using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>One key holder's seat.</summary>
/// <param name="Point">x: the point at which it holds everybody's shares, its place among the task's holders.</param>
/// <param name="Holder">Roster identity.</param>
/// <param name="Number">Which of its offers the key is.</param>
/// <param name="RoundKey">See <see cref="SignedHolderKey.Key"/>; erased at close.</param>
/// <param name="Signature">The holder's, over task, number and key.</param>
public sealed record HolderEntry(int Point, Identifier Holder, ulong Number, ReadOnlyMemory<byte> RoundKey, ReadOnlyMemory<byte> Signature);

/// <summary>Who holds shares at which point, the same for every client because openDigest covers it.</summary>
/// <remarks>
/// <para>Points ascend. No identity and no key sits twice: a holder at two points would count for two of the threshold. Were the table not bound, the server could
/// show one client another order, and a linear combination of honest sums over one list would be that client's key.</para>
/// <para>A holder of the task that has no key on offer has no seat: its share is missing, as if it never answered.</para>
/// </remarks>
/// <param name="Entries">Seats, 1 to <see cref="VectorSharing.GreatestHolders"/>, in ascending order of their points.</param>
public sealed record HolderTable(IReadOnlyList<HolderEntry> Entries)
{
    private const int LeastEntryBytes = 1 + Identifier.Bytes + 8 + 4 + P256.SignatureBytes;

    /// <summary>The seat of a holder; null if it has none.</summary>
    public HolderEntry? Find(Identifier holder) => Entries.FirstOrDefault(e => e.Holder == holder);

    /// <summary>The place among the seats of a holder, from 0; -1 if it has none.</summary>
    public int PlaceOf(Identifier holder)
    {
        for (int i = 0; i < Entries.Count; i++)
        {
            if (Entries[i].Holder == holder)
                return i;
        }

        return -1;
    }

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out HolderTable? table)
    {
        CanonicalReader reader = new(bytes);
        HolderTable read = Read(ref reader);
        table = reader.IsComplete ? read : null;
        return table is not null;
    }

    internal void Write(CanonicalWriter writer) => writer.List(
        Entries, (w, e) => w.UInt8(checked((byte)e.Point)).Identifier(e.Holder).UInt64(e.Number).Opaque(e.RoundKey.Span).Fixed(e.Signature.Span));

    internal static HolderTable Read(ref CanonicalReader reader)
    {
        HolderEntry[] entries = reader.List(VectorSharing.GreatestHolders, LeastEntryBytes, ReadEntry);
        reader.Require(entries.Length > 0);
        for (int i = 0; i < entries.Length; i++) reader.Require(entries[i].Point > (i == 0 ? 0 : entries[i - 1].Point));
        reader.Require(entries.DistinctBy(e => e.Holder).Count() == entries.Length);
        reader.Require(entries.DistinctBy(e => Digest.Of(e.RoundKey.Span)).Count() == entries.Length);
        return new HolderTable(entries);
    }

    private static HolderEntry ReadEntry(ref CanonicalReader reader) =>
        new(reader.UInt8(), reader.Identifier(), reader.UInt64(), reader.Opaque(SignedHolderKey.GreatestKeyBytes).ToArray(), reader.Fixed(P256.SignatureBytes).ToArray());
}
