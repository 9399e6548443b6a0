using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;

namespace SecureFed.SealNet.Tests;

/// <summary>Notes every object that reaches an engine.</summary>
internal sealed class SpyEngine(ISingleKeyEngine engine) : ISingleKeyEngine
{
    public List<byte[]> Seen { get; } = [];

    public string Name => engine.Name;

    public (byte[] SecretKey, byte[] PublicKey) DrawKeys(SealParameters parameters, IRandomSource random) => engine.DrawKeys(parameters, random);

    public IReadOnlyList<byte[]> Encrypt(SealParameters parameters, ReadOnlySpan<byte> publicKey, ReadOnlySpan<uint> values, IRandomSource random)
    {
        Seen.Add(publicKey.ToArray());
        return engine.Encrypt(parameters, publicKey, values, random);
    }

    public void Decrypt(SealParameters parameters, ReadOnlySpan<byte> secretKey, IReadOnlyList<byte[]> ciphertexts, Span<uint> values)
    {
        Seen.AddRange(ciphertexts);
        engine.Decrypt(parameters, secretKey, ciphertexts, values);
    }
}
