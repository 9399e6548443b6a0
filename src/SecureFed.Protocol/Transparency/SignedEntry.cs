using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>An entry with its log index and the server's signature over index and hash.</summary>
/// <remarks>
/// The receipt that can be given at once: the server commits to "entry number i of this task has this hash", and two different signatures for one index are
/// evidence of equivocation. That the entry stands in the log shows the proof that follows (<see cref="ProvenAnnouncement"/>).
/// </remarks>
/// <param name="Index">Place in the task's log, from 0.</param>
/// <param name="Bytes">The entry.</param>
/// <param name="ServerSignature">64 bytes over task, index and SHA-256 of the entry.</param>
public sealed record SignedEntry(ulong Index, ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> ServerSignature)
{
    public Digest EntryDigest => Digest.Of(Bytes.Span);

    public static SignedEntry Sign(Identifier taskId, ulong index, ReadOnlyMemory<byte> entry, ISigner server) =>
        new(index, entry, server.Sign(Statement(taskId, index, entry.Span)));

    /// <summary>Accepts the entry only under the pinned server key and for the expected task.</summary>
    public bool TryOpen(Identifier taskId, ReadOnlySpan<byte> serverPublicKey, out LogEntry? entry)
    {
        entry = null;
        return Signature.Verify(serverPublicKey, Statement(taskId, Index, Bytes.Span), ServerSignature.Span)
            && LogEntry.TryDecode(Bytes.Span, out entry)
            && entry!.TaskId == taskId;
    }

    public void Write(CanonicalWriter writer) => writer.UInt64(Index).Opaque(Bytes.Span).Fixed(ServerSignature.Span);

    public static SignedEntry Read(ref CanonicalReader reader) =>
        new(reader.UInt64(), reader.Opaque(LogEntry.GreatestBytes).ToArray(), reader.Fixed(P256.SignatureBytes).ToArray());

    private static byte[] Statement(Identifier taskId, ulong index, ReadOnlySpan<byte> entry)
    {
        Digest digest = Digest.Of(entry);
        return SigningContext.Entry.Bind(CanonicalWriter.Write(w => w.Identifier(taskId).UInt64(index).Digest(digest)));
    }
}
