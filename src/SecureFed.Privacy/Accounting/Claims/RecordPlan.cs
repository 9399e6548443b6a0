using System.Globalization;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Accounting.Claims;

/// <summary>What a record-level task without other releases than its training rounds needs for its target: noise, grid and ring, as the task itself will have them.</summary>
/// <remarks>Noise and claim are those of <see cref="NoisePlan"/>, grid, cap and ring those of <see cref="NoiseScale"/>, a share is that of <see cref="NoiseShare"/>.</remarks>
/// <param name="Schedule">The schedule, with the noise that the task states.</param>
/// <param name="Claim">Its ε at the task's order, at most the target.</param>
/// <param name="ScaleExponent">log₂ s.</param>
/// <param name="Sensitivity">D₂ of one record in integer units.</param>
/// <param name="RowCap">M: most rows that a round may sum.</param>
/// <param name="RingBits">b, at most 32.</param>
public sealed record RecordPlan(RecordSchedule Schedule, PrivacyBound Claim, int ScaleExponent, double Sensitivity, long RowCap, int RingBits)
{
    /// <summary>Plans for (ε, δ).</summary>
    /// <param name="rows">N: public estimate of all clients' records together.</param>
    /// <param name="clients">n: largest cohort.</param>
    /// <param name="honest">h: honest survivors whose noise is surely in the sum, at least 2.</param>
    /// <param name="dimension">d.</param>
    /// <param name="clipNorm">C of one record's gradient.</param>
    /// <param name="samplingRate">q in (0, 1].</param>
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
        AccountingRange.Steps(steps);
        NoisePlan noise = NoisePlan.For([new PlannedRelease("train", (int)steps, samplingRate, 1)], epsilon, delta);
        double z = noise.Releases[0].NoiseMultiplier;
        UpdateLayout layout = Grid(new UpdateSegment("record", dimension, clipNorm, 0), z, clients);
        double localSigma = Math.Sqrt((double)NoiseShare.VarianceOf(layout, z, honest).Numerator); // A whole number.
        long cap = NoiseScale.GreatestRecords(samplingRate, rows);
        int exponent = layout.Segments[0].ScaleExponent;
        return new RecordPlan(
            new RecordSchedule(z, samplingRate, steps, honest, dimension, localSigma),
            new PrivacyBound(noise.Cap.EpsilonOf(noise.Units), noise.Cap.Order),
            exponent,
            Math.Sqrt((double)layout.SquaredSensitivity),
            cap,
            NoiseScale.LeastRingBits(layout, cap, isRecordLevel: true, z, (double)clients / honest) ?? throw TooWide(cap, exponent));
    }

    private static UpdateLayout Grid(UpdateSegment segment, double noiseMultiplier, int clients)
    {
        try
        {
            return NoiseScale.Choose([segment], UpdateLayout.GreatestRingBits, noiseMultiplier, clients);
        }
        catch (ArgumentException exception)
        {
            throw new AccountingException(AccountingException.OutOfReach, exception.Message);
        }
    }

    private static AccountingException TooWide(long cap, int exponent) => new(
        AccountingException.OutOfReach,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The sum of {cap} rows at scale 2^{exponent} does not fit a ring of {UpdateLayout.GreatestRingBits} bits. Lower the sampling rate or the dimension, or raise epsilon."));
}
