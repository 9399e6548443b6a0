using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Client.Holding;

/// <summary>Two files per task in a directory of the holder's own, encrypted under a key that lies elsewhere: the state, and how often it was written.</summary>
/// <remarks>
/// <para><c>TASK.holder</c> is replaced as a whole and flushed (<see cref="DurableFiles"/>) before a message leaves, then <c>TASK.counter</c>; a state that is older than the counter, or
/// damaged, of another task or under another key, is refused as <c>state-lost</c>. Directory mode 0700, files 0600; a lock file keeps a second process out.</para>
/// <para>Not protected: a copy of the whole directory that is put back later. Nothing on this machine tells it from the newest, and a holder that goes on from it may answer a second
/// time. The server's count of offers shows it only if keys were offered since. Never restore this directory; start anew and say that the state is lost
/// (<see cref="SecureFedKeyHolderOptions.AcceptsLoss"/>). Nor is the state protected from who has the state key as well, nor what a disk keeps of files that were replaced.</para>
/// </remarks>
public sealed class FileHolderStateStore : IHolderStateStore, IDisposable
{
    private const string StatePurpose = "state";
    private const string CounterPurpose = "counter";
    private readonly byte[] stateKey;
    private readonly IRandomSource random;

    /// <param name="directory">Created if it does not exist.</param>
    /// <param name="stateKey">32 bytes, see <see cref="StateKeyFile"/>; copied.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public FileHolderStateStore(string directory, ReadOnlySpan<byte> stateKey)
        : this(directory, stateKey, OperatingSystemRandomSource.Instance)
    {
    }

    internal FileHolderStateStore(string directory, ReadOnlySpan<byte> stateKey, IRandomSource random)
    {
        if (stateKey.Length != StateKeyFile.Bytes)
            throw new ArgumentException($"A state key has {StateKeyFile.Bytes} bytes.", nameof(stateKey));
        (Directory, this.stateKey, this.random) = (directory, stateKey.ToArray(), random);
        if (OperatingSystem.IsWindows())
            System.IO.Directory.CreateDirectory(directory);
        else
            System.IO.Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Where the files are.</summary>
    public string Directory { get; }

    /// <summary>A lock file that the operating system releases when its process ends.</summary>
    public Task<IAsyncDisposable> LeaseAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        try
        {
            return Task.FromResult<IAsyncDisposable>(new FileStream(PathOf(taskId, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or DirectoryNotFoundException)
        {
            throw Unavailable($"The lock file of the holder's state cannot be opened in '{Directory}'", exception);
        }
        catch (IOException exception)
        {
            throw Busy(exception);
        }
    }

    public Task<SavedHolder?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        ulong written = ReadCounter(taskId);
        if (Read(taskId, "holder") is not { } file)
            return written == 0 ? Task.FromResult<SavedHolder?>(null) : throw Lost(taskId, $"it was written {written} times and is gone");
        if (SealedState.TryOpen(stateKey, StatePurpose, taskId, file) is not { } opened || SavedHolder.TryDecode(opened.Content) is not { } saved)
            throw Lost(taskId, "it is damaged, of another task or under another state key");
        CryptographicOperations.ZeroMemory(opened.Content);

        // A process that ended between the two files has written the state once more than the counter says.
        return opened.Counter == written || opened.Counter == written + 1
            ? Task.FromResult<SavedHolder?>(saved)
            : throw Lost(taskId, $"it is write {opened.Counter} of at least {written}: an older copy was put in its place");
    }

    public Task SaveAsync(Identifier taskId, SavedHolder saved, CancellationToken cancellationToken = default)
    {
        byte[] content = saved.Encode();
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            ulong counter = StateCounter(taskId) + 1;
            DurableFiles files = new();
            files.Replace(PathOf(taskId, "holder"), SealedState.Seal(stateKey, StatePurpose, taskId, counter, content, random));
            files.Replace(PathOf(taskId, "counter"), SealedState.Seal(stateKey, CounterPurpose, taskId, counter, [], random));
            return Task.CompletedTask;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unavailable($"The holder's state could not be saved in '{Directory}'", exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(stateKey);

    internal static SecureFedException Busy(Exception? cause) => new(
        ErrorCodes.ClientBusy,
        "Another call or process holds keys for this task with the same state; one holder answers once. Wait for it to end, or give each holder its own identity and state.",
        isTransient: true,
        cause);

    private ulong ReadCounter(Identifier taskId)
    {
        if (Read(taskId, "counter") is not { } file)
            return 0;
        return SealedState.TryOpen(stateKey, CounterPurpose, taskId, file) is { } opened ? opened.Counter : throw Lost(taskId, "its counter is damaged, of another task or under another state key");
    }

    private ulong StateCounter(Identifier taskId)
    {
        if (Read(taskId, "holder") is not { } file)
            return ReadCounter(taskId);
        (ulong counter, byte[] content) = SealedState.TryOpen(stateKey, StatePurpose, taskId, file) ?? throw Lost(taskId, "it is damaged, of another task or under another state key");
        CryptographicOperations.ZeroMemory(content);
        return counter;
    }

    private byte[]? Read(Identifier taskId, string extension)
    {
        string path = PathOf(taskId, extension);
        try
        {
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unavailable($"The holder's state file '{path}' cannot be read", exception);
        }
    }

    private SecureFedException Lost(Identifier taskId, string how) => new(
        ErrorCodes.StateLost,
        $"The state of the key holder in '{PathOf(taskId, "holder")}' cannot be trusted: {how}. The holder answers nothing with it, since it may have answered before. Move the directory away and start the holder anew, saying that its state is lost.");

    private static SecureFedException Unavailable(string what, Exception cause) =>
        new(ErrorCodes.StorageUnavailable, $"{what} ({cause.Message}), so nothing was sent. Check the directory's space, owner and mode.", isTransient: false, cause);

    private string PathOf(Identifier taskId, string extension) => Path.Combine(Directory, $"{taskId}.{extension}");
}
