using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.State;

/// <summary>What a client remembers of a task across restarts.</summary>
/// <param name="LastRoundNumber">Highest round ever joined; a client never joins a number twice.</param>
/// <param name="ActiveRound">State of the round in progress; empty if none. Holds the round's secrets.</param>
/// <param name="Answered">Kind and model of every round without noise whose unmask request was answered, and of every model on which a vector was computed that went to a later round; one of them again would let the server compare two sums. Null if there was none.</param>
/// <param name="History">Survivors of every list that was signed: the cross-round guard's memory. Null if there was none.</param>
/// <param name="RosterSequence">Sequence number of the newest roster accepted; an older one is refused.</param>
/// <param name="RosterDigest">SHA-256 of the newest roster accepted; another one with the same number is refused. All zero if there was none.</param>
/// <param name="TaskDigest">SHA-256 of the parameters with which the task was joined; others under the same name are refused. All zero if no round was joined.</param>
public sealed record SavedRounds(int LastRoundNumber, ReadOnlyMemory<byte> ActiveRound, IReadOnlyList<Digest>? Answered = null, ulong RosterSequence = 0, SurvivorHistory? History = null, Digest TaskDigest = default, Digest RosterDigest = default);

/// <summary>Keeps a client's round state: durable before the first byte of the message that follows from it is sent.</summary>
public interface IRoundStateStore
{
    /// <summary>Excludes every other user of this task's state until disposed: two that step one round would mask two vectors under one key.</summary>
    /// <exception cref="Protocol.Errors.SecureFedException"><c>client-busy</c>: another call or process takes part with this state.</exception>
    Task<IAsyncDisposable> LeaseAsync(Identifier taskId, CancellationToken cancellationToken = default) => Task.FromResult(InProcessLease.Take(this, taskId));

    /// <summary>Null if nothing was saved for the task.</summary>
    Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default);

    /// <summary>Returns only when the state survives a crash.</summary>
    /// <param name="taskId">Task.</param>
    /// <param name="saved">Replaces what was saved before.</param>
    /// <param name="step">The phase whose message is about to be sent.</param>
    /// <param name="cancellationToken">Cancels before anything is replaced.</param>
    Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default);

    /// <summary>Erases the round's secrets when it is over, keeping everything else.</summary>
    Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default);
}
