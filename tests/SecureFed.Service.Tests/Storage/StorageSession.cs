extern alias server;
using Microsoft.Extensions.Logging.Abstractions;
using SecureFed.Cryptography.Randomness;
using SecureFed.Server.Storage;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Storage;

/// <summary>The same operations each time, with a note of what was acknowledged when; used to fail them at every place.</summary>
/// <param name="directory">Data directory.</param>
/// <param name="calls">Makes the calls.</param>
/// <param name="clock">Any number that grows, such as calls made so far.</param>
internal sealed class StorageSession(string directory, IFileCalls calls, Func<int> clock)
{
    public const int DeletedRound = 0;
    private static readonly int[] checkpointAfter = [1, 3, 4];

    /// <summary>When each entry was acknowledged.</summary>
    public List<int> Entries { get; } = [];

    /// <summary>When each version of the checkpoint was begun and acknowledged (int.MaxValue: not).</summary>
    public List<(int Begun, int Acknowledged)> Checkpoints { get; } = [];

    public List<(int Begun, int Acknowledged)> Deletions { get; } = [];

    /// <summary>The failure that ended it; null if it got to its end.</summary>
    public StorageException? Failure { get; private set; }

    /// <summary>What the store did after the failure: true if it refused to write and still read.</summary>
    public bool ReadsAndRefuses { get; private set; } = true;

    public int Resumed { get; private set; }

    public static EmbeddedStorage Open(string directory, IFileCalls calls) =>
        EmbeddedStorage.Open(directory, OperatingSystemRandomSource.Instance, NullLogger.Instance, calls: calls);

    public static byte[] Checkpoint(int version) => [.. Enumerable.Repeat((byte)('a' + version), 700)];

    public async Task RunAsync()
    {
        EmbeddedStorage? storage = null;
        ITaskStore? store = null;
        try
        {
            storage = await StepAsync(() => Task.FromResult(Open(directory, calls)));
            store = await StepAsync(() => storage.CreateAsync(Stored.TaskId));
            for (int i = 0; i < 6; i++)
            {
                await StepAsync(() => store!.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Permanent(i), .. i < 4 || i % 2 != DeletedRound ? [Stored.Words(i)] : Array.Empty<StoredBlob>()]));
                Entries.Add(clock());
                if (checkpointAfter.Contains(i))
                    await PublishAsync(store!, i);
                if (i == 3)
                    await DeleteAsync(store!);
                if (i == 4)
                {
                    await storage.DisposeAsync();
                    store = null;
                    storage = await StepAsync(() => Task.FromResult(Open(directory, calls)));
                    store = await StepAsync(() => storage.OpenForWritingAsync(Stored.TaskId));
                }
            }
        }
        catch (StorageException exception)
        {
            Failure = exception;
            if (store is not null && storage is not null)
                ReadsAndRefuses = await RefusesAsync(store) && store.EntryCount >= (ulong)Entries.Count && Enumerable.Range(0, Entries.Count).All(i => store.ReadEntry((ulong)i).Bytes.Span.SequenceEqual(Stored.Entry(i).Bytes.Span));
        }
        finally
        {
            if (storage is not null)
                await storage.DisposeAsync();
        }
    }

    /// <summary>Opens what is in the directory and compares it with what had been acknowledged at a moment, then goes on with it.</summary>
    public async Task CheckAsync(string place, int moment)
    {
        int least = Entries.Count(at => at <= moment);
        await using EmbeddedStorage storage = Open(place, HookedCalls.WithoutFlush);
        await using ITaskStore store = await storage.CreateOrOpenAsync();
        Assert.InRange(store.EntryCount, (ulong)least, (ulong)Math.Min(6, least + 1));
        for (int i = 0; i < least; i++)
        {
            bool isKept = i % 2 != DeletedRound || Deletions.All(d => d.Begun > moment);
            if (isKept)
                Stored.AssertHolds(store, i);
            Assert.Equal(Stored.Entry(i).Bytes.ToArray(), store.ReadEntry((ulong)i).Bytes.ToArray());
            Assert.Equal(Stored.Permanent(i).Bytes.ToArray(), store.Get(Stored.DigestOf(Stored.Permanent(i))).ToArray());
        }

        if (Deletions.Any(d => d.Acknowledged <= moment))
            Assert.False(File.Exists(Path.Combine(place, "tasks", Stored.TaskId.ToString(), $"words-{Stored.Round(DeletedRound)}")));
        CheckPublished(store, moment);
        ulong next = store.EntryCount;
        Assert.True(await store.AppendAsync(next, Stored.Entry((int)next), [Stored.Permanent((int)next)]));
        Assert.Equal(next + 1, store.EntryCount);
    }

    private void CheckPublished(ITaskStore store, int moment)
    {
        int last = Checkpoints.FindLastIndex(c => c.Acknowledged <= moment);
        byte[][] allowed = [.. Enumerable.Range(0, Checkpoints.Count).Where(i => i >= last && Checkpoints[i].Begun <= moment).Select(Checkpoint)];
        byte[]? checkpoint = store.ReadFile("checkpoint");
        if (checkpoint is null)
            Assert.Equal(-1, last);
        else
            Assert.Contains(allowed, a => a.AsSpan().SequenceEqual(checkpoint));

        // Guard before tile before checkpoint: whoever sees a checkpoint finds what it stands on.
        if (checkpoint is not null)
        {
            int version = checkpoint[0] - 'a';
            Assert.NotNull(store.ReadFile($"tile/0/000.p/{checkpointAfter[version]}"));
            Assert.True(store.ReadGuard()!.Value.Size >= (ulong)checkpointAfter[version]);
            Assert.True(store.EntryCount > (ulong)checkpointAfter[version]);
        }
    }

    private static async Task<bool> RefusesAsync(ITaskStore store)
    {
        try
        {
            await store.AppendAsync(store.EntryCount, Stored.Entry((int)store.EntryCount), []);
            return false;
        }
        catch (StorageException exception)
        {
            return !exception.IsFull;
        }
    }

    private async Task PublishAsync(ITaskStore store, int size)
    {
        int version = Checkpoints.Count;
        Checkpoints.Add((clock(), int.MaxValue));
        await StepAsync(async () =>
        {
            await store.WriteGuardAsync(new LogGuard((ulong)size, Stored.DigestOf(Stored.Words(size))));
            await store.WriteFilesAsync([($"tile/0/000.p/{size}", Checkpoint(version)), ("checkpoint", Checkpoint(version))]);
            return true;
        });
        Checkpoints[version] = (Checkpoints[version].Begun, clock());
    }

    private async Task DeleteAsync(ITaskStore store)
    {
        Deletions.Add((clock(), int.MaxValue));
        await StepAsync(async () =>
        {
            await store.DeleteBlobsAsync(Stored.Round(DeletedRound));
            return true;
        });
        Deletions[0] = (Deletions[0].Begun, clock());
    }

    /// <summary>A full disk is waited for; there is room at the second attempt.</summary>
    private async Task<T> StepAsync<T>(Func<Task<T>> step)
    {
        try
        {
            return await step();
        }
        catch (StorageException exception) when (exception.IsFull)
        {
            Resumed++;
            return await step();
        }
    }
}
