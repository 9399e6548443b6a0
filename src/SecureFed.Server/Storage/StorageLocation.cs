namespace SecureFed.Server.Storage;

/// <summary>Opens the storage that the options name.</summary>
internal static class StorageLocation
{
    private const string PostgresScheme = "postgres";

    /// <exception cref="StorageException">It is in use, of another format or not accessible.</exception>
    public static async Task<IStorage> OpenAsync(ServerOptions options, ILogger logger, CancellationToken cancellationToken = default)
    {
        if (options.Store is not { } store)
            return new MemoryStorage();
        return store.StartsWith(PostgresScheme, StringComparison.OrdinalIgnoreCase) && store.Contains("://", StringComparison.Ordinal)
            ? await PostgresStorage.OpenAsync(PostgresAddress.Parse(store), options.Random, logger, cancellationToken: cancellationToken)
            : EmbeddedStorage.Open(store, options.Random, logger, options.GuardDirectory, options.FileCalls);
    }

    /// <summary>What may be shown of it: never a password.</summary>
    public static string Describe(string store) => store.Contains("://", StringComparison.Ordinal) ? "the database" : store;
}
