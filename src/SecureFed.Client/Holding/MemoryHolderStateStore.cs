using System.Collections.Concurrent;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>Survives nothing: after a restart the holder's keys are lost, and no round that takes one of them has a share from it. For trials; use <see cref="FileHolderStateStore"/>.</summary>
public sealed class MemoryHolderStateStore : IHolderStateStore
{
    private readonly ConcurrentDictionary<Identifier, byte[]> tasks = new();
    private readonly ConcurrentDictionary<Identifier, bool> leases = new();

    public Task<IAsyncDisposable> LeaseAsync(Identifier taskId, CancellationToken cancellationToken = default) =>
        leases.TryAdd(taskId, true) ? Task.FromResult<IAsyncDisposable>(new Lease(leases, taskId)) : throw FileHolderStateStore.Busy(null);

    public Task<SavedHolder?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) =>
        Task.FromResult(tasks.TryGetValue(taskId, out byte[]? saved) ? SavedHolder.TryDecode(saved) : null);

    public Task SaveAsync(Identifier taskId, SavedHolder saved, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        tasks[taskId] = saved.Encode();
        return Task.CompletedTask;
    }

    private sealed class Lease(ConcurrentDictionary<Identifier, bool> leases, Identifier taskId) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            leases.TryRemove(taskId, out _);
            return ValueTask.CompletedTask;
        }
    }
}
