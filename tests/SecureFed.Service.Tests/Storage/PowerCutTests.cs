extern alias server;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;

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

    [Fact]
    public async Task What_a_restarted_server_shows_survives_a_power_cut_too()
    {
        for (int site = 0; ; site++)
        {
            using TemporaryDirectory directory = new();
            string data = directory.File("data");
            RecordingCalls recorded = new();
            FaultingCalls calls = new(recorded, site, Fault.Killed);
            await new StorageSession(data, calls, () => 0).RunAsync();
            if (calls.Failed is null)
                break;

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
}
