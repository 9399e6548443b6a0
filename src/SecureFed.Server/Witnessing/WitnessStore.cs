using System.Text;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;
using SecureFed.Shared;

namespace SecureFed.Server.Witnessing;

/// <summary>A witness's memory: one file for each log, named by the SHA-256 of its origin and replaced as a whole.</summary>
/// <remarks>Directory mode 0700, file mode 0600. A lock file, which the operating system releases when the process ends, keeps a second process out.</remarks>
internal sealed class WitnessStore : IDisposable
{
    private const int GreatestBytes = 1 << 17;
    private readonly DurableFiles files;
    private readonly FileStream lockFile;
    private readonly string directory;

    private WitnessStore(string directory, DurableFiles files, FileStream lockFile)
    {
        this.directory = directory;
        this.files = files;
        this.lockFile = lockFile;
    }

    /// <exception cref="StorageException">In use by another process.</exception>
    public static WitnessStore Open(string directory)
    {
        string full = Path.GetFullPath(directory);
        DurableFiles durable = new();
        durable.CreateDirectory(full);
        WitnessStore store = new(full, durable, Lock(full));

        // A process that was killed may have renamed a file and no more.
        durable.FlushDirectory(full);
        return store;
    }

    /// <returns>Null if nothing of this log was ever cosigned.</returns>
    /// <exception cref="StorageException">The file is damaged, of a newer version, or another log's.</exception>
    public WitnessedCheckpoint? Load(string origin)
    {
        string path = PathOf(origin);
        if (!File.Exists(path))
            return null;
        return new FileInfo(path).Length <= GreatestBytes
            && WitnessedCheckpoint.TryDecode(File.ReadAllBytes(path), out WitnessedCheckpoint? stored)
            && string.Equals(stored!.Checkpoint.Origin, origin, StringComparison.Ordinal)
                ? stored
                : throw new StorageException($"The witness's state '{path}' of {origin} is damaged or of a newer version. Nothing was changed; restore it from a backup, because without it the log could show this witness another history.");
    }

    /// <summary>When this returns, the checkpoint survives a power cut and may be cosigned.</summary>
    public void Save(WitnessedCheckpoint accepted) => files.Replace(PathOf(accepted.Checkpoint.Origin), accepted.Encode());

    /// <summary>Keeps the first evidence against a log; one is enough, and a log must not fill the disk.</summary>
    /// <returns>The file, or null if there was one already.</returns>
    public string? Save(string origin, Evidence evidence)
    {
        string path = Path.ChangeExtension(PathOf(origin), ".evidence");
        if (File.Exists(path))
            return null;
        files.Replace(path, evidence.Encode());
        return path;
    }

    public void Dispose() => lockFile.Dispose();

    private string PathOf(string origin) => Path.Combine(directory, $"{Digest.Of(Encoding.UTF8.GetBytes(origin))}.state");

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
            throw new StorageException($"The witness's directory '{directory}' is in use by another process ({exception.Message}). Stop that one, or choose another directory.", isFull: false, exception);
        }
    }
}
