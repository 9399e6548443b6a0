extern alias server;
using Microsoft.Win32.SafeHandles;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Storage;

/// <summary>What one call does instead of its work.</summary>
public enum Fault
{
    InputOutput,
    NoSpace,
    Interrupted,
    ShortWrite,

    /// <summary>This call and all later ones do nothing: the process was killed.</summary>
    Killed,

    /// <summary>A flush fails and drops the pages (<see cref="PowerCut"/>); other calls do their work.</summary>
    DroppedPages,
}

/// <summary>Lets one call fail. A write that fails has written half of its bytes, as real ones may.</summary>
/// <param name="inner">Does the rest.</param>
/// <param name="site">Number of the call, from 0.</param>
/// <param name="fault">What happens there.</param>
internal sealed class FaultingCalls(IFileCalls inner, int site, Fault fault) : IFileCalls
{
    private int calls;

    /// <summary>Name of the call that failed; null if there are fewer calls.</summary>
    public string? Failed { get; private set; }

    public SafeFileHandle Open(string path, bool isEmptied)
    {
        Enter(nameof(Open));
        return inner.Open(path, isEmptied);
    }

    public int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (IsSite(nameof(Write)) && fault != Fault.DroppedPages)
        {
            int written = fault == Fault.Interrupted || calls > site + 1 ? 0 : inner.Write(file, bytes[..Math.Max(1, bytes.Length / 2)], offset);
            return fault == Fault.ShortWrite ? written : throw Failure();
        }

        return inner.Write(file, bytes, offset);
    }

    public void Truncate(SafeFileHandle file, long length)
    {
        Enter(nameof(Truncate));
        inner.Truncate(file, length);
    }

    public void Flush(SafeFileHandle file)
    {
        bool isSite = IsSite(nameof(Flush));
        if (isSite && fault == Fault.DroppedPages)
            (inner as RecordingCalls)?.FailFlush(file);
        if (isSite && fault != Fault.ShortWrite)
            throw Failure();
        inner.Flush(file);
    }

    public void FlushDirectory(string path)
    {
        Enter(nameof(FlushDirectory));
        inner.FlushDirectory(path);
    }

    public void CreateDirectory(string path)
    {
        Enter(nameof(CreateDirectory));
        inner.CreateDirectory(path);
    }

    public void Rename(string from, string to)
    {
        Enter(nameof(Rename));
        inner.Rename(from, to);
    }

    public void Delete(string path)
    {
        Enter(nameof(Delete));
        inner.Delete(path);
    }

    private void Enter(string call)
    {
        if (IsSite(call) && fault is not (Fault.ShortWrite or Fault.DroppedPages))
            throw Failure();
    }

    private bool IsSite(string call)
    {
        int number = calls++;
        if (number == site)
            Failed = call;
        return number == site || (number > site && fault == Fault.Killed);
    }

    private FileCallException Failure() => new("call", fault switch
    {
        Fault.NoSpace => FileCallException.NoSpace,
        Fault.Interrupted => FileCallException.Interrupted,
        _ => FileCallException.InputOutput,
    }, fault.ToString());
}
