using Microsoft.Win32.SafeHandles;

namespace SecureFed.Shared;

/// <summary>The calls that change what is on a disk, each as small as the operating system makes it, so that tests can fail, shorten and record every one.</summary>
/// <remarks>Every method throws <see cref="FileCallException"/> (or what the runtime throws for a missing or forbidden path) and then has done nothing, or an unknown part.</remarks>
internal interface IFileCalls
{
    /// <summary>Opens for reading and writing; creates with mode 0600 what is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isEmptied">Cut to length 0.</param>
    SafeFileHandle Open(string path, bool isEmptied);

    /// <returns>Bytes written, which may be fewer than asked for.</returns>
    int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);

    void Truncate(SafeFileHandle file, long length);

    void Flush(SafeFileHandle file);

    /// <summary>Makes creations, renames and deletions in the directory durable.</summary>
    void FlushDirectory(string path);

    /// <summary>Creates one directory with mode 0700; its parent exists.</summary>
    void CreateDirectory(string path);

    /// <summary>Replaces <paramref name="to"/> if it exists.</summary>
    void Rename(string from, string to);

    void Delete(string path);
}
