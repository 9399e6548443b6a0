using System.Collections.Concurrent;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.State;

/// <summary>Survives nothing: after a restart the client abstains from the round that was in progress.</summary>
public sealed class MemoryRoundStateStore : IRoundStateStore
{
    private readonly ConcurrentDictionary<Identifier, SavedRounds> tasks = new();

    public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) =>
        Task.FromResult(tasks.GetValueOrDefault(taskId));

    public Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        tasks[taskId] = saved;
        return Task.CompletedTask;
    }

    public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default)
    {
        tasks[taskId] = new SavedRounds(lastRoundNumber, default);
        return Task.CompletedTask;
    }
}
