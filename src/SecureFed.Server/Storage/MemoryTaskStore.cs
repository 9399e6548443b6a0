using System.Collections.Concurrent;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Keeps everything in memory: for the demo and tests. What it has acknowledged lasts as long as the process.</summary>
internal sealed class MemoryTaskStore : ITaskStore
{
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<Digest, ReadOnlyMemory<byte>> permanent = new();
    private readonly ConcurrentDictionary<Identifier, ConcurrentDictionary<Digest, ReadOnlyMemory<byte>>> rounds = new();
    private readonly HashSet<Identifier> deleted = [];
    private readonly ConcurrentDictionary<string, byte[]> files = new(StringComparer.Ordinal);
    private readonly List<StoredEntry> entries = [];
    private readonly EntryArrivals arrivals = new(0);
    private LogGuard? guard;

    public ulong EntryCount
    {
        get
        {
            lock (gate)
                return (ulong)entries.Count;
        }
    }

    public Task BeginWritingAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task ProbeAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task<bool> AppendAsync(ulong index, StoredEntry entry, IReadOnlyList<StoredBlob> blobs, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(index, (ulong)entries.Count);
            if (blobs.Any(b => b.PrunableRound is { } round && deleted.Contains(round)))
                throw new ArgumentOutOfRangeException(nameof(blobs), "The blobs of this round have been deleted.");
            foreach (StoredBlob blob in blobs)
                (blob.PrunableRound is { } round ? rounds.GetOrAdd(round, _ => new()) : permanent)[blob.Digest] = blob.Bytes.ToArray();
            entries.Add(new StoredEntry(entry.Bytes.ToArray(), entry.Signature.ToArray()));
            arrivals.Note((ulong)entries.Count);
        }

        return Task.FromResult(true);
    }

    public StoredEntry ReadEntry(ulong index)
    {
        lock (gate)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, (ulong)entries.Count);
            return entries[(int)index];
        }
    }

    public Task WaitForEntriesAsync(ulong beyond, TimeSpan longest, CancellationToken cancellationToken = default) =>
        arrivals.WaitAsync(beyond, longest, TimeProvider.System, cancellationToken);

    public bool IsShared => false;

    public bool IsLeader => true;

    public Task<IAsyncDisposable?> TryLeadAsync(CancellationToken cancellationToken = default) => Task.FromResult<IAsyncDisposable?>(SoleLeadership.Instance);

    public ReadOnlyMemory<byte> Get(Digest digest) => TryGet(digest, out ReadOnlyMemory<byte> blob) ? blob : throw new KeyNotFoundException($"Blob {digest} is not held.");

    public bool TryGet(Digest digest, out ReadOnlyMemory<byte> blob)
    {
        if (permanent.TryGetValue(digest, out blob))
            return true;
        foreach (ConcurrentDictionary<Digest, ReadOnlyMemory<byte>> round in rounds.Values)
        {
            if (round.TryGetValue(digest, out blob))
                return true;
        }

        return false;
    }

    public Task DeleteBlobsAsync(Identifier round, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            deleted.Add(round);
            rounds.TryRemove(round, out _);
        }

        return Task.CompletedTask;
    }

    public byte[]? ReadFile(string path) => files.GetValueOrDefault(PublishedPath.Require(path));

    public Task WriteFilesAsync(IReadOnlyList<(string Path, ReadOnlyMemory<byte> Bytes)> files, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach ((string path, ReadOnlyMemory<byte> bytes) in files)
            this.files[PublishedPath.Require(path)] = bytes.ToArray();
        return Task.CompletedTask;
    }

    public LogGuard? ReadGuard()
    {
        lock (gate)
            return guard;
    }

    public Task WriteGuardAsync(LogGuard guard, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            guard.RequireFollows(this.guard);
            this.guard = guard;
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
