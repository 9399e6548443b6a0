using System.Collections.Concurrent;
using SecureFed.Client.State;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>Memory that keeps a copy of each round's secrets after the client has erased them.</summary>
/// <remarks>Of an accomplice the server may use them; of the others only the harness, to show that its attempt would succeed if it had them.</remarks>
internal sealed class RememberingStore : IRoundStateStore
{
    private readonly MemoryRoundStateStore inner = new();
    private readonly ConcurrentDictionary<int, byte[]> rounds = new();

    /// <summary>The last state of a round.</summary>
    public MaskingClientState? StateOf(int round) => rounds.TryGetValue(round, out byte[]? state) ? MaskingClientState.TryDecode(state) : null;

    public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

    public Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
    {
        rounds[saved.LastRoundNumber] = saved.ActiveRound.ToArray();
        return inner.SaveAsync(taskId, saved, step, cancellationToken);
    }

    public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
        inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
}
