namespace SecureFed.Service.Tests.Storage;

/// <summary>Tests that share one PostgreSQL and run one after the other: some of them restart it.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresCluster>
{
    public const string Name = "PostgreSQL";
}
