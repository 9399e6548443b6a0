using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>What the server tells clients at the start of a step: the signed entry and the blob that the entry names.</summary>
/// <param name="Entry">Signed entry.</param>
/// <param name="Blob">The list that the entry's digest binds; empty for ROUND_OPENED, whose entry says everything.</param>
public sealed record Announcement(SignedEntry Entry, ReadOnlyMemory<byte> Blob)
{
    /// <summary>Upper bound of a blob that a client reads: a cohort of 2^20 is far below it.</summary>
    public const int GreatestBlobBytes = 512 * 1024 * 1024;

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public void Write(CanonicalWriter writer)
    {
        Entry.Write(writer);
        writer.Opaque(Blob.Span);
    }

    public static Announcement Read(ref CanonicalReader reader) => new(SignedEntry.Read(ref reader), reader.Opaque(GreatestBlobBytes).ToArray());

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Announcement? announcement)
    {
        CanonicalReader reader = new(bytes);
        Announcement read = Read(ref reader);
        announcement = reader.IsComplete ? read : null;
        return announcement is not null;
    }
}
