using System.Diagnostics;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

/// <summary>The database dies, restarts, stays away or drops connections: nothing acknowledged is lost, nothing is there twice.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresRestartTests(PostgresCluster cluster)
{
    private const int Appenders = 16;

    [Fact]
    public async Task Nothing_acknowledged_is_lost_when_the_database_crashes_and_restarts()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await AssertNothingLostAsync(address, 3, async () =>
        {
            await Task.Delay(300);
            await cluster.RestartAsync();
        });
    }

    [Fact]
    public async Task Nothing_acknowledged_is_lost_when_connections_are_terminated()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await AssertNothingLostAsync(address, 25, async () =>
        {
            await Task.Delay(25);
            await PostgresCluster.ExecuteAsync(address, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        });
    }

    [Fact]
    public async Task What_was_acknowledged_survives_a_crash_also_where_commits_do_not_wait_for_the_disk_by_default()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await PostgresCluster.ExecuteAsync(address, $"ALTER DATABASE {PostgresCluster.Database} SET synchronous_commit = off");
        try
        {
            await using PostgresReplica replica = await PostgresReplica.JoinAsync(address);
            for (int crash = 0; crash < 3; crash++)
            {
                if (crash == 0)
                    Assert.True(await replica.Store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]));
                else if (crash == 1)
                    await replica.Store.WriteGuardAsync(new LogGuard(1, default));
                else
                    await replica.Store.WriteFilesAsync([("checkpoint", "signed"u8.ToArray())]);
                await cluster.RestartAsync();
            }

            Assert.Equal(1L, await PostgresCluster.ExecuteAsync(address, "SELECT count(*) FROM securefed.entries"));
            Stored.AssertHolds(replica.Store, 0);
            Assert.Equal(new LogGuard(1, default), replica.Store.ReadGuard());
            Assert.Equal("signed"u8.ToArray(), replica.Store.ReadFile("checkpoint"));
        }
        finally
        {
            await PostgresCluster.ExecuteAsync(address, $"ALTER DATABASE {PostgresCluster.Database} RESET synchronous_commit");
        }
    }

    [Theory]
    [InlineData("40001", 3, 4)] // Serialisation failure.
    [InlineData("40P01", 3, 4)] // Deadlock.
    [InlineData("57P01", 3, 4)] // Shutdown by the administrator.
    [InlineData("53100", 1, 1)] // Disk full.
    [InlineData("42501", 1, 1)] // Insufficient privilege.
    public async Task Only_a_transient_failure_is_tried_again(string state, int failures, int attempts)
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica replica = await PostgresReplica.JoinAsync(address);
        await PostgresCluster.ExecuteAsync(address, $"""
            CREATE SEQUENCE securefed.attempts;
            CREATE FUNCTION securefed.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('securefed.attempts') <= {failures} THEN RAISE EXCEPTION 'simulated' USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER failing BEFORE INSERT ON securefed.entries FOR EACH ROW EXECUTE FUNCTION securefed.fail();
            """);
        bool isTriedAgain = attempts > failures;
        if (isTriedAgain)
        {
            Assert.True(await replica.Store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]));
        }
        else
        {
            StorageException refused = await Assert.ThrowsAsync<StorageException>(() => replica.Store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]));
            Assert.Equal(state == "53100", refused.IsFull);
            Assert.Equal(state == "53100", refused.IsTransient);
        }

        Assert.Equal((long)attempts, await PostgresCluster.ExecuteAsync(address, "SELECT last_value FROM securefed.attempts"));
        if (!isTriedAgain)
            Assert.True(await replica.Store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]));
        Stored.AssertHolds(replica.Store, 0);
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_recognised()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using AnswerCutter cutter = new(cluster.Directory);
        await using PostgresReplica replica = await PostgresReplica.JoinAsync(cluster.AddressOf(PostgresCluster.Database, cutter.Directory));
        for (int i = 0; i < 10; i++)
        {
            cutter.CutNextCommit();
            Assert.True(await replica.Store.AppendAsync((ulong)i, Stored.Entry(i), [Stored.Permanent(i), Stored.Words(i)]));
            Assert.Equal(i + 1, cutter.Cuts);
            Stored.AssertHolds(replica.Store, i);
        }

        Assert.Equal(10L, await PostgresCluster.ExecuteAsync(address, "SELECT count(*) FROM securefed.entries"));
    }

    [Fact]
    public async Task While_the_database_is_away_calls_fail_as_transient_and_afterwards_they_succeed()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using PostgresReplica replica = await PostgresReplica.JoinAsync(address, patience: TimeSpan.FromMilliseconds(200));
        Assert.True(await replica.Store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]));
        await cluster.StopAsync();
        try
        {
            Task<bool>[] appends = [.. Enumerable.Range(1, 3).Select(i => replica.Store.AppendAsync((ulong)i, Stored.Entry(i), []))];
            foreach (Task<bool> append in appends)
                AssertTransient(await Assert.ThrowsAsync<StorageException>(() => append));
            AssertTransient(Assert.Throws<StorageException>(() => replica.Store.Get(Stored.DigestOf(Stored.Words(0)))));
            AssertTransient(await Assert.ThrowsAsync<StorageException>(() => replica.Store.WriteGuardAsync(new LogGuard(1, default))));
            AssertTransient(await Assert.ThrowsAsync<StorageException>(() => replica.Storage.ListAsync()));
            AssertTransient(await Assert.ThrowsAsync<StorageException>(() => replica.Store.TryLeadAsync()));
            AssertTransient(await Assert.ThrowsAsync<StorageException>(() => PostgresReplica.OpenAsync(address)));
            await replica.Store.WaitForEntriesAsync(1, TimeSpan.FromMilliseconds(100));
            Assert.Equal(1ul, replica.Store.EntryCount);
        }
        finally
        {
            await cluster.StartAsync();
        }

        Assert.True(await replica.Store.AppendAsync(1, Stored.Entry(1), [Stored.Permanent(1), Stored.Words(1)]));
        Stored.AssertHolds(replica.Store, 0);
        Stored.AssertHolds(replica.Store, 1);

        static void AssertTransient(StorageException exception)
        {
            Assert.True(exception.IsTransient, exception.ToString());
            Assert.DoesNotContain(PostgresCluster.Password, exception.ToString(), StringComparison.Ordinal);
        }
    }

    /// <summary>Appends from many tasks on two replicas while something happens to the database, then compares what is there with what was acknowledged.</summary>
    private static async Task AssertNothingLostAsync(PostgresAddress address, int times, Func<Task> strike)
    {
        await using PostgresReplica first = await PostgresReplica.JoinAsync(address);
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        using CancellationTokenSource ending = new();
        Log acknowledged = new();
        Task[] appending = [.. Enumerable.Range(0, Appenders).Select(_ => Task.Run(() => acknowledged.AppendAsync(first.Store, ending.Token)))];
        for (int i = 0; i < times; i++)
            await strike();
        await Task.Delay(300);
        await ending.CancelAsync();
        await Task.WhenAll(appending);

        TestContext.Current.TestOutputHelper?.WriteLine($"{acknowledged.Count} acknowledged, longest wait {acknowledged.LongestWait.TotalMilliseconds:F0} ms");
        await second.Store.WaitForEntriesAsync((ulong)acknowledged.Count - 1, TimeSpan.FromSeconds(20));
        Assert.Equal((ulong)acknowledged.Count, second.Store.EntryCount);
        Assert.Equal((long)acknowledged.Count, await PostgresCluster.ExecuteAsync(address, "SELECT count(DISTINCT bytes) FROM securefed.entries"));
        for (int i = 0; i < acknowledged.Count; i++)
            Assert.Equal(BitConverter.GetBytes(i), second.Store.ReadEntry((ulong)i).Bytes.ToArray());
        Assert.InRange(acknowledged.Count, Appenders, int.MaxValue);
    }

    /// <summary>Entries in the order of their indices; each is its number, so that one that is there twice shows.</summary>
    private sealed class Log
    {
        private readonly Lock gate = new();
        private int next;

        public int Count { get; private set; }

        public TimeSpan LongestWait { get; private set; }

        public async Task AppendAsync(ITaskStore store, CancellationToken ending)
        {
            while (!ending.IsCancellationRequested)
            {
                long started = Stopwatch.GetTimestamp();
                Task<bool> append;
                lock (gate)
                    append = store.AppendAsync((ulong)next, new StoredEntry(BitConverter.GetBytes(next++), new byte[64]), [new StoredBlob(BitConverter.GetBytes(next))], CancellationToken.None);
                Assert.True(await append);
                lock (gate)
                {
                    Count++;
                    LongestWait = Stopwatch.GetElapsedTime(started) > LongestWait ? Stopwatch.GetElapsedTime(started) : LongestWait;
                }
            }
        }
    }
}
