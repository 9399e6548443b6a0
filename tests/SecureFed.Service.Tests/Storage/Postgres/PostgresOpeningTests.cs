using SecureFed.Protocol.Errors;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

[Collection(PostgresCollection.Name)]
public sealed class PostgresOpeningTests(PostgresCluster cluster)
{
    [Fact]
    public async Task Replicas_that_start_together_create_the_tables_once()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        PostgresStorage[] storages = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => PostgresReplica.OpenAsync(address))));
        foreach (PostgresStorage storage in storages)
            await storage.DisposeAsync();
        object? applied = await PostgresCluster.ExecuteAsync(address, "SELECT min(applied) FROM securefed.migrations");
        await (await PostgresReplica.OpenAsync(address)).DisposeAsync();
        Assert.Equal(applied, await PostgresCluster.ExecuteAsync(address, "SELECT min(applied) FROM securefed.migrations"));
        Assert.Equal(3L, await PostgresCluster.ExecuteAsync(address, "SELECT count(*) FROM securefed.migrations"));
    }

    [Fact]
    public async Task Tables_of_a_newer_version_are_refused_and_left_alone()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await (await PostgresReplica.OpenAsync(address)).DisposeAsync();
        await PostgresCluster.ExecuteAsync(address, "INSERT INTO securefed.migrations (version) VALUES (99)");
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => PostgresReplica.OpenAsync(address));
        Assert.Contains("version 99", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsTransient);
        Assert.Equal(4L, await PostgresCluster.ExecuteAsync(address, "SELECT count(*) FROM securefed.migrations"));
    }

    [Fact]
    public async Task Tables_of_the_first_version_get_what_is_missing_and_keep_what_they_hold()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await using (PostgresReplica first = await PostgresReplica.JoinAsync(address))
            await first.Store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]);
        await PostgresCluster.ExecuteAsync(address, "DROP TABLE securefed.nonces, securefed.rosters; DELETE FROM securefed.migrations WHERE version > 1");
        await using PostgresReplica second = await PostgresReplica.JoinAsync(address);
        Stored.AssertHolds(second.Store, 0);
        Assert.Equal(0L, await PostgresCluster.ExecuteAsync(address, "SELECT count(*) FROM securefed.nonces"));
    }

    [Fact]
    public async Task A_step_that_fails_leaves_nothing_behind()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        await PostgresCluster.ExecuteAsync(address, "CREATE SCHEMA securefed; CREATE TABLE securefed.guards (another INTEGER)");
        Assert.False((await Assert.ThrowsAsync<StorageException>(() => PostgresReplica.OpenAsync(address))).IsTransient);
        Assert.Equal(1L, await PostgresCluster.ExecuteAsync(address, "SELECT count(*) FROM pg_tables WHERE schemaname = 'securefed'"));
    }

    [Fact]
    public async Task A_wrong_password_is_refused_without_showing_it()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => PostgresReplica.OpenAsync(cluster.AddressOf("postgres", password: "guessed it")));
        Assert.Equal(ErrorCodes.StorageUnavailable, refused.Code);
        Assert.False(refused.IsTransient);
        Assert.Contains("'securefed'", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("guessed", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresCluster.Password, address.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_without_fsync_is_refused()
    {
        PostgresAddress address = await cluster.CreateDatabaseAsync();
        try
        {
            await SetFsyncAsync(address, "off");
            Assert.Contains("fsync", (await Assert.ThrowsAsync<StorageException>(() => PostgresReplica.OpenAsync(address))).Message, StringComparison.Ordinal);
        }
        finally
        {
            await SetFsyncAsync(address, "on");
        }

        await (await PostgresReplica.OpenAsync(address)).DisposeAsync();
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_named_without_the_password()
    {
        PostgresAddress address = PostgresAddress.Parse("postgres://someone:hidden@127.0.0.1:1/nowhere");
        StorageException failed = await Assert.ThrowsAsync<StorageException>(() => PostgresReplica.OpenAsync(address));
        Assert.Equal(ErrorCodes.StorageUnavailable, failed.Code);
        Assert.True(failed.IsTransient);
        Assert.Contains("127.0.0.1:1/nowhere", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", failed.ToString(), StringComparison.Ordinal);
    }

    private static async Task SetFsyncAsync(PostgresAddress address, string value)
    {
        await PostgresCluster.ExecuteAsync(address, $"ALTER SYSTEM SET fsync = {value}");
        await PostgresCluster.ExecuteAsync(address, "SELECT pg_reload_conf()");
        for (int i = 0; i < 500 && (string?)await PostgresCluster.ExecuteAsync(address, "SHOW fsync") != value; i++)
            await Task.Delay(10);
    }
}
