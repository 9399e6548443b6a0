using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

[Collection(PostgresCollection.Name)]
public sealed class PostgresStorageTests(PostgresCluster cluster) : StorageContract
{
    private PostgresAddress? address;

    private protected override object Open()
    {
        address ??= cluster.CreateDatabaseAsync().GetAwaiter().GetResult();
        return PostgresReplica.OpenAsync(address).GetAwaiter().GetResult();
    }
}
