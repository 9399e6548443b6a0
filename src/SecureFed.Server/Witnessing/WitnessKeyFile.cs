using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Server.Witnessing;

/// <summary>A witness's key as a file of one line: the skey, not encrypted, because the form that witnesses share has no passphrase.</summary>
public static class WitnessKeyFile
{
    private const int GreatestBytes = 4096;

    /// <summary>Writes a fresh key with mode 0600, and its vkey beside it with the extension <c>.vkey</c>; refuses to overwrite either.</summary>
    /// <returns>The vkey.</returns>
    /// <exception cref="ArgumentException">The name is no key name.</exception>
    public static NoteVerifier Create(string path, string name, IRandomSource random)
    {
        using WitnessKey key = WitnessKey.Generate(name, random);
        string publicPath = PublicPathOf(path);
        if (string.Equals(publicPath, path, StringComparison.Ordinal) || File.Exists(publicPath))
            throw new IOException($"'{publicPath}' exists or is the secret key's own file; keys are never overwritten.");
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (StreamWriter writer = new(path, options))
            writer.Write(key.Export() + "\n");
        using (StreamWriter writer = new(publicPath, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write }))
            writer.Write(key.Verifier + "\n");
        return key.Verifier;
    }

    /// <summary>Where <see cref="Create"/> puts the vkey.</summary>
    public static string PublicPathOf(string path) => Path.ChangeExtension(path, ".vkey");

    /// <exception cref="SecureFedException">The file is missing or no skey.</exception>
    public static WitnessKey Load(string path)
    {
        Exception? cause = null;
        try
        {
            string[] lines = new FileInfo(path).Length <= GreatestBytes ? File.ReadAllText(path).Split('\n') : [];
            if ((lines is [_] or [_, ""]) && WitnessKey.TryParse(lines[0], out WitnessKey? key))
                return key!;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            cause = exception;
        }

        throw new SecureFedException(
            ErrorCodes.InvalidConfiguration,
            $"'{path}' is no witness key (PRIVATE+KEY+name+id+base64). Make one with 'securefed keys witness'.",
            isTransient: false,
            cause);
    }
}
