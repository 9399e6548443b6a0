using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Messages;

/// <summary>What every signed message says about its place.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="RoundId">The round; a message for another round is refused.</param>
/// <param name="Sender">Roster identity whose key signs the message.</param>
/// <param name="Binding">openDigest for an advertisement, cohortDigest for everything later (DESIGN section 3).</param>
public sealed record MessageHeader(Identifier TaskId, Identifier RoundId, Identifier Sender, Digest Binding)
{
    internal void Write(CanonicalWriter writer) => writer.Identifier(TaskId).Identifier(RoundId).Identifier(Sender).Digest(Binding);

    internal static MessageHeader Read(ref CanonicalReader reader) =>
        new(reader.Identifier(), reader.Identifier(), reader.Identifier(), reader.Digest());
}
