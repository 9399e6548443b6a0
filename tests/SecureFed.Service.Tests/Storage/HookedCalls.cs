extern alias server;
using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Storage;

/// <summary>Real calls with something before each of them, and a flush that costs nothing: the tests do not cut the power of this machine.</summary>
/// <param name="beforeAt">Gets the name of the call and the path of its file; what it throws takes the place of the call.</param>
internal sealed class HookedCalls(Action<string, string> beforeAt) : IFileCalls
{
    private readonly ConcurrentDictionary<SafeFileHandle, string> paths = new();

    /// <param name="before">Gets the name of the call only.</param>
    public HookedCalls(Action<string> before)
        : this((call, _) => before(call))
    {
    }

    /// <summary>Nothing before; only the flushes are missing.</summary>
    public static HookedCalls WithoutFlush { get; } = new((_, _) => { });

    public SafeFileHandle Open(string path, bool isEmptied)
    {
        beforeAt(nameof(Open), path);
        SafeFileHandle file = FileCalls.Instance.Open(path, isEmptied);
        paths[file] = path;
        return file;
    }

    public int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        beforeAt(nameof(Write), paths[file]);
        return FileCalls.Instance.Write(file, bytes, offset);
    }

    public void Truncate(SafeFileHandle file, long length)
    {
        beforeAt(nameof(Truncate), paths[file]);
        FileCalls.Instance.Truncate(file, length);
    }

    public void Flush(SafeFileHandle file) => beforeAt(nameof(Flush), paths[file]);

    public void FlushDirectory(string path) => beforeAt(nameof(FlushDirectory), path);

    public void CreateDirectory(string path)
    {
        beforeAt(nameof(CreateDirectory), path);
        FileCalls.Instance.CreateDirectory(path);
    }

    public void Rename(string from, string to)
    {
        beforeAt(nameof(Rename), to);
        FileCalls.Instance.Rename(from, to);
    }

    public void Delete(string path)
    {
        beforeAt(nameof(Delete), path);
        FileCalls.Instance.Delete(path);
    }
}
