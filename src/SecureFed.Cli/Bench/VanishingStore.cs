using SecureFed.Cli.Demo;
using SecureFed.Client.State;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>A store whose machine goes away just before one message would be sent.</summary>
internal sealed class VanishingStore(RoundPhase last) : IRoundStateStore
{
    private readonly MemoryRoundStateStore inner = new();

    public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

    public Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default) =>
        step == last ? throw new SimulatedDropoutException() : inner.SaveAsync(taskId, saved, step, cancellationToken);

    public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
        inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
}
