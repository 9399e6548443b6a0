using System.Diagnostics;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

/// <summary>Two server processes on one database.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresReplicaTests(PostgresCluster cluster)
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    /// <summary>Writes an entry as another replica would, but tells nobody.</summary>
    private const string SilentEntry = """
        INSERT INTO securefed.entries (task, index, writer, bytes, signature)
        SELECT task, (SELECT count(*) FROM securefed.entries), 'another', 'bytes', 'signature' FROM securefed.tasks
        """;

    [Fact]
    public async Task Of_two_that_want_one_index_exactly_one_gets_it()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica first = await PostgresReplica.JoinAsync(address);
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        int wonByFirst = 0;
        for (int i = 0; i < 200; i++)
        {
            // Equal entries: which one is there must not be guessed from the bytes.
            bool[] won = await Task.WhenAll(
                Task.Run(() => first.Store.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Words(i)])),
                Task.Run(() => second.Store.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Words(i)])));
            Assert.Single(won, w => w);
            wonByFirst += won[0] ? 1 : 0;
            Assert.Equal(((ulong)i + 1, (ulong)i + 1), (await CountAsync(first, i), await CountAsync(second, i)));
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"the first won {wonByFirst} of 200");
        Assert.Equal(200L, await PostgresCluster.ExecuteAsync(address, "SELECT count(*) FROM securefed.entries"));

        static async Task<ulong> CountAsync(PostgresReplica replica, int index)
        {
            await replica.Store.WaitForEntriesAsync((ulong)index, Long);
            return replica.Store.EntryCount;
        }
    }

    [Fact]
    public async Task A_replica_that_is_behind_stores_nothing_of_what_it_had_queued()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica behind = await PostgresReplica.JoinAsync(address);
        await PostgresCluster.ExecuteAsync(address, SilentEntry);
        Task<bool>[] appends = [.. Enumerable.Range(0, 20).Select(i => behind.Store.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Permanent(i)]))];
        Assert.All(await Task.WhenAll(appends), Assert.False);
        Assert.Equal(1ul, behind.Store.EntryCount);
        Assert.Equal("bytes"u8.ToArray(), behind.Store.ReadEntry(0).Bytes.ToArray());
        Assert.False(behind.Store.TryGet(Stored.DigestOf(Stored.Permanent(0)), out _));
        Assert.False(await behind.Store.AppendAsync(0, Stored.Entry(0), []));
        Assert.True(await behind.Store.AppendAsync(1, Stored.Entry(1), [Stored.Permanent(1), Stored.Words(1)]));
        Stored.AssertHolds(behind.Store, 1);
    }

    [Fact]
    public async Task What_one_appends_the_other_hears_of_and_reads()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica writer = await PostgresReplica.JoinAsync(address);
        await using PostgresReplica reader = await PostgresReplica.JoinAsync(address);
        Assert.Equal([Stored.TaskId], await reader.Storage.ListAsync());
        for (int i = 0; i < 20; i++)
        {
            Task waiting = reader.Store.WaitForEntriesAsync((ulong)i, Long);
            Assert.True(await writer.Store.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Permanent(i), Stored.Words(i)]));
            await waiting;
            Assert.Equal((ulong)i + 1, reader.Store.EntryCount);
            Stored.AssertHolds(reader.Store, i);
        }

        Assert.True(await reader.Store.AppendAsync(20, Stored.Entry(20), []));
    }

    [Fact]
    public async Task An_entry_that_nobody_announced_is_found_by_asking()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica reader = await PostgresReplica.JoinAsync(address);
        Task waiting = reader.Store.WaitForEntriesAsync(0, Long);
        await PostgresCluster.ExecuteAsync(address, SilentEntry);
        long written = Stopwatch.GetTimestamp();
        await waiting;
        Assert.Equal(1ul, reader.Store.EntryCount);
        Assert.InRange(Stopwatch.GetElapsedTime(written), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_round_that_one_has_deleted_takes_no_blobs_of_the_other()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica first = await PostgresReplica.JoinAsync(address);
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        await first.Store.DeleteBlobsAsync(Stored.Round(1));
        Task<bool> allowed = second.Store.AppendAsync(0, Stored.Entry(0), [Stored.Words(0)]);
        Task<bool> refused = second.Store.AppendAsync(1, Stored.Entry(1), [Stored.Words(1)]);
        Task<bool> behind = second.Store.AppendAsync(2, Stored.Entry(2), []);
        Assert.True(await allowed);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => refused);
        Assert.True((await Assert.ThrowsAsync<StorageException>(() => behind)).IsTransient);
        Assert.True(await second.Store.AppendAsync(1, Stored.Entry(1), []));
        Assert.False(second.Store.TryGet(Stored.DigestOf(Stored.Words(1)), out _));
    }

    [Fact]
    public async Task A_replica_that_is_behind_replaces_neither_guard_nor_checkpoint()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica ahead = await PostgresReplica.JoinAsync(address);
        await using PostgresReplica behind = await PostgresReplica.JoinAsync(address);
        await ahead.Store.WriteGuardAsync(new LogGuard(10, Digest.Of("ten"u8)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => behind.Store.WriteGuardAsync(new LogGuard(9, Digest.Of("nine"u8))));
        await Assert.ThrowsAsync<InvalidOperationException>(() => behind.Store.WriteGuardAsync(new LogGuard(10, Digest.Of("fork"u8))));
        Assert.Equal(new LogGuard(10, Digest.Of("ten"u8)), behind.Store.ReadGuard());

        byte[] ten = "log.example/task\n10\nroot\n\nsignature\n"u8.ToArray();
        byte[] cosigned = "log.example/task\n10\nroot\n\nsignature\ncosignature\n"u8.ToArray();
        await ahead.Store.WriteFilesAsync([("checkpoint", ten)]);
        await behind.Store.WriteFilesAsync([("checkpoint", "log.example/task\n9\nroot\n\nsignature\n"u8.ToArray()), ("tile/0/000.p/9", "tile"u8.ToArray())]);
        Assert.Equal(ten, behind.Store.ReadFile("checkpoint"));
        Assert.Equal("tile"u8.ToArray(), ahead.Store.ReadFile("tile/0/000.p/9"));
        await behind.Store.WriteFilesAsync([("checkpoint", cosigned)]);
        Assert.Equal(cosigned, ahead.Store.ReadFile("checkpoint"));
    }

    [Fact]
    public async Task Leadership_is_held_by_one_and_passes_on_when_it_is_given_back()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica first = await PostgresReplica.JoinAsync(address);
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        Assert.False(first.Store.IsLeader);
        IAsyncDisposable leadership = (await first.Store.TryLeadAsync())!;
        Assert.Equal((true, false), (first.Store.IsLeader, second.Store.IsLeader));
        Assert.Null(await second.Store.TryLeadAsync());
        Assert.Null(await first.Store.TryLeadAsync());

        await leadership.DisposeAsync();
        Assert.NotNull(await second.Store.TryLeadAsync());
        Assert.Equal((false, true), (first.Store.IsLeader, second.Store.IsLeader));
        await second.DisposeAsync();
        Assert.NotNull(await first.Store.TryLeadAsync());
    }

    [Fact]
    public async Task Leadership_ends_with_its_connection_and_another_takes_it()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica first = await PostgresReplica.JoinAsync(address);
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        Assert.NotNull(await first.Store.TryLeadAsync());
        await PostgresCluster.ExecuteAsync(address, "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        Assert.NotNull(await second.Store.TryLeadAsync());
        for (long started = Stopwatch.GetTimestamp(); first.Store.IsLeader && Stopwatch.GetElapsedTime(started) < Long;)
            await Task.Delay(10);
        Assert.False(first.Store.IsLeader);
        Assert.Null(await first.Store.TryLeadAsync());
    }
}
