using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SecureFed.Shared;

/// <summary>The operating system's own calls.</summary>
/// <remarks>
/// On Linux the runtime's flush hides a failing fsync (measured on .NET 10, DESIGN section 6) and it has none for directories, so fsync and pwrite are called
/// directly; the runtime reports the errors of open, truncate, rename and delete. Windows flushes by FlushFileBuffers and keeps its directories itself.
/// </remarks>
internal sealed class FileCalls : IFileCalls
{
    private const int ReadOnly = 0;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static readonly FileCalls Instance = new();

    private FileCalls()
    {
    }

    public SafeFileHandle Open(string path, bool isEmptied) => Run("open", () =>
    {
        FileStreamOptions options = new()
        {
            Mode = isEmptied ? FileMode.Create : FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = PrivateFile;
        return new FileStream(path, options).SafeFileHandle;
    });

    public int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.Write(file, bytes, offset);
            return bytes.Length;
        }

        return (int)Require("write", NativeMethods.Write(file, in MemoryMarshal.GetReference(bytes), bytes.Length, offset));
    }

    public void Truncate(SafeFileHandle file, long length) => Run("truncate", () => RandomAccess.SetLength(file, length));

    public void Flush(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            Run("flush", () => RandomAccess.FlushToDisk(file));
            return;
        }

        Require("fsync", NativeMethods.Flush(file));
        if (OperatingSystem.IsMacOS())
            RandomAccess.FlushToDisk(file); // F_FULLFSYNC: fsync there stops at the drive's own cache.
    }

    public void FlushDirectory(string path)
    {
        if (!OperatingSystem.IsWindows())
            FlushUnixDirectory(path);
    }

    public void CreateDirectory(string path) => Run("mkdir", () =>
        OperatingSystem.IsWindows() ? Directory.CreateDirectory(path) : Directory.CreateDirectory(path, PrivateFile | UnixFileMode.UserExecute));

    public void Rename(string from, string to) => Run("rename", () => File.Move(from, to, overwrite: true));

    public void Delete(string path) => Run("unlink", () => File.Delete(path));

    [UnsupportedOSPlatform("windows")]
    private static void FlushUnixDirectory(string path)
    {
        int descriptor = (int)Require("open directory", NativeMethods.Open(path, ReadOnly));
        using SafeFileHandle directory = new(descriptor, ownsHandle: true);
        Require("fsync directory", NativeMethods.Flush(directory));
    }

    private static nint Require(string call, nint outcome) =>
        outcome >= 0 ? outcome : throw new FileCallException(call, Marshal.GetLastPInvokeError(), Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));

    private static void Run(string call, Action action) => Run(call, () =>
    {
        action();
        return true;
    });

    /// <summary>The runtime puts errno into HResult where it has no exception type of its own for it, and no type stands for a full disk.</summary>
    private static T Run<T>(string call, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (IOException exception) when (exception.GetType() == typeof(IOException))
        {
            int error = exception.HResult == WindowsDiskFull ? FileCallException.NoSpace : exception.HResult;
            throw new FileCallException(call, error, exception.Message, exception);
        }
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern int Flush(SafeFileHandle file);

        [DllImport("libc", EntryPoint = "pwrite", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern nint Write(SafeFileHandle file, in byte bytes, nint count, long offset);

        [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern int Open(string path, int flags);
    }
}
