using System.Numerics;
using System.Security.Cryptography;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Tests.Rings;

public class PrimeModulusTests
{
    /// <summary>The moduli of sets A1 and S1, the least prime, and the greatest below 2^62.</summary>
    public static TheoryData<ulong> Primes() => [0x3ffffffffc001, 0x3fffffff000001, 3, (1UL << 62) - 57];

    [Theory]
    [MemberData(nameof(Primes))]
    public void Arithmetic_is_that_of_big_integers(ulong q)
    {
        PrimeModulus modulus = PrimeModulus.Create(q);
        ulong[] words = [0, 1, 2, q - 1, q - 2, q / 2, (q / 2) + 1, .. Enumerable.Range(0, 200).Select(_ => Word() % q)];
        foreach (ulong a in words.Select(w => w % q))
        {
            ulong b = Word() % q;
            Assert.Equal((ulong)(((BigInteger)a + b) % q), modulus.Add(a, b));
            Assert.Equal((ulong)(((BigInteger)a - b + q) % q), modulus.Subtract(a, b));
            Assert.Equal((ulong)((BigInteger)a * b % q), modulus.Multiply(a, b));
            Assert.Equal((q - a) % q, modulus.Negate(a));
            ulong exponent = Word();
            Assert.Equal((ulong)BigInteger.ModPow(a, exponent, q), modulus.Power(a, exponent));
            Assert.Equal(a == 0 ? 0UL : 1UL, modulus.Multiply(a, modulus.Invert(a)));
            Assert.Equal(a > q / 2 ? (long)a - (long)q : (long)a, modulus.Center(a));
            Assert.Equal(a, modulus.FromSigned(modulus.Center(a)));
        }
    }

    [Theory]
    [MemberData(nameof(Primes))]
    public void Any_two_words_are_reduced(ulong q)
    {
        PrimeModulus modulus = PrimeModulus.Create(q);
        ulong[] words = [0, 1, q - 1, q, ulong.MaxValue, ulong.MaxValue - 1, .. Enumerable.Range(0, 100).Select(_ => Word())];
        foreach (ulong high in words)
        {
            foreach (ulong low in words)
                Assert.Equal((ulong)((((BigInteger)high << 64) + low) % q), modulus.Reduce(high, low));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(0x3ffffffffc001 + 2)]
    [InlineData(3215031751)] // Strong pseudoprime to the bases 2, 3, 5 and 7.
    [InlineData(3825123056546413051)] // Strong pseudoprime to the first nine primes (OEIS A014233).
    [InlineData((1L << 62) + 135)] // Prime and too large.
    public void No_prime_below_2_to_the_62_is_no_modulus(long value) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => PrimeModulus.Create((ulong)value));

    private static ulong Word() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
}
