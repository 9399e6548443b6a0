using System.Security.Cryptography;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;

namespace SecureFed.Client.Configuration;

/// <summary>Identity keys as PEM files: PKCS#8, encrypted under a passphrase (PBES2, AES-256, PBKDF2-SHA256 with 600,000 iterations) or plain.</summary>
public static class IdentityFile
{
    private const int Iterations = 600_000;

    /// <summary>Writes a fresh key with mode 0600; refuses to overwrite.</summary>
    /// <returns>The public key, 65 bytes.</returns>
    public static byte[] Create(string path, string? passphrase, IRandomSource random)
    {
        using SigningKey key = SigningKey.Generate(random);
        byte[] scalar = new byte[P256.PrivateKeyBytes];
        key.ExportPrivateKey(scalar);
        using ECDsa platform = ECDsa.Create(ToParameters(scalar, key.PublicKey.Span));
        string pem = passphrase is null
            ? platform.ExportPkcs8PrivateKeyPem()
            : platform.ExportEncryptedPkcs8PrivateKeyPem(passphrase, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, Iterations));
        CryptographicOperations.ZeroMemory(scalar);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using StreamWriter writer = new(path, options);
        writer.Write(pem + "\n");
        return key.PublicKey.ToArray();
    }

    /// <exception cref="SecureFedException">The file is missing, no P-256 private key, or the passphrase is wrong.</exception>
    public static SigningKey Load(string path, string? passphrase = null)
    {
        byte[] scalar = [];
        try
        {
            using ECDsa platform = ECDsa.Create();
            string pem = File.ReadAllText(path);
            if (passphrase is null)
                platform.ImportFromPem(pem);
            else
                platform.ImportFromEncryptedPem(pem, passphrase);
            ECParameters parameters = platform.ExportParameters(includePrivateParameters: true);
            scalar = parameters.D!;
            return SigningKey.FromPrivateKey(scalar);
        }
        catch (Exception exception) when (exception is IOException or CryptographicException or ArgumentException or UnauthorizedAccessException)
        {
            throw new SecureFedException(
                ErrorCodes.InvalidConfiguration,
                $"'{path}' is no P-256 private key in PKCS#8 PEM that this passphrase opens. Make one with 'securefed keys new'.",
                false,
                exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scalar);
        }
    }

    private static ECParameters ToParameters(byte[] scalar, ReadOnlySpan<byte> publicKey) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        D = scalar,
        Q = new ECPoint { X = publicKey.Slice(1, 32).ToArray(), Y = publicKey[33..].ToArray() },
    };
}
