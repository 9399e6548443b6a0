using System.Globalization;
using System.Text;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>The rollback guard of one task: a small text file that may lie on another disk than the log.</summary>
/// <remarks>
/// A store that was used before a guard directory was configured has its guard inside. That one counts too, and moves to the configured place when writing begins: from
/// then on a guard that is missing there was lost or left behind, which <c>TaskLog</c> refuses.
/// </remarks>
internal sealed class GuardFile
{
    private const string Title = "securefed guard 1";
    private readonly DurableFiles files;
    private readonly string path;
    private readonly string insidePath;
    private readonly Lock gate = new();
    private volatile object? last;

    private GuardFile(DurableFiles files, string path, string insidePath)
    {
        this.files = files;
        this.path = path;
        this.insidePath = insidePath;
    }

    public LogGuard? Last => (LogGuard?)last;

    /// <param name="files">Writes.</param>
    /// <param name="path">The configured place.</param>
    /// <param name="insidePath">The place inside the store; the same one unless another is configured.</param>
    /// <exception cref="StorageException">Damaged, of a newer version, or two guards that contradict each other.</exception>
    public static GuardFile Open(DurableFiles files, string path, string insidePath)
    {
        LogGuard? configured = Read(path);
        LogGuard? inside = Read(insidePath);
        if (configured is { } one && inside is { } other && one.Size == other.Size && one != other)
            throw new StorageException($"The rollback guards '{path}' and '{insidePath}' name two trees of {one.Size} entries. Nothing was changed; find out which history was signed.");
        return new GuardFile(files, path, insidePath) { last = inside is null || configured?.Size >= inside.Value.Size ? configured : inside };
    }

    /// <summary>Makes it durable, since a process that was killed may have renamed it and no more, and takes it to the configured place.</summary>
    public void Confirm()
    {
        if (!string.Equals(path, insidePath, StringComparison.Ordinal) && File.Exists(insidePath))
            Move();
        if (File.Exists(path))
            files.FlushDirectory(Path.GetDirectoryName(path)!);
    }

    /// <exception cref="InvalidOperationException">The tree may not follow the last one.</exception>
    public void Write(LogGuard guard)
    {
        lock (gate)
        {
            guard.RequireFollows(Last);
            files.CreateDirectory(Path.GetDirectoryName(path)!);
            files.Replace(path, Encoding.ASCII.GetBytes(Encode(guard)));
            last = guard;
        }
    }

    private void Move()
    {
        try
        {
            Write(Last!.Value);
            files.Delete(insidePath);
        }
        catch (FileCallException exception) when (exception.IsFull && files.Failure is null)
        {
            // Both places count; it moves at the next start.
        }
    }

    private static LogGuard? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        return TryDecode(File.ReadAllText(path), out LogGuard guard)
            ? guard
            : throw new StorageException($"The rollback guard '{path}' is damaged or of a newer version. Nothing was changed; restore it from a backup.");
    }

    private static string Encode(LogGuard guard)
    {
        string content = string.Create(CultureInfo.InvariantCulture, $"{Title}\n{guard.Size}\n{guard.Root}\n");
        return $"{content}{Digest.Of(Encoding.ASCII.GetBytes(content))}\n";
    }

    private static bool TryDecode(string text, out LogGuard guard)
    {
        string[] lines = text.Split('\n');
        guard = default;
        if (lines.Length != 5 || !ulong.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong size) || !Digest.TryParse(lines[2], out Digest root))
            return false;
        guard = new LogGuard(size, root);
        return string.Equals(Encode(guard), text, StringComparison.Ordinal);
    }
}
