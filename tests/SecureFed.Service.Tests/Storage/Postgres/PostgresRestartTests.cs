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
        await AssertNothingLostAsync(address, 40, async () =>
        {
            await Task.Delay(25);
            await PostgresCluster.ExecuteAsync(address, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        });
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
