using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

internal static class StorageExtensions
{
    /// <summary>What a server does that was interrupted while it created its first task.</summary>
    public static async Task<ITaskStore> CreateOrOpenAsync(this IStorage storage) =>
        (await storage.ListAsync()).Contains(Stored.TaskId) ? await storage.OpenAsync(Stored.TaskId) : await storage.CreateAsync(Stored.TaskId);
}
