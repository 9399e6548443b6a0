using Microsoft.Extensions.Logging.Abstractions;
using SecureFed.Cryptography.Randomness;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

/// <summary>One server process's side of a database, with the task of <see cref="Stored"/> open.</summary>
internal sealed class PostgresReplica(PostgresStorage storage, ITaskStore store) : IAsyncDisposable
{
    public PostgresStorage Storage => storage;

    public ITaskStore Store => store;

    public static Task<PostgresStorage> OpenAsync(PostgresAddress address, TimeSpan? patience = null) =>
        PostgresStorage.OpenAsync(address, OperatingSystemRandomSource.Instance, NullLogger.Instance, patience);

    public static async Task<PostgresReplica> JoinAsync(PostgresAddress address, TimeSpan? patience = null)
    {
        PostgresStorage opened = await OpenAsync(address, patience);
        return new PostgresReplica(opened, await opened.CreateOrOpenAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await storage.DisposeAsync();
    }
}
