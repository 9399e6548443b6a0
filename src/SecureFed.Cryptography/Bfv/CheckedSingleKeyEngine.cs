using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>The one way to an <see cref="ISingleKeyEngine"/>: hands it only what our parser has made, and reads what it returns.</summary>
/// <remarks>SEAL's maintainers call older versions unsafe for hostile bytes, so no byte of a peer reaches an engine: keys and ciphertexts come here as objects that were checked
/// when they were read, and are written anew, without compression or seeds.</remarks>
public sealed class CheckedSingleKeyEngine
{
    private readonly ISingleKeyEngine engine;

    /// <param name="engine">Null takes <see cref="ManagedSingleKeyEngine"/>.</param>
    public CheckedSingleKeyEngine(ISingleKeyEngine? engine = null) => this.engine = engine ?? ManagedSingleKeyEngine.Instance;

    public string Name => engine.Name;

    /// <summary>⌈L/N⌉.</summary>
    public static int CountOf(SealParameters parameters, int length) => (length + parameters.Degree - 1) / parameters.Degree;

    /// <exception cref="ArgumentException">No set for single keys has these parameters.</exception>
    /// <exception cref="SealFormatException">The engine returned something else than keys of these parameters.</exception>
    public (SealSecretKey SecretKey, SealPublicKey PublicKey) DrawKeys(SealParameters parameters, IRandomSource random)
    {
        RequireExamined(parameters);
        (byte[] secretKey, byte[] publicKey) = engine.DrawKeys(parameters, random);
        try
        {
            SealPublicKey read = SealPublicKey.Read(publicKey, parameters);
            return (SealSecretKey.Read(secretKey, parameters), read);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secretKey);
        }
    }

    /// <param name="key">Of a set for single keys.</param>
    /// <param name="values">L of them, each below t.</param>
    /// <param name="random">Strong.</param>
    /// <returns>⌈L/N⌉ ciphertexts; the last is padded with zeros.</returns>
    /// <exception cref="ArgumentException">No set for single keys has the key's parameters, or a value is not below t.</exception>
    /// <exception cref="SealFormatException">The engine returned something else than that many ciphertexts.</exception>
    public IReadOnlyList<SealCiphertext> Encrypt(SealPublicKey key, ReadOnlySpan<uint> values, IRandomSource random)
    {
        SealParameters parameters = key.Parameters;
        RequireExamined(parameters);
        uint greatest = (uint)(parameters.PlainModulus - 1);
        uint used = 0;
        foreach (uint value in values) used |= value;
        if ((used & ~greatest) != 0) throw new ArgumentException("A value is not below t.", nameof(values));
        byte[] written = SealPublicKey.Create(parameters, [.. key.First, .. key.Second]).Write();
        IReadOnlyList<byte[]> encrypted = engine.Encrypt(parameters, written, values, random);
        if (encrypted.Count != CountOf(parameters, values.Length)) throw SealFormatException.Length($"The engine {Name} returned {encrypted.Count} ciphertexts.");
        return [.. encrypted.Select(file => SealCiphertext.Read(file, parameters))];
    }

    /// <param name="key">Of a set for single keys.</param>
    /// <param name="ciphertexts">⌈L/N⌉ of the key's parameters.</param>
    /// <param name="values">L values, overwritten.</param>
    /// <exception cref="ArgumentException">No set for single keys has the key's parameters, or the ciphertexts are under others or of another number.</exception>
    /// <exception cref="ObjectDisposedException">The key has been disposed.</exception>
    public void Decrypt(SealSecretKey key, IReadOnlyList<SealCiphertext> ciphertexts, Span<uint> values)
    {
        SealParameters parameters = key.Parameters;
        RequireExamined(parameters);
        if (ciphertexts.Count != CountOf(parameters, values.Length)) throw new ArgumentException($"{values.Length} values are in {CountOf(parameters, values.Length)} ciphertexts.", nameof(ciphertexts));
        if (ciphertexts.Any(c => c.Parameters.KeyLevel.Id != parameters.KeyLevel.Id)) throw new ArgumentException("A ciphertext is under other parameters.", nameof(ciphertexts));
        byte[] secretKey = key.Write();
        try
        {
            engine.Decrypt(parameters, secretKey, [.. ciphertexts.Select(c => SealCiphertext.Create(parameters, [.. c.First, .. c.Second]).Write())], values);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secretKey);
        }

        Ring.Reduce(values, System.Numerics.BitOperations.Log2(parameters.PlainModulus));
    }

    public override string ToString() => Name;

    /// <summary>The at most N values of ciphertext <paramref name="index"/>.</summary>
    internal static Span<uint> Stretch(SealParameters parameters, Span<uint> values, int index) =>
        values.Slice(index * parameters.Degree, Math.Min(parameters.Degree, values.Length - (index * parameters.Degree)));

    /// <inheritdoc cref="Stretch(SealParameters, Span{uint}, int)"/>
    internal static ReadOnlySpan<uint> Stretch(SealParameters parameters, ReadOnlySpan<uint> values, int index) =>
        values.Slice(index * parameters.Degree, Math.Min(parameters.Degree, values.Length - (index * parameters.Degree)));

    private static void RequireExamined(SealParameters parameters)
    {
        if (BfvSet.Find(parameters) is null) throw new ArgumentException("Single keys use the rings of S1 and S2 with t = 2^b, b at most 32.", nameof(parameters));
    }
}
