using SecureFed.Client.State;
using SecureFed.Learning;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>The client stops as if its machine had gone: its message is never sent.</summary>
internal sealed class SimulatedDropoutException : Exception;

/// <summary>A state store whose machine fails, with a given probability per round, just before the shares (of a masked round) or the upload would be sent.</summary>
internal sealed class DropoutStore(double dropout, ulong client, ProtectionKind protection, IRoundStateStore inner) : IRoundStateStore
{
    public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

    public async Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
    {
        DeterministicSequence chance = new(DemoPlan.Seed + client, (ulong)saved.LastRoundNumber);
        bool drops = chance.NextDouble() < dropout;
        if (drops && step == (protection == ProtectionKind.Masking && chance.NextBoolean(0.5) ? RoundPhase.Share : RoundPhase.Upload))
        {
            await inner.EraseRoundAsync(taskId, saved.LastRoundNumber, cancellationToken);
            throw new SimulatedDropoutException();
        }

        await inner.SaveAsync(taskId, saved, step, cancellationToken);
    }

    public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
        inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
}
