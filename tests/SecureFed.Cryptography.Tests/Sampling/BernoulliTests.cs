using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>Coins whose first word leaves them open, which chance would show once in 2^60 times.</summary>
public sealed class BernoulliTests
{
    [Fact]
    public void Exponentials_are_enclosed_and_their_floors_are_those_of_mpmath()
    {
        foreach (JsonElement vector in Vector.Cases("discrete-gaussian.json", "exponentials"))
        {
            int exponent = vector.GetProperty("exponent").GetInt32();
            BigInteger floor = BigInteger.Parse(vector.Text("floor"), CultureInfo.InvariantCulture);
            Assert.Equal(floor, ExponentialEnclosure.Floor(exponent, 64));
            (BigInteger low, BigInteger high) = ExponentialEnclosure.NegativeExponential(exponent, 1, 64);
            Assert.InRange(floor, low, high);
            Assert.InRange(high - low, 1, 2);
        }

        Assert.Equal((BigInteger.Zero, BigInteger.One), ExponentialEnclosure.NegativeExponential(BigInteger.One << 70, 1, 64));
        Assert.Equal((BigInteger.One << 64, BigInteger.One << 64), ExponentialEnclosure.NegativeExponential(0, 1, 64));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(32)]
    public void A_word_equal_to_that_of_the_exponential_is_decided_by_the_next(int exponent)
    {
        BigInteger digits = ExponentialEnclosure.Floor(exponent, 192);
        ulong first = (ulong)(digits >> 128), second = (ulong)(digits >> 64 & ulong.MaxValue), third = (ulong)(digits & ulong.MaxValue);
        Assert.True(Coin(exponent, first - 1));
        Assert.False(Coin(exponent, first + 1));
        Assert.True(Coin(exponent, first, second - 1));
        Assert.False(Coin(exponent, first, second + 1));
        Assert.True(Coin(exponent, first, second, third - 1));
        Assert.False(Coin(exponent, first, second, third + 1));

        // The geometric number counts the exponentials above R; a full run goes on with fresh words, here one above 1/e.
        Assert.Equal((ulong)exponent, Geometric(first, second - 1, ulong.MaxValue));
        Assert.Equal((ulong)exponent - 1, Geometric(first, second + 1, ulong.MaxValue));
        Assert.Equal(32UL + 32 + 1, Geometric(0, 0, ulong.MaxValue / 3));

        static bool Coin(int exponent, params ulong[] script)
        {
            RandomWords words = Words(script);
            return Bernoulli.ExponentialOfInteger(ref words, exponent);
        }
    }

    [Fact]
    public void A_ratio_in_words_is_decided_as_in_big_integers()
    {
        var random = new HashStream("ratios");
        for (int i = 0; i < 20_000; i++)
        {
            ulong denominator = (BitConverter.ToUInt64(random.Bytes(8)) >> random.Below(64)) | 1;
            ulong numerator = (ulong)(((UInt128)denominator + 1) * BitConverter.ToUInt64(random.Bytes(8)) >> 64);
            // The word in which numerator/denominator lies, or a neighbour: there the first comparison is open.
            UInt128 boundary = ((UInt128)numerator << 64) / denominator;
            ulong word = unchecked((ulong)boundary + (ulong)random.Below(3) - 1);
            ulong[] script = [word, BitConverter.ToUInt64(random.Bytes(8))];
            RandomWords first = Words(script);
            RandomWords second = Words(script);
            bool expected = Bernoulli.Ratio(ref second, numerator, denominator, second.Next());
            Assert.Equal(expected, Bernoulli.Ratio(ref first, numerator, denominator));
            Assert.Equal(second.Next(), first.Next());
            Assert.Equal(Decide(numerator, denominator, script) ?? expected, expected);
        }
    }

    [Fact]
    public void Certain_coins_are_certain()
    {
        RandomWords words = Words(0, 0, ulong.MaxValue, ulong.MaxValue);
        Assert.False(Bernoulli.Ratio(ref words, 0, 7));
        Assert.False(Bernoulli.Ratio(ref words, BigInteger.Zero, 7, 0));
        words = Words(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);
        Assert.True(Bernoulli.Ratio(ref words, 7, 7));
        Assert.True(Bernoulli.Ratio(ref words, ulong.MaxValue, ulong.MaxValue));
        Assert.True(Bernoulli.ExponentialOfInteger(ref words, 0));
    }

    [Fact]
    public void Uniform_numbers_reject_the_words_that_would_favour_some()
    {
        // 2^64 = 3 * 6148914691236517205 + 1: word 0 is the one too many, and the next word decides.
        RandomWords words = Words(0, ulong.MaxValue);
        Assert.Equal(2UL, Bernoulli.UniformBelow(ref words, 3));
        // Each of the values 0, 1, 2 is hit from its first word on.
        foreach (ulong value in (ulong[])[1, 2])
        {
            ulong firstWord = (ulong)(((UInt128)value << 64) / 3) + 1;
            words = Words(firstWord - 1, firstWord);
            Assert.Equal(value - 1, Bernoulli.UniformBelow(ref words, 3));
            Assert.Equal(value, Bernoulli.UniformBelow(ref words, 3));
        }
    }

    /// <summary>R &lt; p from two words alone; null if they do not tell.</summary>
    private static bool? Decide(BigInteger numerator, BigInteger denominator, ulong[] script)
    {
        BigInteger r = ((BigInteger)script[0] << 64) + script[1];
        if ((r + 1) * denominator <= numerator << 128) return true;
        return r * denominator >= numerator << 128 ? false : null;
    }

    private static RandomWords Words(params ulong[] script) => new(new ScriptedWords(script, new HashStream("after the script")), new ulong[1]);

    private static ulong Geometric(params ulong[] script)
    {
        RandomWords words = Words(script);
        return Bernoulli.Geometric(ref words);
    }
}
