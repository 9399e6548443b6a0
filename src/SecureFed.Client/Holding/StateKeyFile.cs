using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;

namespace SecureFed.Client.Holding;

/// <summary>The key under which a key holder's state lies on disk: 32 random bytes in a file of their own, mode 0600.</summary>
/// <remarks>Keep it on another medium than the state if you can: who has both has the keys of the rounds to come.</remarks>
public static class StateKeyFile
{
    public const int Bytes = 32;

    /// <summary>Writes a fresh key; refuses to overwrite.</summary>
    public static void Create(string path, IRandomSource random)
    {
        byte[] key = new byte[Bytes];
        random.Fill(key);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using FileStream file = new(path, options);
        file.Write(key);
        file.Flush(flushToDisk: true);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <returns>Exactly 32 bytes.</returns>
    /// <exception cref="SecureFedException">The file is missing, or no such key.</exception>
    public static byte[] Load(string path)
    {
        try
        {
            if (new FileInfo(path).Length == Bytes && File.ReadAllBytes(path) is { Length: Bytes } key)
                return key;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, exception);
        }

        throw Unusable(path, null);
    }

    private static SecureFedException Unusable(string path, Exception? cause) =>
        new(ErrorCodes.InvalidConfiguration, $"'{path}' is no state key of {Bytes} bytes. Make one with 'securefed keyholder init'.", false, cause);
}
