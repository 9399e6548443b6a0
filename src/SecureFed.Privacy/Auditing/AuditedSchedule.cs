using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Auditing;

/// <summary>Grid and noise of the audited rounds, chosen for the claim by the rules that tasks follow.</summary>
/// <param name="Layout">One segment with clip norm 1.</param>
/// <param name="NoiseMultiplier">z that the claim needs.</param>
/// <param name="ShareVariance">σ² of one share.</param>
/// <param name="Honest">h.</param>
internal sealed record AuditedSchedule(UpdateLayout Layout, double NoiseMultiplier, Rational ShareVariance, int Honest)
{
    /// <summary>sC: by how much a unit at full clip norm moves the sum along its own direction, integer units.</summary>
    public double Shift => Layout.Segments[0].Scale * Layout.Segments[0].ClipNorm;

    /// <summary>h·σ².</summary>
    public double SumVariance => Honest * (double)ShareVariance.Numerator / (double)ShareVariance.Denominator;

    /// <exception cref="AccountingException">Out of range or out of reach; the message says what would do.</exception>
    public static AuditedSchedule For(AuditPlan plan, int dimension)
    {
        double z = NoisePlan.For([new PlannedRelease("update", plan.Steps, plan.SamplingRate, 1)], plan.Epsilon, plan.Delta).Releases[0].NoiseMultiplier;
        UpdateLayout layout = NoiseScale.Choose([new UpdateSegment("delta", dimension, 1, 0)], UpdateLayout.GreatestRingBits, z, plan.Clients);
        return NoiseScale.FitsRing(layout, plan.Clients, plan.Unit == AuditedUnit.Record, z, (double)plan.Clients / plan.Honest)
            ? new AuditedSchedule(layout, z, NoiseShare.VarianceOf(layout, z, plan.Honest), plan.Honest)
            : throw new AccountingException(AccountingException.OutOfReach, "The noise for this claim does not fit a ring of 32 bits. Raise epsilon or delta, or lower the number of steps.");
    }
}
