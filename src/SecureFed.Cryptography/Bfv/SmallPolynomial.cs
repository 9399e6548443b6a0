using System.Numerics;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Bfv;

/// <summary>Polynomials with the small coefficients that Microsoft SEAL draws: ternary secrets and binomial errors.</summary>
/// <remarks>SEAL 4.1, util/rlwe.cpp, sample_poly_ternary and sample_poly_cbd: the same distributions, not the same use of randomness. Neither branches nor indices
/// depend on what is kept.</remarks>
internal static class SmallPolynomial
{
    /// <summary>Greatest absolute value of a binomial error.</summary>
    public const int GreatestBinomial = 21;

    /// <summary>Bits on either side of the binomial difference: variance 2·21/4 = 10.5.</summary>
    private const int BinomialBits = GreatestBinomial;
    private const int TritsPerByte = 5;
    private const int TritStrings = 243; // 3^5
    private const int BatchBytes = 448;

    /// <summary>Overwrites with independent, exactly uniform coefficients of −1, 0 and 1, as residues.</summary>
    public static void FillTernary(Span<ulong> words, PrimeModulus modulus, IRandomSource random)
    {
        Span<byte> batch = stackalloc byte[BatchBytes];
        int filled = 0;
        while (filled < words.Length)
        {
            random.Fill(batch);
            foreach (byte drawn in batch)
            {
                // The time shows that a byte was thrown away, which says nothing about those kept.
                if (drawn >= TritStrings) continue;
                uint rest = drawn;
                int end = Math.Min(filled + TritsPerByte, words.Length);
                for (; filled < end; filled++)
                {
                    // Division by a constant compiles to a product.
                    words[filled] = modulus.FromSigned((long)(rest % 3) - 1);
                    rest /= 3;
                }
            }
        }

        CryptographicOperations.ZeroMemory(batch);
    }

    /// <summary>Adds independent errors, each the difference of two sums of 21 bits, mod q.</summary>
    public static void AddBinomial(Span<ulong> words, PrimeModulus modulus, IRandomSource random)
    {
        const ulong mask = (1UL << BinomialBits) - 1;
        Span<ulong> buffer = stackalloc ulong[RandomWords.BatchFor(words.Length, 1)];
        RandomWords drawn = new(random, buffer);
        foreach (ref ulong word in words)
        {
            ulong bits = drawn.Next();
            int error = BitOperations.PopCount(bits & mask) - BitOperations.PopCount((bits >> BinomialBits) & mask);
            word = modulus.Add(word, modulus.FromSigned(error));
        }

        drawn.Clear();
    }
}
