using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SecureFed.Client.State;

/// <summary>fsync on files and directories with its result looked at.</summary>
/// <remarks>On Linux the runtime's own flush hides a failing fsync (measured on .NET 10, DESIGN section 6), and it has none for directories.</remarks>
internal static partial class DurableFlush
{
    private const int ReadOnly = 0;

    /// <exception cref="IOException">The data may not survive a power cut.</exception>
    public static void File(SafeFileHandle handle)
    {
        if (OperatingSystem.IsWindows())
            RandomAccess.FlushToDisk(handle);
        else
            Require(NativeMethods.Fsync((int)handle.DangerousGetHandle()), "file");
    }

    /// <summary>Makes a rename in the directory durable. Windows does so by itself.</summary>
    /// <exception cref="IOException">The rename may not survive a power cut.</exception>
    public static void Directory(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = NativeMethods.Open(path, ReadOnly);
        Require(descriptor, "directory");
        int outcome = NativeMethods.Fsync(descriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = NativeMethods.Close(descriptor);
        Marshal.SetLastPInvokeError(error);
        Require(outcome, "directory");
    }

    private static void Require(int outcome, string what)
    {
        if (outcome < 0)
            throw new IOException($"The {what} could not be flushed to disk: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern int Fsync(int descriptor);

        [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern int Open(string path, int flags);

        [DllImport("libc", EntryPoint = "close")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        public static extern int Close(int descriptor);
    }
}
