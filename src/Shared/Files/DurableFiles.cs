using System.Collections.Concurrent;

namespace SecureFed.Shared;

/// <summary>The only way of this product to write to a disk: what has returned survives a power cut.</summary>
/// <remarks>
/// After the first failure every further operation fails, here and in the files opened from here: a failed fsync may have dropped the written pages and reports
/// the error only once (Rebello et al. 2020, "Can Applications Recover from fsync Failures?"), so nothing is tried again. Two errors are no failure: an
/// interrupted call is repeated, and a full disk that shows before fsync has lost nothing (<see cref="FileCallException.IsFull"/>; the caller undoes its part).
/// </remarks>
/// <param name="calls">The operating system, or a test's.</param>
/// <param name="root">Directories below are made durable even if they exist: a process that was killed may have created them and no more. Null: none.</param>
internal sealed class DurableFiles(IFileCalls calls, string? root = null)
{
    private const string FreshSuffix = ".new";
    private readonly ConcurrentDictionary<string, bool> durableDirectories = new(StringComparer.Ordinal);
    private volatile Exception? failure;

    public DurableFiles()
        : this(FileCalls.Instance)
    {
    }

    /// <summary>What ended all writing, or null.</summary>
    public Exception? Failure => failure;

    /// <summary>Whether a name is that of a replacement that was not finished.</summary>
    public static bool IsUnfinished(string name) => name.EndsWith(FreshSuffix, StringComparison.Ordinal);

    /// <summary>Opens for reading and writing. The name is made durable even if the file exists, because a process that was killed may have created it.</summary>
    public DurableFile Open(string path)
    {
        DurableFile? file = null;
        Run(c => file = new DurableFile(this, c.Open(path, isEmptied: false)));
        try
        {
            FlushDirectoryOf(path);
            return file!;
        }
        catch
        {
            file!.Dispose();
            throw;
        }
    }

    /// <summary>Writes beside, flushes, then renames over the old file: afterwards the new bytes are there, after any failure the old or the new ones.</summary>
    public void Replace(string path, ReadOnlyMemory<byte> bytes)
    {
        string fresh = path + FreshSuffix;
        try
        {
            DurableFile? file = null;
            Run(c => file = new DurableFile(this, c.Open(fresh, isEmptied: true)));
            using (file)
            {
                file!.Write(bytes, 0);
                file.Flush();
            }

            Run(c => c.Rename(fresh, path));
        }
        catch (FileCallException exception) when (exception.IsFull && failure is null)
        {
            Run(c => c.Delete(fresh), canBeFull: false);
            throw;
        }

        FlushDirectoryOf(path);
    }

    /// <summary>Deletes the file if it is there.</summary>
    public void Delete(string path)
    {
        Run(c => c.Delete(path), canBeFull: false);
        FlushDirectoryOf(path);
    }

    /// <summary>Creates the directory and the missing ones above it.</summary>
    public void CreateDirectory(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        bool exists = Directory.Exists(full);
        if (durableDirectories.ContainsKey(full) || (exists && !IsBelowRoot(full)))
            return;
        if (Path.GetDirectoryName(full) is { } parent)
            CreateDirectory(parent);
        if (!exists)
            Run(c => c.CreateDirectory(full));
        FlushDirectoryOf(full);
        durableDirectories[full] = true;
    }

    /// <summary>Makes the names in a directory durable.</summary>
    public void FlushDirectory(string path) => Run(c => c.FlushDirectory(path), canBeFull: false);

    /// <summary>Ends all writing: the caller does not know any more what is on the disk.</summary>
    public void Fail(Exception exception) => failure ??= exception;

    /// <summary>Makes one call, again if it was interrupted.</summary>
    /// <param name="call">The call.</param>
    /// <param name="canBeFull">Whether a full disk is an error that leaves everything as it was.</param>
    internal void Run(Action<IFileCalls> call, bool canBeFull = true)
    {
        while (true)
        {
            if (failure is { } earlier)
                throw new IOException($"Nothing more is written after an earlier failure ({earlier.Message}).", earlier);
            try
            {
                call(calls);
                return;
            }
            catch (FileCallException exception) when (exception.IsInterrupted)
            {
                // Nothing was done.
            }
            catch (FileCallException exception) when (exception.IsFull && canBeFull)
            {
                throw;
            }
            catch (Exception exception)
            {
                failure = exception;
                throw;
            }
        }
    }

    private bool IsBelowRoot(string path) => root is not null && path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private void FlushDirectoryOf(string path) => FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
}
