using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>The default engine: <see cref="SingleKeys"/>, <see cref="SingleKeyEncryption"/> and <see cref="SingleKeyDecryption"/>.</summary>
public sealed class ManagedSingleKeyEngine : ISingleKeyEngine
{
    private ManagedSingleKeyEngine()
    {
    }

    public static ManagedSingleKeyEngine Instance { get; } = new();

    public string Name => "SecureFed";

    public (byte[] SecretKey, byte[] PublicKey) DrawKeys(SealParameters parameters, IRandomSource random)
    {
        using SealSecretKey secretKey = SingleKeys.Draw(parameters, random);
        return (secretKey.Write(), SingleKeys.PublicKeyOf(secretKey, random).Write());
    }

    public IReadOnlyList<byte[]> Encrypt(SealParameters parameters, ReadOnlySpan<byte> publicKey, ReadOnlySpan<uint> values, IRandomSource random)
    {
        using SingleKeyEncryption encryption = new(SealPublicKey.Read(publicKey, parameters), random);
        byte[][] ciphertexts = new byte[CheckedSingleKeyEngine.CountOf(parameters, values.Length)][];
        for (int i = 0; i < ciphertexts.Length; i++)
            ciphertexts[i] = encryption.Encrypt(CheckedSingleKeyEngine.Stretch(parameters, values, i)).Write();
        return ciphertexts;
    }

    public void Decrypt(SealParameters parameters, ReadOnlySpan<byte> secretKey, IReadOnlyList<byte[]> ciphertexts, Span<uint> values)
    {
        using SealSecretKey key = SealSecretKey.Read(secretKey, parameters);
        using SingleKeyDecryption decryption = new(key);
        for (int i = 0; i < ciphertexts.Count; i++)
            decryption.Decrypt(SealCiphertext.Read(ciphertexts[i], parameters), CheckedSingleKeyEngine.Stretch(parameters, values, i));
    }

    public override string ToString() => Name;
}
