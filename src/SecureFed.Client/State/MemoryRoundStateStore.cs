using System.Collections.Concurrent;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.State;

/// <summary>Survives nothing: after a restart the client cannot resume the round in progress and has forgotten which rounds it joined.</summary>
/// <remarks>A malicious server can have such a client join an old round number again, with other keys. Use <see cref="FileRoundStateStore"/> in production.</remarks>
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
        tasks.AddOrUpdate(
            taskId,
            _ => new SavedRounds(lastRoundNumber, default),
            (_, saved) => saved with { LastRoundNumber = lastRoundNumber, ActiveRound = default });
        return Task.CompletedTask;
    }
}
