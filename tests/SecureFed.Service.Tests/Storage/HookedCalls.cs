extern alias server;
using Microsoft.Win32.SafeHandles;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Storage;

/// <summary>Real calls with something before each of them, and a flush that costs nothing: the tests do not cut the power of this machine.</summary>
/// <param name="before">Gets the name of the call; what it throws takes the place of the call.</param>
internal sealed class HookedCalls(Action<string> before) : IFileCalls
{
    /// <summary>Nothing before; only the flushes are missing.</summary>
    public static HookedCalls WithoutFlush { get; } = new(_ => { });

    public SafeFileHandle Open(string path, bool isEmptied)
    {
        before(nameof(Open));
        return FileCalls.Instance.Open(path, isEmptied);
    }

    public int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        before(nameof(Write));
        return FileCalls.Instance.Write(file, bytes, offset);
    }

    public void Truncate(SafeFileHandle file, long length)
    {
        before(nameof(Truncate));
        FileCalls.Instance.Truncate(file, length);
    }

    public void Flush(SafeFileHandle file) => before(nameof(Flush));

    public void FlushDirectory(string path) => before(nameof(FlushDirectory));

    public void CreateDirectory(string path)
    {
        before(nameof(CreateDirectory));
        FileCalls.Instance.CreateDirectory(path);
    }

    public void Rename(string from, string to)
    {
        before(nameof(Rename));
        FileCalls.Instance.Rename(from, to);
    }

    public void Delete(string path)
    {
        before(nameof(Delete));
        FileCalls.Instance.Delete(path);
    }
}
