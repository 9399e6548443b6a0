using System.Collections.Concurrent;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Server.Tasks;

/// <summary>Keeps the uploaded vectors of the last finished rounds of a task only: the log says first that the others are gone, then they go.</summary>
/// <param name="store">Holds them.</param>
/// <param name="retained">Rounds that keep their vectors; null for all.</param>
internal sealed class VectorRetention(ITaskStore store, int? retained)
{
    private readonly ConcurrentDictionary<Identifier, bool> undeleted = new();

    /// <summary>Deletions that a crash interrupted.</summary>
    public async Task FinishAsync(TaskState state, CancellationToken cancellationToken)
    {
        foreach (Identifier round in state.Rounds.Select(r => r.RoundId).Where(r => !state.HoldsVectors(r)))
            await store.DeleteBlobsAsync(round, cancellationToken);
    }

    public async Task PruneAsync(TaskHost host, CancellationToken cancellationToken)
    {
        foreach (Identifier round in undeleted.Keys)
            await DeleteAsync(round);
        if (retained is not { } kept)
            return;
        Identifier[] old = await host.ReadAsync(state => state.Rounds.SkipLast(kept).Select(r => r.RoundId).Where(state.HoldsVectors).ToArray(), cancellationToken);
        foreach (Identifier round in old)
        {
            if (await host.TryLogDeletionAsync(round, cancellationToken))
                await DeleteAsync(round);
        }
    }

    /// <summary>What cannot be deleted now is tried again before the next round.</summary>
    private async Task DeleteAsync(Identifier round)
    {
        undeleted[round] = true;
        await store.DeleteBlobsAsync(round, CancellationToken.None);
        undeleted.TryRemove(round, out _);
    }
}
