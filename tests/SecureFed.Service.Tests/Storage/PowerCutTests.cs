extern alias server;
using Microsoft.Win32.SafeHandles;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Storage;

/// <summary>The power is cut after every operation of a session: the store opens, and what was acknowledged is there.</summary>
public class PowerCutTests
{
    private static readonly (Remains Remains, int Seed)[] fates =
        [(Remains.Nothing, 0), (Remains.Everything, 0), (Remains.ContentsOnly, 0), (Remains.NamesOnly, 0), (Remains.Random, 1), (Remains.Random, 2), (Remains.Random, 3), (Remains.Random, 4)];

    [Fact]
    public async Task What_was_acknowledged_survives_a_power_cut_after_every_operation()
    {
        using TemporaryDirectory directory = new();
        string data = directory.File("data");
        RecordingCalls calls = new();
        StorageSession session = new(data, calls, () => calls.Operations.Count);
        await session.RunAsync();
        Assert.Null(session.Failure);
        for (int count = 0; count <= calls.Operations.Count; count++)
        {
            foreach ((Remains remains, int seed) in fates)
            {
                using TemporaryDirectory cut = new();
                PowerCut.Restore(calls.Operations, count, directory.Path, cut.Path, remains, (1000 * count) + seed);
                try
                {
                    await session.CheckAsync(cut.File("data"), count);
                }
                catch (Exception exception)
                {
                    Assert.Fail($"after {count} operations ({calls.Operations[Math.Max(0, count - 1)].Kind} {calls.Operations[Math.Max(0, count - 1)].Path}), {remains} {seed}: {exception}");
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{calls.Operations.Count} operations, {(calls.Operations.Count + 1) * fates.Length} disks");
    }

    [Theory]
    [InlineData(Fault.Killed)]
    [InlineData(Fault.DroppedPages)]
    public async Task What_a_restarted_server_shows_survives_a_power_cut_too(Fault fault)
    {
        int cases = 0;
        for (int site = 0; ; site++)
        {
            using TemporaryDirectory directory = new();
            string data = directory.File("data");
            RecordingCalls recorded = new();
            FaultingCalls calls = new(recorded, site, fault);
            await new StorageSession(data, calls, () => 0).RunAsync();
            if (calls.Failed is null)
                break;
            if (fault == Fault.DroppedPages && calls.Failed != "Flush")
                continue;
            cases++;

            ulong shown;
            byte[]? checkpoint;
            LogGuard? guard;
            await using (EmbeddedStorage storage = StorageSession.Open(data, recorded))
            {
                ITaskStore store = await storage.CreateOrOpenAsync();
                (shown, checkpoint, guard) = (store.EntryCount, store.ReadFile("checkpoint"), store.ReadGuard());
            }

            using TemporaryDirectory cut = new();
            PowerCut.Restore(recorded.Operations, recorded.Operations.Count, directory.Path, cut.Path, Remains.Nothing, 0);
            await using EmbeddedStorage restored = StorageSession.Open(cut.File("data"), HookedCalls.WithoutFlush);
            ITaskStore again = await restored.CreateOrOpenAsync();
            Assert.Equal(shown, again.EntryCount);
            Assert.Equal(checkpoint, again.ReadFile("checkpoint"));
            Assert.Equal(guard, again.ReadGuard());
        }

        Assert.InRange(cases, 15, int.MaxValue);
    }

    [Fact]
    public async Task An_entry_whose_flush_failed_is_written_again_before_it_is_shown()
    {
        using TemporaryDirectory directory = new();
        string data = directory.File("data");
        RecordingCalls recorded = new();
        bool isFailing = false;
        await using (EmbeddedStorage storage = StorageSession.Open(data, new FailingFlush(recorded, () => isFailing)))
        {
            ITaskStore store = await storage.CreateAsync(Stored.TaskId);
            await store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0)]);
            isFailing = true;
            await Assert.ThrowsAsync<StorageException>(() => store.AppendAsync(1, Stored.Entry(1), [Stored.Permanent(1)]));
        }

        int before = recorded.Operations.Count;
        await using (EmbeddedStorage storage = StorageSession.Open(data, recorded))
        {
            ITaskStore store = await storage.OpenForWritingAsync(Stored.TaskId);
            Assert.Equal(2ul, store.EntryCount); // Read from memory, where the failed flush has left it.
        }

        Assert.Equal(["Write", "Flush"], recorded.Operations.Skip(before).Where(o => o.Path.EndsWith("journal", StringComparison.Ordinal) && o.Kind != "Open").Select(o => o.Kind));
        using TemporaryDirectory cut = new();
        PowerCut.Restore(recorded.Operations, recorded.Operations.Count, directory.Path, cut.Path, Remains.Nothing, 0);
        await using EmbeddedStorage restored = StorageSession.Open(cut.File("data"), HookedCalls.WithoutFlush);
        Assert.Equal(2ul, (await restored.CreateOrOpenAsync()).EntryCount);
    }

    [Fact]
    public async Task An_entry_that_the_guard_covers_is_not_written_again()
    {
        using TemporaryDirectory directory = new();
        string data = directory.File("data");
        RecordingCalls recorded = new();
        await using (EmbeddedStorage storage = StorageSession.Open(data, recorded))
        {
            ITaskStore store = await storage.CreateAsync(Stored.TaskId);
            await store.AppendAsync(0, Stored.Entry(0), []);
            await store.WriteGuardAsync(new LogGuard(1, default));
        }

        int before = recorded.Operations.Count;
        await using EmbeddedStorage again = StorageSession.Open(data, recorded);
        await again.OpenForWritingAsync(Stored.TaskId);
        Assert.DoesNotContain(recorded.Operations.Skip(before), o => o.Kind == "Write"); // So a disk without room does not keep it from being opened.
    }

    [Fact]
    public async Task The_model_finds_a_missing_flush()
    {
        using TemporaryDirectory directory = new();
        string data = directory.File("data");
        RecordingCalls calls = new();
        StorageSession session = new(data, calls, () => calls.Operations.Count);
        await session.RunAsync();
        foreach (string kind in new[] { "Flush", "FlushDirectory" })
        {
            DiskOperation[] careless = [.. calls.Operations.Where(o => o.Kind != kind || o.Path.EndsWith(".new", StringComparison.Ordinal))];
            using TemporaryDirectory cut = new();
            PowerCut.Restore(careless, careless.Length, directory.Path, cut.Path, Remains.Nothing, 0);
            await Assert.ThrowsAnyAsync<Exception>(() => session.CheckAsync(cut.File("data"), calls.Operations.Count));
        }
    }

    /// <summary>Every flush drops the pages while the switch is on.</summary>
    private sealed class FailingFlush(RecordingCalls inner, Func<bool> isFailing) : IFileCalls
    {
        public SafeFileHandle Open(string path, bool isEmptied) => inner.Open(path, isEmptied);

        public int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => inner.Write(file, bytes, offset);

        public void Truncate(SafeFileHandle file, long length) => inner.Truncate(file, length);

        public void Flush(SafeFileHandle file)
        {
            if (isFailing())
            {
                inner.FailFlush(file);
                throw new FileCallException("fsync", FileCallException.InputOutput, "pages dropped");
            }

            inner.Flush(file);
        }

        public void FlushDirectory(string path) => inner.FlushDirectory(path);

        public void CreateDirectory(string path) => inner.CreateDirectory(path);

        public void Rename(string from, string to) => inner.Rename(from, to);

        public void Delete(string path) => inner.Delete(path);
    }
}
