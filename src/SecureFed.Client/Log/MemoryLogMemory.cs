using System.Collections.Concurrent;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Log;

/// <summary>Lasts as long as the process: after a restart the client accepts any history as the one to hold the server to.</summary>
public sealed class MemoryLogMemory : ILogMemory
{
    private readonly ConcurrentDictionary<Identifier, ReadOnlyMemory<byte>> checkpoints = new();
    private readonly ConcurrentDictionary<(Identifier Task, Identifier Round), ReadOnlyMemory<byte>> receipts = new();
    private readonly ConcurrentQueue<Evidence> evidence = new();

    /// <summary>Everything that was saved as evidence.</summary>
    public IReadOnlyCollection<Evidence> Evidence => evidence;

    public Task<ReadOnlyMemory<byte>?> LoadCheckpointAsync(Identifier taskId, CancellationToken cancellationToken = default) =>
        Task.FromResult(checkpoints.TryGetValue(taskId, out ReadOnlyMemory<byte> note) ? note : (ReadOnlyMemory<byte>?)null);

    public Task SaveCheckpointAsync(Identifier taskId, ReadOnlyMemory<byte> note, CancellationToken cancellationToken = default)
    {
        checkpoints[taskId] = note;
        return Task.CompletedTask;
    }

    public Task SaveReceiptAsync(Identifier taskId, Identifier roundId, ReadOnlyMemory<byte> proof, CancellationToken cancellationToken = default)
    {
        receipts[(taskId, roundId)] = proof;
        return Task.CompletedTask;
    }

    public Task<string> SaveEvidenceAsync(Identifier taskId, Evidence evidence, CancellationToken cancellationToken = default)
    {
        this.evidence.Enqueue(evidence);
        return Task.FromResult("in memory only");
    }

    /// <summary>The receipt of a round; null if there is none.</summary>
    public ReadOnlyMemory<byte>? FindReceipt(Identifier taskId, Identifier roundId) => receipts.TryGetValue((taskId, roundId), out ReadOnlyMemory<byte> proof) ? proof : null;
}
