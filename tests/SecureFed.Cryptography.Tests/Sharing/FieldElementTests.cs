using System.Numerics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;

namespace SecureFed.Cryptography.Tests.Sharing;

public sealed class FieldElementTests
{
    private static readonly BigInteger P = Power(256) + 297;

    [Fact]
    public void Arithmetic_on_edge_values_equals_that_of_big_integers()
    {
        foreach (BigInteger a in Edges())
        {
            foreach (BigInteger b in Edges()) AssertAgrees(a, b, (ulong)(b & 0xffff_ffff_ffff));
        }
    }

    [Fact]
    public void Arithmetic_on_a_hundred_thousand_random_values_equals_that_of_big_integers()
    {
        using KeyedRandomSource random = Seeded.Source("field");
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = random.Bytes(2 * FieldElement.Bytes + 6);
            BigInteger a = Integer(bytes.AsSpan(0, 33)) % P;
            BigInteger b = Integer(bytes.AsSpan(33, 33)) % P;
            AssertAgrees(a, b, (ulong)Integer(bytes.AsSpan(66)));
        }
    }

    [Fact]
    public void Long_chains_of_operations_stay_within_the_limb_bounds()
    {
        // Operations on results of operations reach representatives that freshly read values do not.
        using KeyedRandomSource random = Seeded.Source("chain");
        foreach (BigInteger start in Edges())
        {
            BigInteger expected = start;
            FieldElement actual = Element(start);
            foreach (byte step in random.Bytes(400))
            {
                BigInteger operand = Edges()[step % Edges().Length];
                FieldElement element = Element(operand);
                (expected, actual) = (step >> 5) switch
                {
                    0 => (expected + expected, actual + actual),
                    1 => (expected - operand, actual - element),
                    2 => (operand - expected, element - actual),
                    3 => (expected * expected, actual * actual),
                    4 => (expected * operand, actual * element),
                    5 => (expected * 0xffff_ffff_ffff + operand, actual.MultiplyAdd(0xffff_ffff_ffff, element)),
                    6 => (-expected, FieldElement.Zero - actual),
                    _ => (expected + operand, actual + element),
                };
                expected = Modulo(expected);
                Assert.Equal(expected, Value(actual));
            }
        }
    }

    [Fact]
    public void The_inverse_times_the_value_is_one_and_zero_has_none()
    {
        foreach (BigInteger a in Edges())
        {
            BigInteger inverse = Value(Element(a).Inverse());
            Assert.Equal(BigInteger.ModPow(a, P - 2, P), inverse);
            Assert.Equal(a.IsZero ? 0 : 1, inverse * a % P);
        }
    }

    [Fact]
    public void Only_values_below_p_are_canonical()
    {
        Assert.True(FieldElement.TryFromCanonical(Encode(P - 1), out _));
        foreach (BigInteger value in new[] { P, P + 1, P + 1000, Power(257) - 1, Power(257), Power(264) - 1, Power(256) + Power(52) })
        {
            Assert.False(FieldElement.TryFromCanonical(Encode(value), out FieldElement element), value.ToString("x"));
            Assert.Equal(BigInteger.Zero, Value(element));
        }
    }

    [Fact]
    public void The_modulus_is_prime()
    {
        // Miller-Rabin: a composite passes one base with probability at most 1/4, but these bases are fixed, so this guards against a mistyped p.
        BigInteger odd = P - 1;
        int twos = 0;
        for (; odd.IsEven; odd >>= 1) twos++;
        foreach (int b in new[] { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37 })
        {
            BigInteger power = BigInteger.ModPow(b, odd, P);
            bool passes = power.IsOne;
            for (int i = 0; i < twos; i++)
            {
                passes |= power == P - 1;
                power = power * power % P;
            }

            Assert.True(passes, $"base {b}");
        }
    }

    private static BigInteger Power(int exponent) => BigInteger.One << exponent;

    private static BigInteger[] Edges() =>
    [
        0, 1, 2, 296, 297, 298, 4752, Power(52) - 1, Power(52), Power(104) - 1, Power(208) - 1, Power(208),
        Power(255), Power(256) - 297, Power(256) - 1, Power(256), Power(256) + 1, P / 2, P / 2 + 1, P - 2, P - 1,
    ];

    private static void AssertAgrees(BigInteger a, BigInteger b, ulong factor)
    {
        FieldElement x = Element(a);
        FieldElement y = Element(b);
        Assert.Equal((a + b) % P, Value(x + y));
        Assert.Equal(Modulo(a - b), Value(x - y));
        Assert.Equal(a * b % P, Value(x * y));
        Assert.Equal(a * factor % P, Value(x.Multiply(factor)));
        Assert.Equal((a * factor + b) % P, Value(x.MultiplyAdd(factor, y)));
    }

    private static BigInteger Modulo(BigInteger value) => (value % P + P) % P;

    private static BigInteger Integer(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Encode(BigInteger value)
    {
        byte[] bytes = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[FieldElement.Bytes - bytes.Length], .. bytes];
    }

    private static FieldElement Element(BigInteger value)
    {
        Assert.True(FieldElement.TryFromCanonical(Encode(value), out FieldElement element));
        return element;
    }

    private static BigInteger Value(FieldElement element)
    {
        Span<byte> bytes = stackalloc byte[FieldElement.Bytes];
        element.WriteCanonical(bytes);
        return Integer(bytes);
    }
}
