using System.Collections.Concurrent;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>All tasks in memory; a task can be closed and opened again while this object lives.</summary>
internal sealed class MemoryStorage : IStorage
{
    private readonly ConcurrentDictionary<Identifier, MemoryTaskStore> tasks = new();
    private readonly UsedNonces nonces = new();

    private readonly Lock rosterLock = new();
    private (ulong Sequence, ReadOnlyMemory<byte> Bytes)? roster;

    public bool IsShared => false;

    public Task<ReadOnlyMemory<byte>?> FindRosterAsync(ulong beyond, CancellationToken cancellationToken = default)
    {
        lock (rosterLock)
            return Task.FromResult(roster is { } kept && kept.Sequence > beyond ? kept.Bytes : default(ReadOnlyMemory<byte>?));
    }

    public Task<bool> KeepRosterAsync(ulong sequence, ReadOnlyMemory<byte> signed, CancellationToken cancellationToken = default)
    {
        lock (rosterLock)
        {
            if (roster is not { } kept || kept.Sequence < sequence)
                roster = (sequence, signed);
            return Task.FromResult(roster.Value.Sequence == sequence && roster.Value.Bytes.Span.SequenceEqual(signed.Span));
        }
    }

    public Task<bool> TryUseNonceAsync(Identifier keyId, string nonce, DateTimeOffset expires, DateTimeOffset now, CancellationToken cancellationToken = default) =>
        Task.FromResult(nonces.TryUse(keyId, nonce, expires, now, _ => { }));

    public Task<IReadOnlyList<Identifier>> ListAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<Identifier>>([.. tasks.Keys.Order()]);

    public Task<ITaskStore> CreateAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        MemoryTaskStore store = tasks.GetOrAdd(taskId, _ => new MemoryTaskStore());
        return store.EntryCount == 0 ? Task.FromResult<ITaskStore>(store) : throw new InvalidOperationException($"Task {taskId} exists already.");
    }

    public Task<ITaskStore> OpenAsync(Identifier taskId, CancellationToken cancellationToken = default) =>
        tasks.TryGetValue(taskId, out MemoryTaskStore? store) ? Task.FromResult<ITaskStore>(store) : throw new InvalidOperationException($"There is no task {taskId}.");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
