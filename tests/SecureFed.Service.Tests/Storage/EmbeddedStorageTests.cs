using Microsoft.Extensions.Logging.Abstractions;
using SecureFed.Cryptography.Randomness;
using SecureFed.Server.Storage;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Storage;

public sealed class EmbeddedStorageTests : StorageContract
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public void A_second_process_is_kept_out_and_told_of_the_directory()
    {
        StorageException refused = Assert.Throws<StorageException>(Open);
        Assert.Contains(directory.File("data"), refused.Message, StringComparison.Ordinal);
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("securefed store 2\n", "format 2")]
    [InlineData("another product\n", "not the format file")]
    [InlineData("", "not the format file")]
    public void A_newer_or_foreign_format_is_refused_and_left_alone(string format, string reason)
    {
        string data = directory.File("other");
        Directory.CreateDirectory(data);
        File.WriteAllText(Path.Combine(data, "format"), format);
        StorageException refused = Assert.Throws<StorageException>(() => OpenAt(data));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Equal([Path.Combine(data, "format")], Directory.GetFileSystemEntries(data));
        Assert.Equal(format, File.ReadAllText(Path.Combine(data, "format")));
    }

    [Fact]
    public void Tasks_without_a_format_are_refused_and_left_alone()
    {
        string data = directory.File("other");
        Directory.CreateDirectory(Path.Combine(data, "tasks", "something"));
        Assert.Contains("no 'format' file", Assert.Throws<StorageException>(() => OpenAt(data)).Message, StringComparison.Ordinal);
        Assert.Equal([Path.Combine(data, "tasks")], Directory.GetFileSystemEntries(data));
    }

    [Fact]
    public async Task Only_the_owner_can_read_what_is_stored()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return; // For the platform analyser.
        }

        string data = directory.File("modes");
        await using (EmbeddedStorage storage = OpenAt(data))
        {
            ITaskStore store = await storage.CreateAsync(Stored.TaskId);
            await store.AppendAsync(0, Stored.Entry(0), [Stored.Permanent(0), Stored.Words(0)]);
            await store.WriteFilesAsync([("tile/0/000.p/1", "tile"u8.ToArray())]);
            await store.WriteGuardAsync(new LogGuard(1, default));
        }

        string[] files = Directory.GetFiles(data, "*", SearchOption.AllDirectories);
        Assert.Equal(6, files.Length);
        foreach (string file in files)
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        foreach (string inner in Directory.GetDirectories(data, "*", SearchOption.AllDirectories).Append(data))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(inner));
    }

    [Fact]
    public async Task The_guard_can_lie_on_another_disk()
    {
        string data = directory.File("elsewhere");
        await using EmbeddedStorage storage = EmbeddedStorage.Open(data, OperatingSystemRandomSource.Instance, NullLogger.Instance, directory.File("guards"));
        await (await storage.CreateAsync(Stored.TaskId)).WriteGuardAsync(new LogGuard(1, default));
        Assert.False(Directory.Exists(Path.Combine(data, "guard")));
        Assert.Equal($"securefed guard 1\n1\n{new string('0', 64)}\n", string.Concat(File.ReadLines(Path.Combine(directory.File("guards"), Stored.TaskId.ToString())).Take(3).Select(l => l + "\n")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("securefed nonces 2\n")]
    [InlineData("securefed nonces 1\n1800000000 AAECAwQFBgcICQoLDA0ODw AAAA\nnot the digest\n")]
    public async Task A_changed_file_of_nonces_is_refused_and_left_alone(string content)
    {
        string data = directory.File("nonces");
        await OpenAt(data).DisposeAsync();
        string path = Path.Combine(data, "nonces");
        await File.WriteAllTextAsync(path, content);
        for (int i = 0; i < 2; i++)
            Assert.Contains("Nothing was changed", Assert.Throws<StorageException>(() => OpenAt(data)).Message, StringComparison.Ordinal);
        Assert.Equal(content, await File.ReadAllTextAsync(path));
        File.Delete(path);
        await OpenAt(data).DisposeAsync();
    }

    [Fact]
    public async Task A_task_is_open_once()
    {
        await using EmbeddedStorage storage = OpenAt(directory.File("once"));
        await using ITaskStore store = await storage.CreateAsync(Stored.TaskId);
        await Assert.ThrowsAsync<InvalidOperationException>(() => storage.OpenAsync(Stored.TaskId));
    }

    private protected override object Open() => OpenAt(directory.File("data"));

    private protected override void Clean() => directory.Dispose();

    private static EmbeddedStorage OpenAt(string path) => EmbeddedStorage.Open(path, OperatingSystemRandomSource.Instance, NullLogger.Instance);
}
