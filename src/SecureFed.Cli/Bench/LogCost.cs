using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Server.Tasks;

namespace SecureFed.Cli.Bench;

/// <summary>Durable entries of one task's embedded store under many writers, and the checkpoint over them; every entry is read back after the store was opened again.</summary>
/// <param name="Kind">What each entry brings: a small message, or a message and a vector that retention may delete.</param>
/// <param name="Entries">Appended.</param>
/// <param name="Writers">That wait for their entry to be durable before the next.</param>
/// <param name="Seconds">Time for all, fsync included.</param>
/// <param name="CheckpointSeconds">From a durable entry to a published checkpoint over it, the longest of <see cref="Checkpoints"/>; a server waits half a second longer, to cover what comes next too.</param>
/// <param name="ReopenSeconds">Checking and opening the store, then computing the tree again.</param>
/// <param name="IsRight">Every entry and blob came back as it was written, under the published checkpoint.</param>
internal sealed record LogCost(string Kind, int Entries, int Writers, double Seconds, double CheckpointSeconds, double ReopenSeconds, bool IsRight)
{
    private const int EntryBytes = 150;
    private const int MessageBytes = 250;
    private const int VectorBytes = 4096;
    private const int Checkpoints = 20;
    private static readonly Identifier taskId = new("securefed bench!"u8);
    private static readonly Identifier round = new("a round of bench"u8);

    public double EntriesPerSecond => Entries / Seconds;

    /// <param name="directory">New; on the disk to be measured.</param>
    /// <param name="entries">At least 100.</param>
    /// <param name="writers">At least 1.</param>
    /// <param name="hasVectors">Whether each entry brings a vector of 4 KiB.</param>
    public static async Task<LogCost> MeasureAsync(string directory, int entries, int writers, bool hasVectors)
    {
        using SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        double seconds;
        double checkpoint;
        await using (EmbeddedStorage storage = EmbeddedStorage.Open(directory, OperatingSystemRandomSource.Instance, NullLogger.Instance))
        await using (ITaskStore store = await storage.CreateAsync(taskId))
        {
            Stopwatch watch = Stopwatch.StartNew();
            await AppendAsync(store, entries - Checkpoints, writers, hasVectors);
            seconds = watch.Elapsed.TotalSeconds;
            checkpoint = await LongestCheckpointAsync(store, key, entries, hasVectors);
        }

        Stopwatch reopening = Stopwatch.StartNew();
        await using EmbeddedStorage again = EmbeddedStorage.Open(directory, OperatingSystemRandomSource.Instance, NullLogger.Instance);
        await using ITaskStore opened = await again.OpenAsync(taskId);
        using TaskLog log = TaskLog.Open(taskId, opened, key, LogWitnesses.None);
        await log.BeginAsync(NullLogger.Instance);
        double reopen = reopening.Elapsed.TotalSeconds;
        bool isRight = opened.EntryCount == (ulong)entries && log.PublishedSize == (ulong)entries && Enumerable.Range(0, entries).All(i => Holds(opened, i, hasVectors));
        return new LogCost(hasVectors ? "message with a vector of 4 KiB" : "message", entries - Checkpoints, writers, seconds, checkpoint, reopen, isRight);
    }

    private static async Task AppendAsync(ITaskStore store, int entries, int writers, bool hasVectors)
    {
        Lock gate = new();
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                Task<bool> append;
                lock (gate)
                {
                    if (next == entries)
                        return;
                    append = AppendAsync(store, next++, hasVectors);
                }

                await append;
            }
        })));
    }

    private static async Task<double> LongestCheckpointAsync(ITaskStore store, SigningKey key, int entries, bool hasVectors)
    {
        using TaskLog log = TaskLog.Open(taskId, store, key, LogWitnesses.None);
        await log.PublishAsync(); // Everything at once is no event.
        TimeSpan longest = default;
        for (int i = entries - Checkpoints; i < entries; i++)
        {
            await AppendAsync(store, i, hasVectors);
            long started = Stopwatch.GetTimestamp();
            await log.PublishAsync();
            longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(started).Ticks));
        }

        return longest.TotalSeconds;
    }

    private static Task<bool> AppendAsync(ITaskStore store, int i, bool hasVectors)
    {
        StoredBlob[] blobs = hasVectors ? [new(Bytes(i, 1, MessageBytes)), new(Bytes(i, 2, VectorBytes), round)] : [new(Bytes(i, 1, MessageBytes))];
        return store.AppendAsync((ulong)i, new StoredEntry(Bytes(i, 0, EntryBytes), Bytes(i, 3, P256.SignatureBytes)), blobs);
    }

    private static bool Holds(ITaskStore store, int i, bool hasVectors) =>
        store.ReadEntry((ulong)i).Bytes.Span.SequenceEqual(Bytes(i, 0, EntryBytes))
        && store.TryGet(Digest.Of(Bytes(i, 1, MessageBytes)), out _)
        && (!hasVectors || store.TryGet(Digest.Of(Bytes(i, 2, VectorBytes)), out _));

    /// <summary>Distinct content that costs nothing to make.</summary>
    private static byte[] Bytes(int index, int part, int length)
    {
        byte[] bytes = new byte[length];
        BitConverter.TryWriteBytes(bytes, index);
        bytes[4] = (byte)part;
        return bytes;
    }
}
