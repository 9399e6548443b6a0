using SecureFed.Cli.Output;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cli.Commands;

/// <summary>SEAL objects on disk.</summary>
internal static class SealFile
{
    /// <summary>Twice the largest object of the largest parameters, so that no file is read that cannot be one.</summary>
    private const long GreatestBytes = 16 << 20;

    public static byte[] Read(string path) => Read(
        path, GreatestBytes, () => CommandException.Refuse(SealErrorCodes.Length, $"{path} is larger than any SEAL object that is read here.", "Check that it is the file you mean."));

    /// <exception cref="CommandException">As <paramref name="tooLong"/> says.</exception>
    public static byte[] Read(string path, long greatestBytes, Func<CommandException> tooLong)
    {
        using FileStream stream = File.OpenRead(path);
        if (stream.Length > greatestBytes)
            throw tooLong();
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Writes with mode 0600. An older file goes first: overwriting it would keep its mode, and who has it open.</summary>
    public static void WriteSecret(string path, ReadOnlySpan<byte> bytes)
    {
        File.Delete(path);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using FileStream stream = new(path, options);
        stream.Write(bytes);
    }
}
