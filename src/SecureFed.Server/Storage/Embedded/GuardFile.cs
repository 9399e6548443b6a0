using System.Globalization;
using System.Text;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>The rollback guard of one task: a small text file that may lie on another disk than the log.</summary>
internal sealed class GuardFile
{
    private const string Title = "securefed guard 1";
    private readonly DurableFiles files;
    private readonly string path;
    private readonly Lock gate = new();
    private volatile object? last;

    private GuardFile(DurableFiles files, string path)
    {
        this.files = files;
        this.path = path;
    }

    public LogGuard? Last => (LogGuard?)last;

    /// <exception cref="StorageException">Damaged or of a newer version.</exception>
    public static GuardFile Open(DurableFiles files, string path)
    {
        GuardFile file = new(files, path);
        if (!File.Exists(path))
            return file;
        files.FlushDirectory(Path.GetDirectoryName(path)!); // A process that was killed may have renamed it and no more.
        file.last = TryDecode(File.ReadAllText(path), out LogGuard guard)
            ? guard
            : throw new StorageException($"The rollback guard '{path}' is damaged or of a newer version. Nothing was changed; restore it from a backup.");
        return file;
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
