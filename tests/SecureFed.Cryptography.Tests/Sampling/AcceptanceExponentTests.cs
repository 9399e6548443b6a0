using System.Numerics;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

public sealed class AcceptanceExponentTests
{
    private static readonly string[] Parameters =
        ["1/126", "1/100", "9/100", "1/3", "1", "2", "7/3", "6", "169/16", "1000000", "1000000007/2994733059", "1152921504606859321/7", "18446744073709551616"];

    [Fact]
    public void Gamma_lies_in_its_enclosure()
    {
        Visit((exponent, exact, u, v, random) =>
        {
            if (!exponent.TryEnclose(u, v, out int integer, out ulong low, out ulong high)) return;
            (BigInteger numerator, BigInteger denominator) = exact;
            BigInteger scaled = (numerator << 64) - integer * (denominator << 64);
            Assert.True(scaled >= low * denominator && scaled <= high * denominator);
            Assert.True(numerator < (integer + 1) * denominator);
            Assert.True(high - low <= 1 << 21);
        });
    }

    [Fact]
    public void Words_near_the_boundary_are_decided_as_in_big_integers()
    {
        Visit((exponent, exact, u, v, random) =>
        {
            if (!exponent.TryEnclose(u, v, out int integer, out ulong low, out ulong high)) return;
            // One coin or two come before: 0 is below every exponential. The rest of R follows the script.
            ulong[] edges = unchecked([low, high, low + (high - low) / 2, low - 1, high + 1]);
            ulong edge = edges[random.Below(edges.Length)];
            ulong[] script = integer == 0 ? [edge] : [0, edge];
            var scripted = new ScriptedWords(script, new HashStream($"after {u} {v}"));
            var scriptedExactly = new ScriptedWords(script, new HashStream($"after {u} {v}"));
            var words = new RandomWords(scripted, new ulong[1]);
            var wordsExactly = new RandomWords(scriptedExactly, new ulong[1]);
            Assert.Equal(exponent.AcceptExactly(ref wordsExactly, u, v), exponent.Accept(ref words, u, v));
            Assert.Equal(scriptedExactly.Given, scripted.Given);
        });
    }

    [Fact]
    public void Most_samples_are_decided_in_words()
    {
        foreach (string parameter in Parameters)
        {
            Rational sigmaSquared = SamplerCases.Parse(parameter);
            ulong t = T(sigmaSquared);
            var exponent = new AcceptanceExponent(sigmaSquared, t, inWords: true);
            Assert.Equal(sigmaSquared > new Rational(1, 128), exponent.TryEnclose(0, 0, out _, out _, out _));
        }
    }

    private delegate void Visitor(AcceptanceExponent exponent, (BigInteger Numerator, BigInteger Denominator) gamma, ulong u, ulong v, HashStream random);

    private static void Visit(Visitor visitor)
    {
        var random = new HashStream("gamma");
        foreach (string parameter in Parameters)
        {
            Rational sigmaSquared = SamplerCases.Parse(parameter);
            ulong t = T(sigmaSquared);
            var exponent = new AcceptanceExponent(sigmaSquared, t, inWords: true);
            for (int i = 0; i < 1500; i++)
            {
                ulong u = i < 20 ? Math.Min(t - 1, (ulong)i) : i < 40 ? t - 1 - Math.Min(t - 1, (ulong)i - 20) : BitConverter.ToUInt64(random.Bytes(8)) % t;
                ulong v = (ulong)random.Below(17);
                Rational y = new Rational(u + (BigInteger)t * v, 1);
                Rational root = y + new Rational(-sigmaSquared.Numerator, sigmaSquared.Denominator * t);
                Rational gamma = root * root / (sigmaSquared * 2);
                visitor(exponent, (gamma.Numerator, gamma.Denominator), u, v, random);
            }
        }
    }

    private static ulong T(Rational sigmaSquared) => (ulong)GaussianParameter.FloorOfSigma(sigmaSquared) + 1;
}
