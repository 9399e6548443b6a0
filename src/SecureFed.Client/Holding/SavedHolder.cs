using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>What a key holder remembers of a task across restarts.</summary>
/// <param name="State">Keys on offer, the round under way, and every list that was signed: <see cref="Protocol.Encryption.KeyHolder.Encode"/>. Secret.</param>
/// <param name="TaskDigest">SHA-256 of the parameters with which the task was joined; others under the same name are refused.</param>
/// <param name="RosterSequence">Number of the newest roster accepted; an older one is refused.</param>
/// <param name="RosterDigest">SHA-256 of that roster; another one with the same number is refused.</param>
public sealed record SavedHolder(ReadOnlyMemory<byte> State, Digest TaskDigest, ulong RosterSequence, Digest RosterDigest)
{
    private const byte Version = 1;
    private const int GreatestBytes = 1 << 30;

    public override string ToString() => "SavedHolder(hidden)";

    internal byte[] Encode() => CanonicalWriter.Write(w => w.UInt8(Version).Digest(TaskDigest).UInt64(RosterSequence).Digest(RosterDigest).Opaque(State.Span));

    internal static SavedHolder? TryDecode(ReadOnlySpan<byte> bytes)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        (Digest task, ulong sequence, Digest roster) = (reader.Digest(), reader.UInt64(), reader.Digest());
        SavedHolder saved = new(reader.Opaque(GreatestBytes).ToArray(), task, sequence, roster);
        return reader.IsComplete ? saved : null;
    }
}
