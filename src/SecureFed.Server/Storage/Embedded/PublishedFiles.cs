using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>The files that anyone may read: each replaced by a rename, so that a reader sees the old or the new one.</summary>
internal sealed class PublishedFiles(DurableFiles files, string directory)
{
    private readonly Lock gate = new();
    private bool isClosed;

    /// <summary>Makes the files that are there durable: a process that was killed may have renamed them and no more.</summary>
    public void Confirm()
    {
        if (!Directory.Exists(directory))
            return;
        foreach (string inner in Directory.EnumerateDirectories(directory, "*", SearchOption.AllDirectories).Append(directory).Append(Path.GetDirectoryName(directory)!))
            files.FlushDirectory(inner);
    }

    public byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(FullPathOf(path));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public void Write(IReadOnlyList<(string Path, ReadOnlyMemory<byte> Bytes)> contents)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            foreach ((string path, ReadOnlyMemory<byte> bytes) in contents)
            {
                string full = FullPathOf(path);
                files.CreateDirectory(Path.GetDirectoryName(full)!);
                files.Replace(full, bytes);
            }
        }
    }

    /// <summary>Waits for a write that is under way.</summary>
    public void Close()
    {
        lock (gate)
            isClosed = true;
    }

    private string FullPathOf(string path) => Path.Combine(directory, PublishedPath.Require(path));
}
