using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>Encrypts under the secret key itself, one polynomial per call, what Microsoft SEAL decrypts: less noise, and half the bytes with a seed.</summary>
/// <remarks>(−(a·s + e) + round(q·m/t), a), a uniform, e binomial of variance 10.5 (SEAL 4.1, util/rlwe.cpp, encrypt_zero_symmetric). Values, time and assumptions as
/// for <see cref="SingleKeyEncryption"/>.</remarks>
public sealed class SingleKeySymmetricEncryption : IDisposable
{
    private readonly SealSecretKey key;
    private readonly IRandomSource random;
    private readonly SingleKeyRing ring;
    private readonly ulong[] words;
    private bool isDisposed;

    /// <param name="key">The caller's to dispose.</param>
    /// <param name="random">Strong.</param>
    /// <exception cref="ArgumentException">No set for single keys has the key's parameters.</exception>
    public SingleKeySymmetricEncryption(SealSecretKey key, IRandomSource random)
    {
        (this.key, this.random) = (key, random);
        ring = SingleKeyRing.Of(key.Parameters);
        words = GC.AllocateArray<ulong>(2 * ring.Degree, pinned: true);
    }

    public SealParameters Parameters => key.Parameters;

    /// <param name="values">At most N.</param>
    /// <param name="isSeeded">Whether the ciphertext is written with the seed of a instead of a.</param>
    /// <exception cref="ArgumentException">More than N values.</exception>
    /// <exception cref="ObjectDisposedException">The encryption or the key has been disposed.</exception>
    public SealCiphertext Encrypt(ReadOnlySpan<uint> values, bool isSeeded)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (values.Length > ring.Degree) throw new ArgumentException($"At most {ring.Degree} values.", nameof(values));
        PrimeModulus q = ring.Modulus;
        Span<ulong> first = words.AsSpan(0, ring.Degree), second = words.AsSpan(ring.Degree);
        SealSeed seed = DrawSeed(random);
        SealUniformSampler.Fill(seed, Parameters.DataLevel.Primes, second);
        second.CopyTo(first);
        ring.Transform.Forward(first);
        ring.Transform.Multiply(first, key.Words, first);
        ring.Transform.Inverse(first);
        SmallPolynomial.AddBinomial(first, q, random);
        foreach (ref ulong word in first) word = q.Negate(word);
        ring.AddPlain(values, first);
        return isSeeded ? SealCiphertext.CreateSeeded(Parameters, first, seed) : SealCiphertext.Create(Parameters, words);
    }

    public void Dispose()
    {
        isDisposed = true;
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words.AsSpan()));
    }

    /// <summary>For SEAL's default generator. Public.</summary>
    internal static SealSeed DrawSeed(IRandomSource random)
    {
        Span<byte> seed = stackalloc byte[SealSeed.SeedBytes];
        random.Fill(seed);
        return new SealSeed(SealGenerator.Blake2xb, seed);
    }
}
