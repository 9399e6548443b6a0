using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Client.State;

/// <summary>One file per task in a directory of the client's own: written beside, flushed, then renamed over the old one.</summary>
/// <remarks>
/// Directory mode 0700, file mode 0600. The file holds round secrets until the round is over. File and directory are flushed by fsync itself
/// (<see cref="DurableFiles"/>); a failure means that nothing is sent. A lock file keeps a second process out.
/// </remarks>
public sealed class FileRoundStateStore : IRoundStateStore
{
    private const byte Version = 2;
    private const int GreatestAnswers = 1 << 20;
    private const int GreatestBytes = 1 << 30;

    /// <param name="directory">Created if it does not exist.</param>
    public FileRoundStateStore(string directory)
    {
        Directory = directory;
        if (OperatingSystem.IsWindows())
            System.IO.Directory.CreateDirectory(directory);
        else
            System.IO.Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Where the files are.</summary>
    public string Directory { get; }

    public async Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        string path = PathOf(taskId);
        if (!File.Exists(path))
            return null;
        byte[] bytes = await ReadAsync(path, cancellationToken);
        return TryDecode(bytes) ?? throw new SecureFedException(
            ErrorCodes.InvalidConfiguration,
            $"The client state file '{path}' is damaged or of another version. Restore it from a backup of the same moment, or leave this task: without it the client does not know which rounds it joined, and a malicious server could repeat one.");
    }

    public Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default) =>
        ReplaceAsync(taskId, saved, cancellationToken);

    public async Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default)
    {
        SavedRounds saved = await LoadAsync(taskId, cancellationToken) ?? new SavedRounds(lastRoundNumber, default);
        await ReplaceAsync(taskId, saved with { LastRoundNumber = lastRoundNumber, ActiveRound = default }, cancellationToken);
    }

    /// <summary>A lock file that the operating system releases when its process ends.</summary>
    public Task<IAsyncDisposable> LeaseAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        try
        {
            return Task.FromResult<IAsyncDisposable>(new FileStream(PathOf(taskId) + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or DirectoryNotFoundException)
        {
            throw new SecureFedException(
                ErrorCodes.StorageUnavailable,
                $"The lock file of the client state cannot be opened in '{Directory}' ({exception.Message}), so nothing was sent. Check the directory's owner and mode.",
                isTransient: false,
                exception);
        }
        catch (IOException exception)
        {
            throw InProcessLease.Busy(exception);
        }
    }

    private static async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SecureFedException(ErrorCodes.StorageUnavailable, $"The client state file '{path}' cannot be read ({exception.Message}). Check its owner and mode.", isTransient: false, exception);
        }
    }

    private Task ReplaceAsync(Identifier taskId, SavedRounds saved, CancellationToken cancellationToken)
    {
        string path = PathOf(taskId);
        byte[] bytes = CanonicalWriter.Write(w => w
            .UInt8(Version).Count(saved.LastRoundNumber).Opaque(saved.ActiveRound.Span).List(saved.Answered ?? [], (answered, digest) => answered.Digest(digest)).UInt64(saved.RosterSequence).Opaque((saved.History ?? SurvivorHistory.Empty).Encode()).Digest(saved.TaskDigest).Digest(saved.RosterDigest));
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            new DurableFiles().Replace(path, bytes);
            return Task.CompletedTask;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SecureFedException(
                ErrorCodes.StorageUnavailable,
                $"The client state could not be saved in '{Directory}' ({exception.Message}), so nothing was sent. Free space or choose another directory.",
                isTransient: false,
                exception);
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static SavedRounds? TryDecode(ReadOnlySpan<byte> bytes)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        SavedRounds saved = new(reader.Count(int.MaxValue), reader.Opaque(GreatestBytes).ToArray(), reader.List(GreatestAnswers, Digest.Bytes, (ref CanonicalReader r) => r.Digest()), reader.UInt64());
        bool isHistory = SurvivorHistory.TryDecode(reader.Opaque(GreatestBytes), out SurvivorHistory history);
        saved = saved with { History = history, TaskDigest = reader.Digest(), RosterDigest = reader.Digest() };
        return reader.IsComplete && isHistory ? saved : null;
    }

    private string PathOf(Identifier taskId) => Path.Combine(Directory, $"{taskId}.state");
}
