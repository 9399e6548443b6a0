using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

public sealed class MemoryStorageTests : StorageContract
{
    private readonly MemoryStorage memory = new();

    private protected override object Open() => memory;
}
