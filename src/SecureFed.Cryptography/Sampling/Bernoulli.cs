using System.Numerics;
using System.Runtime.CompilerServices;

namespace SecureFed.Cryptography.Sampling;

/// <summary>Exact coins: Bernoulli(a/b), Bernoulli(exp(-x)), and the uniform and geometric numbers made of them.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>Canonne, Kamath, Steinke 2020 (arXiv 2004.00010), Algorithm 1.</description></item>
/// <item><term>Lazy reals</term><description>Every coin compares a real R, uniform in [0, 1), with its probability p, and reads R word by word until
/// the comparison is decided. The word u says R in [u, u + 1) / 2^64: nearly always one word is enough, and when it is not, further words decide in
/// arithmetic that loses nothing. So Pr[R &lt; p] = p, exactly.</description></item>
/// <item><term>Not provided</term><description>Constant time: the words read and the branches taken depend on the outcome.</description></item>
/// </list>
/// </remarks>
internal static class Bernoulli
{
    /// <summary>The geometric sampler counts in runs of this many; all floor(2^64 * exp(-j)) up to here differ by far more than one.</summary>
    private const int Run = 32;

    /// <summary>Element j is floor(2^64 * exp(-j)); element 0 is not used.</summary>
    private static readonly ulong[] ExponentialThresholds =
        [0, .. Enumerable.Range(1, Run).Select(j => (ulong)ExponentialEnclosure.Floor(j, 64))];

    /// <summary>Uniform in [0, limit).</summary>
    /// <remarks>Lemire 2019 (arXiv 1805.10941): the high word of u * limit, with the few u rejected that would favour some values.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong UniformBelow(ref RandomWords words, ulong limit)
    {
        ulong high = Math.BigMul(words.Next(), limit, out ulong low);
        if (low >= limit) return high;
        ulong surplus = unchecked(0 - limit) % limit;
        while (low < surplus) high = Math.BigMul(words.Next(), limit, out low);
        return high;
    }

    /// <summary>Bernoulli(numerator/denominator), numerator at most denominator.</summary>
    /// <remarks>R &lt; a/b with R = (u + R')/2^64 is u*b + R'*b &lt; a*2^64. With u*b = high*2^64 + low it is false if high >= a, true if
    /// high &lt;= a - 2, and otherwise the same question about R' and (2^64 - low)/b.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Ratio(ref RandomWords words, ulong numerator, ulong denominator)
    {
        while (true)
        {
            ulong high = Math.BigMul(words.Next(), denominator, out ulong low);
            if (high >= numerator) return false;
            if (high + 1 < numerator) return true;
            ulong rest = unchecked(0 - low);
            // rest = 0 stands for 2^64, more than any denominator.
            if (rest == 0 || rest >= denominator) return true;
            numerator = rest;
        }
    }

    /// <summary>Bernoulli(numerator/denominator), 0 &lt;= numerator &lt;= denominator, of any size, where R's first word has been read
    /// already.</summary>
    public static bool Ratio(ref RandomWords words, BigInteger numerator, BigInteger denominator, ulong firstWord)
    {
        ulong word = firstWord;
        while (true)
        {
            numerator = (numerator << 64) - word * denominator;
            if (numerator.Sign <= 0) return false;
            if (numerator >= denominator) return true;
            word = words.Next();
        }
    }

    /// <summary>Bernoulli(exp(-numerator/denominator)), numerator at most denominator.</summary>
    /// <remarks>Algorithm 1: draw A_k ~ Bernoulli(x/k) for k = 1, 2, ... up to the first zero, at K. Pr[K > k] = x^k/k!, and K is odd with
    /// probability 1 - x + x^2/2! - ... = exp(-x).</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Exponential(ref RandomWords words, ulong numerator, ulong denominator)
    {
        if (!Ratio(ref words, numerator, denominator)) return true;
        ulong k = 2;
        while (RatioOver(ref words, numerator, denominator, k)) k++;
        return (k & 1) == 1;
    }

    /// <summary>Bernoulli(exp(-exponent)) for an integer of any size.</summary>
    public static bool ExponentialOfInteger(ref RandomWords words, BigInteger exponent)
    {
        // A product of probabilities is a run of coins: the first zero settles it, so a huge exponent costs no more than a small one.
        for (; exponent > Run; exponent -= Run)
        {
            if (!ExponentialOfInteger(ref words, Run)) return false;
        }

        return ExponentialOfInteger(ref words, (int)exponent);
    }

    /// <summary>Bernoulli(exp(-exponent)).</summary>
    /// <param name="words">Read once, unless exponent is 0.</param>
    /// <param name="exponent">0 to 32.</param>
    public static bool ExponentialOfInteger(ref RandomWords words, int exponent) => exponent == 0 || IsBelowExponential(ref words, words.Next(), exponent);

    /// <summary>Pr[v] = (1 - 1/e) * exp(-v), v = 0, 1, 2, ...</summary>
    /// <remarks>v is the number of j >= 1 with R &lt; exp(-j). If all of a run are passed, what follows is a fresh geometric number, since it has no
    /// memory: the event R &lt; exp(-32) tells nothing of the next word.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Geometric(ref RandomWords words)
    {
        ulong v = 0;
        while (true)
        {
            ulong word = words.Next();
            int j = 0;
            while (j < Run && IsBelowExponential(ref words, word, j + 1)) j++;
            v += (uint)j;
            if (j < Run) return v;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsBelowExponential(ref RandomWords words, ulong word, int exponent)
    {
        ulong threshold = ExponentialThresholds[exponent];
        return word != threshold ? word < threshold : IsBelowExponentialAfter(ref words, word, exponent);
    }

    /// <summary>The first word of R equals that of exp(-exponent): read on until they differ.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsBelowExponentialAfter(ref RandomWords words, ulong word, int exponent)
    {
        BigInteger r = word;
        for (int bits = 128; ; bits += 64)
        {
            r = (r << 64) + words.Next();
            int order = r.CompareTo(ExponentialEnclosure.Floor(exponent, bits));
            if (order != 0) return order < 0;
        }
    }

    /// <summary>Bernoulli(numerator/(denominator * k)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool RatioOver(ref RandomWords words, ulong numerator, ulong denominator, ulong k)
    {
        ulong high = Math.BigMul(denominator, k, out ulong product);
        // When the product needs more than a word, two independent coins multiply the probabilities instead.
        return high == 0 ? Ratio(ref words, numerator, product) : Ratio(ref words, numerator, denominator) && Ratio(ref words, 1, k);
    }
}
