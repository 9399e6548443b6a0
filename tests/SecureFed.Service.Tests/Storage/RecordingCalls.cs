extern alias server;
using Microsoft.Win32.SafeHandles;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Storage;

/// <summary>One call that changed the disk.</summary>
/// <param name="Kind">Name of the call.</param>
/// <param name="Path">Its file or directory.</param>
/// <param name="To">Of a rename.</param>
/// <param name="Offset">Of a write; the length of a truncation.</param>
/// <param name="Bytes">Of a write.</param>
internal sealed record DiskOperation(string Kind, string Path, string? To = null, long Offset = 0, byte[]? Bytes = null);

/// <summary>Keeps a list of what was done, for <see cref="PowerCut"/>.</summary>
internal sealed class RecordingCalls : IFileCalls
{
    private readonly Dictionary<SafeFileHandle, string> paths = [];

    public List<DiskOperation> Operations { get; } = [];

    public SafeFileHandle Open(string path, bool isEmptied)
    {
        SafeFileHandle handle = HookedCalls.WithoutFlush.Open(path, isEmptied);
        paths[handle] = path;
        Operations.Add(new DiskOperation(isEmptied ? "OpenEmptied" : "Open", path));
        return handle;
    }

    public int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        int written = HookedCalls.WithoutFlush.Write(file, bytes, offset);
        Operations.Add(new DiskOperation("Write", paths[file], Offset: offset, Bytes: bytes[..written].ToArray()));
        return written;
    }

    public void Truncate(SafeFileHandle file, long length)
    {
        HookedCalls.WithoutFlush.Truncate(file, length);
        Operations.Add(new DiskOperation("Truncate", paths[file], Offset: length));
    }

    public void Flush(SafeFileHandle file) => Operations.Add(new DiskOperation("Flush", paths[file]));

    public void FailFlush(SafeFileHandle file) => Operations.Add(new DiskOperation("FlushFailed", paths[file]));

    public void FlushDirectory(string path) => Operations.Add(new DiskOperation("FlushDirectory", path));

    public void CreateDirectory(string path)
    {
        HookedCalls.WithoutFlush.CreateDirectory(path);
        Operations.Add(new DiskOperation("CreateDirectory", path));
    }

    public void Rename(string from, string to)
    {
        HookedCalls.WithoutFlush.Rename(from, to);
        Operations.Add(new DiskOperation("Rename", from, to));
    }

    public void Delete(string path)
    {
        bool exists = File.Exists(path);
        HookedCalls.WithoutFlush.Delete(path);
        if (exists)
            Operations.Add(new DiskOperation("Delete", path));
    }
}
