using System.Globalization;
using SecureFed.Privacy.Accounting.Renyi;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Accounting.Claims;

/// <summary>What a record-level task needs for its target: noise, grid and ring.</summary>
/// <remarks>
/// The scale is the smallest power of two with s &gt;= 8√d/C and a local σ of at least √(ln(10¹⁰·n·d))/π; the variance of a share is rounded up to an integer.
/// Nothing wraps: 2^(b−1) &gt; M·D₂ + k·σ_c·√(n/h), k = √(2 ln(2d·2⁴⁰)), M the public cap on sampled rows: expected number and ten standard deviations.
/// </remarks>
/// <param name="Schedule">The schedule with the noise that is really drawn.</param>
/// <param name="Claim">Its ε, at most the target.</param>
/// <param name="ScaleExponent">log₂ s.</param>
/// <param name="Sensitivity">D₂ of one record in integer units.</param>
/// <param name="RowCap">M: most rows that a round may sum.</param>
/// <param name="RingBits">b; more than 32 cannot be had.</param>
public sealed record RecordPlan(RecordSchedule Schedule, PrivacyBound Claim, int ScaleExponent, double Sensitivity, long RowCap, int RingBits)
{
    private const int GreatestFiner = 4;

    /// <summary>Plans for (ε, δ).</summary>
    /// <param name="rows">N: records of all clients together.</param>
    /// <param name="clients">n: largest cohort.</param>
    /// <param name="honest">h: honest survivors whose noise is surely in the sum, at least 2.</param>
    /// <param name="dimension">d.</param>
    /// <param name="clipNorm">C of one record's gradient.</param>
    /// <param name="samplingRate">q.</param>
    /// <param name="steps">T.</param>
    /// <param name="epsilon">Target ε.</param>
    /// <param name="delta">Target δ.</param>
    /// <exception cref="AccountingException">Out of range, or out of reach: the message says what would do.</exception>
    public static RecordPlan For(long rows, int clients, int honest, int dimension, double clipNorm, double samplingRate, long steps, double epsilon, double delta)
    {
        AccountingRange.Closed("number of rows", rows, 1, 1e15);
        AccountingRange.Closed("number of honest survivors", honest, 2, clients);
        AccountingRange.Closed("dimension", dimension, 1, UpdateLayout.GreatestDimension);
        AccountingRange.Closed("clip norm", clipNorm, 1e-6, 1e6);
        double z = NoiseCalibration.NoiseMultiplier(epsilon, delta, samplingRate, steps, RenyiOrders.Integers);
        int exponent = LeastExponent(clients, honest, dimension, clipNorm, z);
        for (int finer = 0; finer < GreatestFiner; finer++)
        {
            RecordPlan plan = At(exponent + finer, z, rows, clients, honest, dimension, clipNorm, samplingRate, steps, delta);
            if (plan.Claim.Epsilon <= epsilon)
                return plan.RingBits <= UpdateLayout.GreatestRingBits ? plan : throw TooWide(plan);
        }

        throw new AccountingException(AccountingException.OutOfReach, "The noise shares do not add up to a Gaussian closely enough for so many steps. Ask for fewer steps.");
    }

    private static int LeastExponent(int clients, int honest, int dimension, double clipNorm, double z)
    {
        double leastLocalSigma = Math.Sqrt(Math.Log(1e10 * clients * dimension)) / Math.PI;
        int exponent = (int)Math.Ceiling(Math.Log2(8 * Math.Sqrt(dimension) / clipNorm) - 1e-12);
        while (z * SensitivityAt(exponent, dimension, clipNorm) / Math.Sqrt(honest) < leastLocalSigma)
            exponent++;
        return exponent;
    }

    private static RecordPlan At(
        int exponent, double z, long rows, int clients, int honest, int dimension, double clipNorm, double samplingRate, long steps, double delta)
    {
        double sensitivity = SensitivityAt(exponent, dimension, clipNorm);
        double localSigma = Math.Sqrt(Math.Ceiling(z * sensitivity * (z * sensitivity) / honest));
        double sigma = localSigma * Math.Sqrt(honest);
        RecordSchedule schedule = new(sigma / sensitivity, samplingRate, steps, honest, dimension, localSigma);
        double expected = samplingRate * rows;
        long cap = Math.Min(rows, (long)Math.Ceiling(expected + 10 * Math.Sqrt(expected * (1 - samplingRate)) + 10));
        double deviations = Math.Sqrt(2 * Math.Log(2.0 * dimension * Math.ScaleB(1, 40)));
        double largest = cap * sensitivity + deviations * sigma * Math.Sqrt((double)clients / honest);
        int bits = (int)Math.Floor(Math.Log2(largest)) + 2;
        return new RecordPlan(schedule, RecordLevelClaim.Epsilon(schedule, delta), exponent, sensitivity, cap, bits);
    }

    /// <summary>D₂ after rounding; the bound is on the squared norm.</summary>
    private static double SensitivityAt(int exponent, int dimension, double clipNorm) =>
        Math.Sqrt((double)Quantizer.SquaredNormBound(new UpdateSegment("record", dimension, clipNorm, exponent)));

    private static AccountingException TooWide(RecordPlan plan) => new(
        AccountingException.OutOfReach,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The sum of {plan.RowCap} rows at scale 2^{plan.ScaleExponent} needs a ring of {plan.RingBits} bits, and 32 is the most. Lower the sampling rate or the dimension, or raise epsilon."));
}
