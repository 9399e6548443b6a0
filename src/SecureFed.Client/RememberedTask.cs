using SecureFed.Client.Holding;
using SecureFed.Client.State;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client;

/// <summary>What was in force when a party last took part: the server must not go behind it. All zero before.</summary>
/// <param name="TaskDigest">SHA-256 of the parameters.</param>
/// <param name="RosterSequence">Number of the newest roster accepted.</param>
/// <param name="RosterDigest">SHA-256 of that roster.</param>
internal readonly record struct RememberedTask(Digest TaskDigest, ulong RosterSequence, Digest RosterDigest)
{
    public static RememberedTask Of(SavedRounds? saved) => saved is null ? default : new(saved.TaskDigest, saved.RosterSequence, saved.RosterDigest);

    public static RememberedTask Of(SavedHolder? saved) => saved is null ? default : new(saved.TaskDigest, saved.RosterSequence, saved.RosterDigest);
}
