using System.Numerics;

namespace SecureFed.Cryptography.Sampling;

/// <summary>The cumulative distribution of |X|, X ~ N_Z(0, sigma^2), in 126-bit fixed point: entry j is floor(2^126 * Pr[|X| &lt;= j]).</summary>
/// <remarks>
/// Each entry is two 63-bit limbs, so that a signed comparison of words is an unsigned one. Entries go on while Pr[|X| > j] is 2^-126 or more; the
/// magnitude K that follows the last entry takes what is left. Every floor is certain: it is computed from a lower and an upper bound, with more bits
/// until both agree. The recurrence is rho(j + 1) = rho(j) * r_j, r_j = exp(-(2j + 1)/(2 sigma^2)), r_(j+1) = r_j * exp(-1/sigma^2), so that the
/// exponential is taken twice.
/// </remarks>
internal sealed class CumulativeTable
{
    /// <summary>Bits of the fixed point; a sample takes two words, and two bits of them are free (one is the sign).</summary>
    public const int Bits = 126;

    /// <summary>Of the two limbs.</summary>
    internal const int LimbBits = 63;

    /// <summary>Entries from this one on have an upper limb of ones: Pr[|X| > j] is below 2^-63. They rise, so those before it have none.</summary>
    private readonly int wideEntries;

    public CumulativeTable(Rational sigmaSquared)
    {
        BigInteger[] entries = Cumulative(sigmaSquared);
        Low = new long[entries.Length];
        High = new long[entries.Length];
        BigInteger limb = (BigInteger.One << LimbBits) - 1;
        for (int j = 0; j < entries.Length; j++)
        {
            Low[j] = (long)(entries[j] & limb);
            High[j] = (long)(entries[j] >> LimbBits);
        }

        wideEntries = High.AsSpan().IndexOf((long)limb) is >= 0 and int first ? first : High.Length;
        Limbs = LimbTable.Of(this);
    }

    /// <summary>Lower limbs.</summary>
    public long[] Low { get; }

    /// <summary>Upper limbs.</summary>
    public long[] High { get; }

    /// <summary>The same in limbs of 16 bits; null if the table is too long for it.</summary>
    public LimbTable? Limbs { get; }

    /// <summary>Lower limbs of the entries that need both.</summary>
    public ReadOnlySpan<long> WideLow => Low.AsSpan(0, wideEntries);

    /// <summary>Their upper limbs.</summary>
    public ReadOnlySpan<long> WideHigh => High.AsSpan(0, wideEntries);

    /// <summary>Lower limbs of the others.</summary>
    public ReadOnlySpan<long> TailLow => Low.AsSpan(wideEntries);

    /// <summary>K: number of entries, and the largest magnitude.</summary>
    public int Entries => Low.Length;

    /// <summary>At most (K + 3) * 2^-127; see <see cref="ConstantTimeDiscreteGaussian"/>.</summary>
    public Rational StatisticalDistance => new(Entries + 3, BigInteger.One << (Bits + 1));

    private static BigInteger[] Cumulative(Rational sigmaSquared)
    {
        for (int precision = 2 * Bits; ; precision *= 2)
        {
            if (TryCumulative(sigmaSquared, precision, out BigInteger[] entries)) return entries;
        }
    }

    private static bool TryCumulative(Rational sigmaSquared, int precision, out BigInteger[] entries)
    {
        List<(BigInteger Low, BigInteger High)> rho = Weights(sigmaSquared, precision);
        entries = [];
        // tails[j] bounds the sum of 2 rho(i) over i > j. What was not computed is less than the last weight, since there the ratio is below 1/2.
        var tails = new (BigInteger Low, BigInteger High)[rho.Count];
        tails[^1] = (BigInteger.Zero, 2 * rho[^1].High);
        for (int j = rho.Count - 2; j >= 0; j--) tails[j] = (tails[j + 1].Low + 2 * rho[j + 1].Low, tails[j + 1].High + 2 * rho[j + 1].High);

        BigInteger totalLow = rho[0].Low + tails[0].Low;
        BigInteger totalHigh = rho[0].High + tails[0].High;
        List<BigInteger> cumulative = [];
        foreach ((BigInteger low, BigInteger high) in tails)
        {
            BigInteger tail = (low << Bits) / totalHigh;
            if (tail != (high << Bits) / totalLow) return false;
            if (tail.IsZero) break;
            // floor(N - N * Pr[|X| > j]); the product is irrational, so its ceiling is one above its floor.
            cumulative.Add((BigInteger.One << Bits) - 1 - tail);
        }

        entries = [.. cumulative];
        return true;
    }

    private static List<(BigInteger Low, BigInteger High)> Weights(Rational sigmaSquared, int precision)
    {
        BigInteger p = sigmaSquared.Numerator;
        BigInteger q = sigmaSquared.Denominator;
        (BigInteger Low, BigInteger High) ratio = ExponentialEnclosure.NegativeExponential(q, 2 * p, precision);
        (BigInteger Low, BigInteger High) step = ExponentialEnclosure.NegativeExponential(q, p, precision);
        List<(BigInteger Low, BigInteger High)> rho = [(BigInteger.One << precision, BigInteger.One << precision)];
        while (rho[^1].High > 1 || ratio.High * 2 >= BigInteger.One << precision)
        {
            rho.Add(Multiply(rho[^1], ratio, precision));
            ratio = Multiply(ratio, step, precision);
        }

        return rho;
    }

    private static (BigInteger Low, BigInteger High) Multiply((BigInteger Low, BigInteger High) a, (BigInteger Low, BigInteger High) b, int precision) =>
        (a.Low * b.Low >> precision, (a.High * b.High >> precision) + 1);
}
