using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

internal static class StorageExtensions
{
    /// <summary>What a server does that was interrupted while it created its first task.</summary>
    public static async Task<ITaskStore> CreateOrOpenAsync(this IStorage storage) =>
        (await storage.ListAsync()).Contains(Stored.TaskId) ? await storage.OpenForWritingAsync(Stored.TaskId) : await storage.CreateAsync(Stored.TaskId);

    /// <summary>As a server does when there is nothing to object to.</summary>
    public static async Task<ITaskStore> OpenForWritingAsync(this IStorage storage, Identifier task)
    {
        ITaskStore store = await storage.OpenAsync(task);
        try
        {
            await store.BeginWritingAsync();
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }
}
