namespace SecureFed.Server.Storage;

/// <summary>Opens the storage that the options name.</summary>
internal static class StorageLocation
{
    /// <exception cref="StorageException">It is in use, of another format or not accessible.</exception>
    public static Task<IStorage> OpenAsync(ServerOptions options, ILogger logger, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IStorage>(options.Store is { } directory ? EmbeddedStorage.Open(directory, options.Random, logger, options.GuardDirectory, options.FileCalls) : new MemoryStorage());
    }
}
