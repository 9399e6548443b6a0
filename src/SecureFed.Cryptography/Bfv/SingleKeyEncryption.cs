using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>Encrypts under a public key, one polynomial per call, what Microsoft SEAL decrypts.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Ciphertext</term><description>(p₀·u + e₁ + round(q·m/t), p₁·u + e₂), u ternary, e₁ and e₂ binomial of variance 10.5 (Fan and Vercauteren 2012, section 3; SEAL
/// 4.1, util/rlwe.cpp, encrypt_zero_asymmetric, with one prime).</description></item>
/// <item><term>Noise</term><description>Variance 10.5·(4N/3 + 1) per coefficient; sums add it up, which <see cref="BfvParameters"/> bounds.</description></item>
/// <item><term>Values</term><description>Elements of Z mod 2^b; higher bits are ignored. Fewer than N values are followed by zeros.</description></item>
/// <item><term>Time</term><description>Depends on N and lengths only.</description></item>
/// <item><term>Assumes</term><description>A strong random source, and that the public key is the key holder's: it must have come signed.</description></item>
/// </list>
/// Not thread safe.
/// </remarks>
public sealed class SingleKeyEncryption : IDisposable
{
    private readonly SealPublicKey key;
    private readonly IRandomSource random;
    private readonly SingleKeyRing ring;
    private readonly ulong[] secret;
    private readonly ulong[] words;
    private bool isDisposed;

    /// <exception cref="ArgumentException">No set for single keys has the key's parameters.</exception>
    public SingleKeyEncryption(SealPublicKey key, IRandomSource random)
    {
        (this.key, this.random) = (key, random);
        ring = SingleKeyRing.Of(key.Parameters);
        secret = GC.AllocateArray<ulong>(ring.Degree, pinned: true);
        words = GC.AllocateArray<ulong>(2 * ring.Degree, pinned: true);
    }

    public SealParameters Parameters => key.Parameters;

    /// <param name="values">At most N.</param>
    /// <exception cref="ArgumentException">More than N values.</exception>
    /// <exception cref="ObjectDisposedException">The encryption has been disposed.</exception>
    public SealCiphertext Encrypt(ReadOnlySpan<uint> values)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (values.Length > ring.Degree) throw new ArgumentException($"At most {ring.Degree} values.", nameof(values));
        SmallPolynomial.FillTernary(secret, ring.Modulus, random);
        ring.Transform.Forward(secret);
        Span<ulong> first = words.AsSpan(0, ring.Degree), second = words.AsSpan(ring.Degree);
        EncryptZero(key.First, first);
        EncryptZero(key.Second, second);
        ring.AddPlain(values, first);
        return SealCiphertext.Create(Parameters, words);
    }

    public void Dispose()
    {
        isDisposed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(secret.AsSpan()));
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words.AsSpan()));
    }

    /// <summary>component = keyPart·u + e, as coefficients.</summary>
    private void EncryptZero(ReadOnlySpan<ulong> keyPart, Span<ulong> component)
    {
        ring.Transform.Multiply(keyPart, secret, component);
        ring.Transform.Inverse(component);
        SmallPolynomial.AddBinomial(component, ring.Modulus, random);
    }
}
