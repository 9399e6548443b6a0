using SecureFed.Privacy.Accounting.Numerics;

namespace SecureFed.Privacy.Auditing;

/// <summary>How much more probable a release is with a canary than without, if the noise is what it should be.</summary>
/// <remarks>
/// log(1 − q + q·e^((2xa − a²)/2σ²)): the log-likelihood ratio of the sampled Gaussian along the canary's direction (Neyman and Pearson: no better score exists).
/// Scores of rounds add. Broken noise makes it a worse score, never an invalid one: the bound rests on counts alone.
/// </remarks>
internal sealed class ReleaseScore(AuditedSchedule schedule, double samplingRate)
{
    private readonly double shift = schedule.Shift;
    private readonly double variance = schedule.SumVariance;

    /// <param name="projection">x: the released sum along the canary's unit vector.</param>
    /// <param name="sign">The canary's sign in this round.</param>
    public double Of(double projection, int sign) =>
        LogSpace.LogMixture(samplingRate, (2 * sign * projection * shift - shift * shift) / (2 * variance));
}
