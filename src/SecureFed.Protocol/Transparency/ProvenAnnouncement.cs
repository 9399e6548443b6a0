using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>An announcement as it travels: with the proof that its entry stands in the log that its reader knows. Whether that is true is for the reader to check.</summary>
/// <param name="Announcement">Signed entry and list.</param>
/// <param name="Proof">Checkpoint, inclusion of the entry, and consistency with the reader's largest checkpoint.</param>
public sealed record ProvenAnnouncement(Announcement Announcement, LogProof Proof)
{
    public byte[] Encode() => CanonicalWriter.Write(writer =>
    {
        Announcement.Write(writer);
        Proof.Write(writer);
    });

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out ProvenAnnouncement? announcement)
    {
        CanonicalReader reader = new(bytes);
        ProvenAnnouncement read = new(Announcement.Read(ref reader), LogProof.Read(ref reader));
        announcement = reader.IsComplete ? read : null;
        return announcement is not null;
    }
}
