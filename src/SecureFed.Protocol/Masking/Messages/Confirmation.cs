using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>Step 4: a client's signature on the one survivor list that it accepts in this round.</summary>
/// <param name="SurvivorListDigest">SHA-256 of the list's canonical bytes.</param>
/// <param name="EntryIndex">Log index of the SURVIVORS_LISTED entry.</param>
public sealed record Confirmation(Digest SurvivorListDigest, ulong EntryIndex) : IMessageBody
{
    public MessageType Type => MessageType.Confirmation;

    public void Write(CanonicalWriter writer) => writer.Digest(SurvivorListDigest).UInt64(EntryIndex);

    internal static Confirmation Read(ref CanonicalReader reader) => new(reader.Digest(), reader.UInt64());
}
