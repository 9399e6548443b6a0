extern alias server;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Storage;

/// <summary>Every call that changes the disk fails once in every way: nothing is acknowledged that is not there afterwards.</summary>
public class FaultTests
{
    private const int LeastSites = 100;

    [Theory]
    [InlineData(Fault.InputOutput)]
    [InlineData(Fault.NoSpace)]
    [InlineData(Fault.Interrupted)]
    [InlineData(Fault.ShortWrite)]
    [InlineData(Fault.Killed)]
    public async Task What_was_acknowledged_survives_a_fault_at_every_call(Fault fault)
    {
        Dictionary<string, int> sites = [];
        for (int site = 0; ; site++)
        {
            using TemporaryDirectory directory = new();
            FaultingCalls calls = new(HookedCalls.WithoutFlush, site, fault);
            StorageSession session = new(directory.File("data"), calls, () => 0);
            await session.RunAsync();
            if (calls.Failed is not { } failed)
                break;
            sites[failed] = sites.GetValueOrDefault(failed) + 1;

            bool isRepaired = fault is Fault.Interrupted or Fault.ShortWrite || (fault == Fault.NoSpace && failed is "Open" or "Write" or "Rename" or "CreateDirectory");
            Assert.True(isRepaired == session.Failure is null, $"site {site} ({failed}): {session.Failure}");
            Assert.Equal(fault == Fault.NoSpace && isRepaired ? 1 : 0, session.Resumed);
            Assert.True(session.ReadsAndRefuses, $"site {site} ({failed})");
            await session.CheckAsync(directory.File("data"), 0);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{fault}: {sites.Values.Sum()} sites: {string.Join(", ", sites.Select(s => $"{s.Key} {s.Value}"))}");
        Assert.InRange(sites.Values.Sum(), LeastSites, int.MaxValue);
        Assert.Equal(["CreateDirectory", "Delete", "Flush", "FlushDirectory", "Open", "Rename", "Write"], sites.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_full_disk_serves_reads_and_service_resumes_when_there_is_room()
    {
        using TemporaryDirectory directory = new();
        bool isFull = false;
        HookedCalls calls = new(call =>
        {
            if (isFull && call is ("Open" or "Write" or "Rename" or "CreateDirectory"))
                throw new FileCallException(call, FileCallException.NoSpace, "full");
        });
        await using EmbeddedStorage storage = StorageSession.Open(directory.File("data"), calls);
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        await store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]);
        for (int episode = 0; episode < 3; episode++)
        {
            isFull = true;
            StorageException refused = await Assert.ThrowsAsync<StorageException>(() => store.AppendAsync(1, Stored.Entry(1), [Stored.Permanent(1), Stored.Words(1)]));
            Assert.True(refused is { IsFull: true, IsTransient: true });
            Assert.True((await Assert.ThrowsAsync<StorageException>(() => store.WriteFilesAsync([("checkpoint", "text"u8.ToArray())]))).IsFull);
            Assert.True((await Assert.ThrowsAsync<StorageException>(() => store.WriteGuardAsync(new LogGuard(1, default)))).IsFull);
            Assert.True((await Assert.ThrowsAsync<StorageException>(() => store.DeleteBlobsAsync(Stored.Round(1)))).IsFull);
            Stored.AssertHolds(store, 0);
            isFull = false;
        }

        await store.AppendAsync(1, Stored.Entry(1), [Stored.Permanent(1), Stored.Words(1)]);
        Stored.AssertHolds(store, 1);
    }

    [Fact]
    public async Task What_is_queued_behind_a_failure_fails_with_it()
    {
        using TemporaryDirectory directory = new();
        using ManualResetEventSlim begun = new();
        using ManualResetEventSlim failing = new();
        bool isArmed = false;
        HookedCalls calls = new(call =>
        {
            if (!isArmed || call != "Write")
                return;
            begun.Set();
            failing.Wait();
            isArmed = false;
            throw new FileCallException(call, FileCallException.NoSpace, "full");
        });
        await using EmbeddedStorage storage = StorageSession.Open(directory.File("data"), calls);
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        isArmed = true;
        List<Task<bool>> appends = [store.AppendAsync(0, Stored.Entry(0), [])];
        begun.Wait();
        appends.AddRange(Enumerable.Range(1, 9).Select(i => store.AppendAsync((ulong)i, Stored.Entry(i), [])));
        failing.Set();
        foreach (Task<bool> append in appends)
            Assert.True((await Assert.ThrowsAsync<StorageException>(() => append)).IsFull);
        Assert.Equal(0ul, store.EntryCount);
        Assert.True(await store.AppendAsync(0, Stored.Entry(0), []));
    }

    [Fact]
    public async Task One_flush_serves_all_that_wait()
    {
        using TemporaryDirectory directory = new();
        using ManualResetEventSlim begun = new();
        using ManualResetEventSlim goingOn = new();
        int flushes = 0;
        bool isCounting = false;
        HookedCalls calls = new(call =>
        {
            if (!isCounting || call != "Flush")
                return;
            flushes++;
            begun.Set();
            goingOn.Wait();
        });
        await using EmbeddedStorage storage = StorageSession.Open(directory.File("data"), calls);
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        isCounting = true;
        List<Task<bool>> appends = [store.AppendAsync(0, Stored.Entry(0), [])];
        begun.Wait();
        appends.AddRange(Enumerable.Range(1, 63).Select(i => store.AppendAsync((ulong)i, Stored.Entry(i), [])));
        goingOn.Set();
        await Task.WhenAll(appends);
        Assert.Equal(2, flushes);
    }

    [Fact]
    public void A_failing_fsync_of_the_operating_system_is_seen()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Needs a special file whose fsync fails.");
        using Microsoft.Win32.SafeHandles.SafeFileHandle special = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.ReadWrite);
        Assert.Throws<FileCallException>(() => FileCalls.Instance.Flush(special));
        Assert.Throws<FileCallException>(() => FileCalls.Instance.FlushDirectory("/nowhere"));
        RandomAccess.FlushToDisk(special); // The runtime says nothing: the reason why fsync is called directly.
    }
}
