using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using SecureFed.Cryptography.Signing;
using static SecureFed.Cryptography.Tests.Signing.AffineEdwards;

namespace SecureFed.Cryptography.Tests.Signing;

public sealed class FieldElementTests
{
    private static readonly BigInteger[] Edges =
    [
        0, 1, 2, 18, 19, 20, Power(51) - 1, Power(51), Power(102) - 1, Power(102), Power(153) - 1, Power(204) - 1, Power(204),
        Power(255) - Power(204), Power(254), Power(254) - 1, P / 2, P / 2 + 1, P - 20, P - 19, P - 2, P - 1,
    ];

    private static readonly Arbitrary<BigInteger> Values = Gen.OneOf(
        Gen.Elements(Edges),
        Gen.Choose(0, int.MaxValue).Select(seed => Integer(Seeded.Source("edwards field" + seed).Bytes(32)) % P)).ToArbitrary();

    [Fact]
    public void Arithmetic_on_edge_values_equals_that_of_big_integers()
    {
        foreach (BigInteger a in Edges)
        {
            foreach (BigInteger b in Edges) Assert.True(Agrees(a, b), $"{a:x} {b:x}");
        }
    }

    [Fact]
    public void Arithmetic_equals_that_of_big_integers() => Prop.ForAll(Values, Values, Agrees).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    [Fact]
    public void The_laws_of_a_field_hold() => Prop.ForAll(Values, Values, Values, (x, y, z) =>
    {
        FieldElement a = Element(x), b = Element(y), c = Element(z);
        return Value(a + b) == Value(b + a) && Value(a * b) == Value(b * a)
            && Value(a + b + c) == Value(a + (b + c)) && Value(a * b * c) == Value(a * (b * c))
            && Value(a * (b + c)) == Value(a * b + a * c)
            && (a - a).IsZero && (a + -a).IsZero && Value(a * FieldElement.One) == x && Value(a + FieldElement.Zero) == x
            && Value(a.Square()) == Value(a * a)
            && Value(a * a.Inverse()) == (x.IsZero ? 0 : 1);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Fixed_powers_equal_those_of_big_integers() => Prop.ForAll(Values, x =>
        Value(Element(x).Inverse()) == BigInteger.ModPow(x, P - 2, P)
        && Value(Element(x).PowerOfFiveEighths()) == BigInteger.ModPow(x, (P - 5) / 8, P)).QuickCheckThrowOnFailure();

    [Fact]
    public void Long_chains_of_operations_stay_within_the_limb_bounds()
    {
        // Operations on results of operations reach representatives that freshly read values do not.
        foreach (BigInteger start in Edges)
        {
            BigInteger expected = start;
            FieldElement actual = Element(start);
            foreach (byte step in Seeded.Source("edwards chain" + start).Bytes(2_000))
            {
                BigInteger operand = Edges[step % Edges.Length];
                FieldElement element = Element(operand);
                (expected, actual) = (step >> 5) switch
                {
                    0 => (expected + expected, actual + actual),
                    1 => (expected - operand, actual - element),
                    2 => (operand - expected, element - actual),
                    3 => (expected * expected, actual.Square()),
                    4 => (expected * operand, actual * element),
                    5 => (expected * expected, actual * actual),
                    6 => (-expected, -actual),
                    _ => (expected + operand, actual + element),
                };
                expected = Modulo(expected);
                Assert.Equal(expected, Value(actual));
            }
        }
    }

    [Fact]
    public void Only_values_below_p_are_canonical_and_the_highest_bit_is_left_out()
    {
        for (int i = 0; i < 19; i++)
        {
            Assert.False(FieldElement.TryFromCanonical(Bytes(P + i), out _), $"p + {i}");
            Assert.False(FieldElement.TryFromCanonical(Bytes(P + i + Power(255)), out _), $"p + {i} and the sign");
        }

        foreach (BigInteger value in Edges)
        {
            Assert.True(FieldElement.TryFromCanonical(Bytes(value + Power(255)), out FieldElement element));
            Assert.Equal(value, Value(element));
        }
    }

    [Fact]
    public void Zero_and_the_sign_are_seen_whatever_the_representative()
    {
        foreach (BigInteger value in Edges)
        {
            // value + (p - 1) + 1 need not come out in the canonical limbs: p itself stands for 0.
            FieldElement element = Element(value) + Element(P - 1) + FieldElement.One;
            Assert.Equal(value.IsZero, element.IsZero);
            Assert.Equal(value.IsEven ? 0 : 1, element.Sign);
        }
    }

    private static bool Agrees(BigInteger a, BigInteger b)
    {
        FieldElement x = Element(a), y = Element(b);
        return Value(x + y) == Modulo(a + b) && Value(x - y) == Modulo(a - b) && Value(-x) == Modulo(-a)
            && Value(x * y) == Modulo(a * b) && Value(x.Square()) == Modulo(a * a);
    }

    private static BigInteger Power(int exponent) => BigInteger.One << exponent;

    private static FieldElement Element(BigInteger value)
    {
        Assert.True(FieldElement.TryFromCanonical(Bytes(value), out FieldElement element));
        return element;
    }

    private static BigInteger Value(FieldElement element)
    {
        Span<byte> bytes = stackalloc byte[FieldElement.Bytes];
        element.WriteCanonical(bytes);
        return Integer(bytes);
    }
}
