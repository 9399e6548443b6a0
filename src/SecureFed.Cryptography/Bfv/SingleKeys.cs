using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>Draws the keys of BFV with a single key holder, in Microsoft SEAL's form.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>Fan and Vercauteren 2012 (eprint 2012/144), section 3; SEAL 4.1, keygenerator.cpp.</description></item>
/// <item><term>Secret key</term><description>s with uniform coefficients of −1, 0 and 1.</description></item>
/// <item><term>Public key</term><description>(−(a·s + e), a), a uniform, e binomial of variance 10.5.</description></item>
/// <item><term>Sets</term><description><see cref="BfvSet.S1"/>, <see cref="BfvSet.S2"/>; t = 2^b.</description></item>
/// <item><term>Not protected against</term><description>A sender of ciphertexts who departs from the scheme and sees decrypted sums: one malformed ciphertext reads the whole secret key
/// out of a sum, and with it everything under that key. Draw a key for one round, for senders who follow the protocol; otherwise use one-time keys
/// (<see cref="OneTimeEncryption"/>).</description></item>
/// </list>
/// </remarks>
public static class SingleKeys
{
    /// <exception cref="ArgumentException">No set for single keys has these parameters.</exception>
    public static SealSecretKey Draw(SealParameters parameters, IRandomSource random)
    {
        SingleKeyRing ring = SingleKeyRing.Of(parameters);
        ulong[] secret = GC.AllocateArray<ulong>(ring.Degree, pinned: true);
        try
        {
            SmallPolynomial.FillTernary(secret, ring.Modulus, random);
            ring.Transform.Forward(secret);
            return SealSecretKey.Create(parameters, secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(secret.AsSpan()));
        }
    }

    /// <summary>A fresh public key of <paramref name="secretKey"/>.</summary>
    /// <exception cref="ArgumentException">No set for single keys has the key's parameters.</exception>
    public static SealPublicKey PublicKeyOf(SealSecretKey secretKey, IRandomSource random)
    {
        SingleKeyRing ring = SingleKeyRing.Of(secretKey.Parameters);
        PrimeModulus q = ring.Modulus;
        ulong[] words = GC.AllocateArray<ulong>(2 * ring.Degree, pinned: true);
        ulong[] error = GC.AllocateArray<ulong>(ring.Degree, pinned: true);
        try
        {
            Span<ulong> first = words.AsSpan(0, ring.Degree), second = words.AsSpan(ring.Degree);
            // Uniform values are uniform coefficients: SEAL draws a in NTT form, too.
            SealUniformSampler.Fill(SingleKeySymmetricEncryption.DrawSeed(random), secretKey.Parameters.KeyLevel.Primes, second);
            SmallPolynomial.AddBinomial(error, q, random);
            ring.Transform.Forward(error);
            ring.Transform.Multiply(second, secretKey.Words, first);
            ResidueVector.Add(first, error, q);
            foreach (ref ulong word in first) word = q.Negate(word);
            return SealPublicKey.Create(secretKey.Parameters, words);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(error.AsSpan()));
        }
    }

    /// <summary>Whether a public key is one of this secret key: the coefficients of p₀ + p₁·s are errors, from −21 to 21.</summary>
    /// <exception cref="ArgumentException">No set for single keys has the key's parameters.</exception>
    public static bool Matches(SealSecretKey secretKey, SealPublicKey publicKey)
    {
        if (secretKey.Parameters.KeyLevel.Id != publicKey.Parameters.KeyLevel.Id) return false;
        SingleKeyRing ring = SingleKeyRing.Of(secretKey.Parameters);
        ulong[] error = GC.AllocateArray<ulong>(ring.Degree, pinned: true);
        try
        {
            ring.Transform.Multiply(publicKey.Second, secretKey.Words, error);
            ResidueVector.Add(error, publicKey.First, ring.Modulus);
            ring.Transform.Inverse(error);
            bool isSmall = true;
            foreach (ulong word in error) isSmall &= Math.Abs(ring.Modulus.Center(word)) <= SmallPolynomial.GreatestBinomial;
            return isSmall;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(error.AsSpan()));
        }
    }
}
