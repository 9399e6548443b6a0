using System.Collections.Concurrent;
using System.Globalization;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>All tasks in one data directory of one server process; no server to install.</summary>
/// <remarks>
/// <c>format</c> (version), <c>lock</c>, <c>nonces</c>, <c>tasks/TASK/journal</c>, <c>tasks/TASK/words-ROUND</c>, <c>tasks/TASK/log/…</c>, <c>guard/TASK</c> (elsewhere if so
/// configured), <c>roster</c>. Modes 0700 and 0600. The lock is the operating system's and ends with the process; it needs a file system that has such locks.
/// </remarks>
internal sealed class EmbeddedStorage : IStorage
{
    private const string FormatTitle = "securefed store ";
    private const int FormatVersion = 1;
    private readonly string directory;
    private readonly string guardDirectory;
    private readonly FileStream lockFile;
    private readonly DurableFiles nonceFiles;
    private readonly NonceFile nonces;
    private readonly IFileCalls calls;
    private readonly IRandomSource random;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<Identifier, EmbeddedTaskStore?> open = new();
    private readonly Lock rosterLock = new();
    private readonly KeptRoster keptRoster;

    private EmbeddedStorage(string directory, string guardDirectory, FileStream lockFile, IFileCalls calls, IRandomSource random, ILogger logger)
    {
        nonceFiles = new DurableFiles(calls, directory);
        nonces = NonceFile.Open(nonceFiles, Path.Combine(directory, "nonces"));
        this.directory = directory;
        this.guardDirectory = guardDirectory;
        this.lockFile = lockFile;
        this.calls = calls;
        this.random = random;
        this.logger = logger;
        keptRoster = new KeptRoster(directory, calls);
    }

    /// <param name="directory">Created if it does not exist; its own, for one server process.</param>
    /// <param name="random">Strong: keeps what clients send apart from the store's own framing.</param>
    /// <param name="logger">Told what was repaired.</param>
    /// <param name="guardDirectory">Of the rollback guards; null for one inside. On another disk it outlives a restored or swapped data disk. Guards inside move there.</param>
    /// <param name="calls">Null for the operating system's.</param>
    /// <exception cref="StorageException">In use, of another format, or not accessible; nothing was changed.</exception>
    public static EmbeddedStorage Open(string directory, IRandomSource random, ILogger logger, string? guardDirectory = null, IFileCalls? calls = null)
    {
        string full = Path.GetFullPath(directory);
        FileStream? locked = null;
        DurableFiles? files = null;
        try
        {
            bool isNew = RequireFormat(full);
            files = new DurableFiles(calls ?? FileCalls.Instance, isNew ? Path.GetDirectoryName(full) : full);
            files.CreateDirectory(Path.Combine(full, "tasks"));
            locked = Lock(full);
            if (isNew)
                files.Replace(Path.Combine(full, "format"), System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{FormatTitle}{FormatVersion}\n")));
            return new EmbeddedStorage(full, guardDirectory is null ? Path.Combine(full, "guard") : Path.GetFullPath(guardDirectory), locked, calls ?? FileCalls.Instance, random, logger);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            locked?.Dispose();
            throw new StorageException($"The data directory '{full}' cannot be used ({exception.Message}). Check its owner, mode and free space.", files is { Failure: null } && exception is FileCallException { IsFull: true }, exception);
        }
        catch (StorageException)
        {
            locked?.Dispose();
            throw;
        }
    }

    public bool IsShared => false;

    public async Task<bool> TryUseNonceAsync(Identifier keyId, string nonce, DateTimeOffset expires, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        try
        {
            return await Task.Run(() => nonces.TryUse(keyId, nonce, expires, now), cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            bool isFull = nonceFiles.Failure is null && exception is FileCallException { IsFull: true };
            throw new StorageException(
                $"The request was not executed, because it cannot be noted ({exception.Message}). {(isFull ? "Free space: the server goes on by itself." : "Check the disk, then start the server again.")}", isFull, exception);
        }
    }

    public Task<IReadOnlyList<Identifier>> ListAsync(CancellationToken cancellationToken = default)
    {
        IEnumerable<string> names = Directory.GetDirectories(TasksDirectory).Where(d => File.Exists(Path.Combine(d, "journal"))).Select(d => Path.GetFileName(d)!);
        return Task.FromResult<IReadOnlyList<Identifier>>([.. names.Select(name => Identifier.TryParse(name, out Identifier task)
            ? task
            : throw new StorageException($"'{name}' in '{TasksDirectory}' is not the identifier of a task. Move it away.")).Order()]);
    }

    public async Task<ITaskStore> CreateAsync(Identifier taskId, CancellationToken cancellationToken = default)
    {
        ITaskStore store = await OpenAsync(taskId, isNew: true, cancellationToken);
        try
        {
            if (store.EntryCount > 0)
                throw new InvalidOperationException($"Task {taskId} exists already.");
            if (store.ReadGuard() is null) // Else it was signed with entries, and whoever compares that refuses it.
                await store.BeginWritingAsync(cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public Task<ITaskStore> OpenAsync(Identifier taskId, CancellationToken cancellationToken = default) =>
        File.Exists(JournalPathOf(taskId)) ? OpenAsync(taskId, isNew: false, cancellationToken) : throw new InvalidOperationException($"There is no task {taskId} in '{directory}'.");

    public Task<ReadOnlyMemory<byte>?> FindRosterAsync(ulong beyond, CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            lock (rosterLock)
                return keptRoster.Read() is { } kept && kept.Sequence > beyond ? kept.Bytes : default(ReadOnlyMemory<byte>?);
        },
        cancellationToken);

    public Task<bool> KeepRosterAsync(ulong sequence, ReadOnlyMemory<byte> roster, CancellationToken cancellationToken = default) => Task.Run(
        () =>
        {
            lock (rosterLock)
                return keptRoster.Keep(sequence, roster);
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (EmbeddedTaskStore? store in open.Values)
        {
            if (store is not null)
                await store.DisposeAsync();
        }

        await lockFile.DisposeAsync();
    }

    private string TasksDirectory => Path.Combine(directory, "tasks");

    /// <returns>Whether the directory has no format yet.</returns>
    private static bool RequireFormat(string directory)
    {
        string path = Path.Combine(directory, "format");
        if (!File.Exists(path))
        {
            string tasks = Path.Combine(directory, "tasks");
            return !Directory.Exists(tasks) || !Directory.EnumerateFileSystemEntries(tasks).Any()
                ? true
                : throw new StorageException($"'{directory}' has tasks but no 'format' file, so it is not a data directory of this server or has lost a file. Nothing was changed; choose another directory or restore this one.");
        }

        string text = File.ReadAllText(path);
        if (!text.StartsWith(FormatTitle, StringComparison.Ordinal) || !int.TryParse(text.AsSpan(FormatTitle.Length).TrimEnd('\n'), NumberStyles.None, CultureInfo.InvariantCulture, out int version))
            throw new StorageException($"'{path}' is not the format file of a SecureFed store. Nothing was changed; choose another directory.");
        return version == FormatVersion
            ? false
            : throw new StorageException($"'{directory}' has format {version}, and this server reads format {FormatVersion}. Nothing was changed; use the version of the server that wrote it, or a newer one.");
    }

    /// <summary>Not for content: this file stays empty, so the runtime may open it.</summary>
    private static FileStream Lock(string directory)
    {
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            return new FileStream(Path.Combine(directory, "lock"), options);
        }
        catch (IOException exception)
        {
            throw new StorageException($"The data directory '{directory}' is in use by another server process ({exception.Message}). Stop that one, or choose another directory.", isFull: false, exception);
        }
    }

    private async Task<ITaskStore> OpenAsync(Identifier taskId, bool isNew, CancellationToken cancellationToken)
    {
        if (!open.TryAdd(taskId, null))
            throw new InvalidOperationException($"Task {taskId} is open already.");
        DurableFiles files = new(calls, directory);
        try
        {
            EmbeddedTaskStore store = await Task.Run(() => Open(files, taskId, isNew), cancellationToken);
            open[taskId] = store;
            return store;
        }
        catch (Exception exception)
        {
            open.TryRemove(taskId, out _);
            if (exception is not (IOException or UnauthorizedAccessException))
                throw;
            throw new StorageException($"The files of task {taskId} in '{directory}' cannot be used ({exception.Message}). Check the disk, its owner, mode and free space.", files.Failure is null && exception is FileCallException { IsFull: true }, exception);
        }
    }

    private EmbeddedTaskStore Open(DurableFiles files, Identifier taskId, bool isNew)
    {
        files.CreateDirectory(DirectoryOf(taskId));
        if (isNew && !File.Exists(JournalPathOf(taskId)))
            Journal.Create(files, JournalPathOf(taskId), taskId, random);

        GuardFile guard = GuardFile.Open(files, Path.Combine(guardDirectory, taskId.ToString()), Path.Combine(directory, "guard", taskId.ToString()));
        return EmbeddedTaskStore.Open(taskId, DirectoryOf(taskId), guard, files, logger, () => open.TryRemove(taskId, out _));
    }

    private string DirectoryOf(Identifier taskId) => Path.Combine(TasksDirectory, taskId.ToString());

    private string JournalPathOf(Identifier taskId) => Path.Combine(DirectoryOf(taskId), "journal");
}
