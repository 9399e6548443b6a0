using System.Numerics;
using System.Runtime.CompilerServices;

namespace SecureFed.Cryptography.Sampling;

/// <summary>The coin of Algorithm 3: Bernoulli(exp(-gamma)), gamma = (|Y| - sigma^2/t)^2 / (2 sigma^2), exact.</summary>
/// <remarks>
/// With Y = U + t*V, x = U/t + V - sigma^2/t^2 and kappa = t^2/(2 sigma^2), gamma = kappa * x^2. In words:
/// <list type="bullet">
/// <item><description>X = |x| * 2^59, off by at most 2, for V below 15, so that X is below 2^63;</description></item>
/// <item><description>the upper word of X^2 is x^2 * 2^54, off by at most 4: 4X/2^64 from X, 1 from the cut;</description></item>
/// <item><description>kappa is cut at 2^-57 and below 64; the upper word of the product is gamma * 2^47, off by at most 2 + 1 + 1 =
/// 4.</description></item>
/// </list>
/// So the fraction of gamma lies in an interval of width 2^-44 with known ends. A coin Bernoulli(fraction/k) is decided by its first word unless that
/// falls into the interval; then, and when V is large, kappa too large or the integer part uncertain, the same question is put to big integers, with
/// the same word as the beginning of R. Bounds cost time only if they are wide; they would cost exactness only if they were wrong, which the tests of
/// this class try to show.
/// </remarks>
internal sealed class AcceptanceExponent
{
    private const int XBits = 59;
    private const int KappaBits = 57;
    private const int GammaBits = 47;
    private const int GammaError = 4;
    private const ulong MaxV = 15;
    private const ulong FractionMask = (1UL << GammaBits) - 1;

    private readonly ulong t;
    private readonly BigInteger sigmaNumerator;
    private readonly BigInteger sigmaDenominator;
    private readonly BigInteger gammaDenominator;

    private readonly bool inWords;
    private readonly ulong reciprocal;
    private readonly int reciprocalShift;
    private readonly long shift;
    private readonly ulong kappa;

    /// <param name="sigmaSquared">In the range of <see cref="GaussianParameter"/>.</param>
    /// <param name="t">floor(sigma) + 1, at most 2^32 + 1.</param>
    /// <param name="inWords">False to use big integers always.</param>
    public AcceptanceExponent(Rational sigmaSquared, ulong t, bool inWords)
    {
        this.t = t;
        sigmaNumerator = sigmaSquared.Numerator;
        sigmaDenominator = sigmaSquared.Denominator;
        BigInteger tSquared = (BigInteger)t * t;
        gammaDenominator = 2 * sigmaNumerator * sigmaDenominator * tSquared;

        // kappa = t^2 q / (2 p); for sigma >= 1 it lies between 1/2 and 2.
        BigInteger kappaInUnits = (tSquared * sigmaDenominator << KappaBits) / (2 * sigmaNumerator);
        this.inWords = inWords && kappaInUnits.GetBitLength() <= KappaBits + 6;
        if (!this.inWords) return;
        kappa = (ulong)kappaInUnits;
        int bits = (int)((BigInteger)t).GetBitLength();
        // 2^(62 + bits) / t is above 2^62 and at most 2^63; U/t * 2^59 is the product with U, shifted by bits + 3.
        reciprocal = (ulong)((BigInteger.One << (62 + bits)) / t);
        reciprocalShift = bits + 62 - XBits;
        shift = (long)((sigmaNumerator << XBits) / (sigmaDenominator * tSquared));
    }

    /// <summary>Bernoulli(exp(-gamma)) for Y = u + t*v.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Accept(ref RandomWords words, ulong u, ulong v) =>
        TryEnclose(u, v, out int integer, out ulong low, out ulong high)
            ? Bernoulli.ExponentialOfInteger(ref words, integer) && AcceptFraction(ref words, u, v, low, high)
            : AcceptExactly(ref words, u, v);

    /// <summary>Finds gamma in words.</summary>
    /// <returns>False if the words run short. Otherwise gamma is in [integer + low/2^64, integer + high/2^64], and below integer + 1.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryEnclose(ulong u, ulong v, out int integer, out ulong low, out ulong high)
    {
        integer = 0;
        low = high = 0;
        if (!inWords || v >= MaxV) return false;
        unchecked
        {
            ulong productHigh = Math.BigMul(u, reciprocal, out ulong productLow);
            long uOverT = (long)(productHigh << (64 - reciprocalShift) | productLow >> reciprocalShift);
            ulong x = (ulong)Math.Abs(uOverT + (long)(v << XBits) - shift);
            ulong gamma = Math.BigMul(Math.BigMul(x, x, out _), kappa, out _);

            // gamma is never negative, so its lower bound may be cut at zero.
            ulong from = gamma < GammaError ? 0 : gamma - GammaError;
            ulong to = gamma + GammaError;
            if (from >> GammaBits != to >> GammaBits) return false;
            integer = (int)(gamma >> GammaBits);
            low = (from & FractionMask) << (64 - GammaBits);
            high = (to & FractionMask) << (64 - GammaBits);
            return integer <= 32;
        }
    }

    /// <summary>Algorithm 1 for the fraction of gamma, which lies in [low, high] / 2^64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool AcceptFraction(ref RandomWords words, ulong u, ulong v, ulong low, ulong high)
    {
        ulong k = 1;
        while (FractionOver(ref words, k, u, v, low, high)) k++;
        return (k & 1) == 1;
    }

    /// <summary>Bernoulli(fraction/k): R * k below the fraction. For the first word w, R * k is in [w*k, w*k + k) / 2^64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool FractionOver(ref RandomWords words, ulong k, ulong u, ulong v, ulong low, ulong high)
    {
        ulong word = words.Next();
        ulong carry = Math.BigMul(word, k, out ulong product);
        if (carry != 0 || product >= high) return false;
        if (product < low && k <= low - product) return true;
        BigInteger numerator = BigInteger.Remainder(GammaNumerator(u, v), gammaDenominator);
        return Bernoulli.Ratio(ref words, numerator, gammaDenominator * k, word);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal bool AcceptExactly(ref RandomWords words, ulong u, ulong v)
    {
        BigInteger integer = BigInteger.DivRem(GammaNumerator(u, v), gammaDenominator, out BigInteger fraction);
        if (!Bernoulli.ExponentialOfInteger(ref words, integer)) return false;
        BigInteger k = BigInteger.One;
        while (Bernoulli.Ratio(ref words, fraction, gammaDenominator * k, words.Next())) k++;
        return !k.IsEven;
    }

    /// <summary>(|Y| t q - p)^2, over 2 p q t^2.</summary>
    private BigInteger GammaNumerator(ulong u, ulong v)
    {
        BigInteger root = (u + (BigInteger)t * v) * t * sigmaDenominator - sigmaNumerator;
        return root * root;
    }
}
