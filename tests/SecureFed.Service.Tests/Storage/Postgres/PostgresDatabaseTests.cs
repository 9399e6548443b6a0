using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

/// <summary>One server process on its database.</summary>
[Collection(PostgresCollection.Name)]
public sealed class PostgresDatabaseTests(PostgresCluster cluster)
{
    [Fact]
    public async Task A_task_is_open_once_in_a_process()
    {
        await using PostgresStorage storage = await PostgresReplica.OpenAsync(await cluster.CreateDatabaseAsync());
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        await Assert.ThrowsAsync<InvalidOperationException>(() => storage.OpenAsync(Stored.TaskId));
    }

    [Fact]
    public async Task A_blob_that_needs_several_rows_is_read_back()
    {
        await using PostgresStorage storage = await PostgresReplica.OpenAsync(await cluster.CreateDatabaseAsync());
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        byte[] large = new byte[(33 << 20) + 1];
        for (int i = 0; i < large.Length; i += 4096)
            large[i] = (byte)((i >> 12) % 251);
        Assert.True(await store.AppendAsync(0, Stored.Entry(0), [new StoredBlob(large, Stored.Round(0)), new StoredBlob(default)]));
        Assert.True(store.Get(Digest.Of(large)).Span.SequenceEqual(large));
        Assert.Equal(0, store.Get(Digest.Of([])).Length);
    }

    [Fact]
    public async Task One_transaction_serves_all_that_wait()
    {
        PostgresAddress own = await cluster.CreateDatabaseAsync();
        await using PostgresStorage storage = await PostgresReplica.OpenAsync(own);
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => store.AppendAsync((ulong)i, Stored.Entry(i), []))), Assert.True);
        Assert.InRange((long)(await PostgresCluster.ExecuteAsync(own, "SELECT count(DISTINCT xmin::TEXT) FROM securefed.entries"))!, 1, 100);
    }

    [Fact]
    public async Task A_database_that_lost_what_it_acknowledged_takes_nothing_more()
    {
        PostgresAddress own = await cluster.CreateDatabaseAsync();
        await using PostgresStorage storage = await PostgresReplica.OpenAsync(own);
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        for (int i = 0; i < 5; i++)
            await store.AppendAsync((ulong)i, Stored.Entry(i), []);
        await PostgresCluster.ExecuteAsync(own, "DELETE FROM securefed.entries WHERE index >= 3");
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => store.AppendAsync(5, Stored.Entry(5), [Stored.Permanent(5)]));
        Assert.Contains("holds 3 entries", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsTransient);
        Assert.Equal(3L, await PostgresCluster.ExecuteAsync(own, "SELECT count(*) FROM securefed.entries"));
        Assert.False(store.TryGet(Stored.DigestOf(Stored.Permanent(5)), out _));
    }

    [Fact]
    public async Task A_log_with_a_hole_is_refused_at_opening()
    {
        PostgresAddress own = await cluster.CreateDatabaseAsync();
        await using PostgresStorage storage = await PostgresReplica.OpenAsync(own);
        await using (ITaskStore store = await storage.CreateAsync(Stored.TaskId))
        {
            for (int i = 0; i < 5; i++)
                await store.AppendAsync((ulong)i, Stored.Entry(i), []);
        }

        await PostgresCluster.ExecuteAsync(own, "DELETE FROM securefed.entries WHERE index = 2");
        Assert.Contains("1 of its first 5 entries", (await Assert.ThrowsAsync<StorageException>(() => storage.OpenAsync(Stored.TaskId))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_blob_that_was_changed_is_not_given_out()
    {
        PostgresAddress own = await cluster.CreateDatabaseAsync();
        await using PostgresStorage storage = await PostgresReplica.OpenAsync(own);
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        await store.AppendAsync(0, Stored.Entry(0), [Stored.Words(0)]);
        await PostgresCluster.ExecuteAsync(own, "UPDATE securefed.blobs SET bytes = set_byte(bytes, 7, get_byte(bytes, 7) # 1)");
        Assert.Contains("as it was written", Assert.Throws<StorageException>(() => store.TryGet(Stored.DigestOf(Stored.Words(0)), out _)).Message, StringComparison.Ordinal);
    }
}
