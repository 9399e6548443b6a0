using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Claims;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Renyi;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Auditing;

/// <summary>Grid and noise of the audited rounds, chosen for the claim by the rules that tasks follow.</summary>
/// <param name="Layout">One segment with clip norm 1.</param>
/// <param name="NoiseMultiplier">z that the claim needs.</param>
/// <param name="ShareVariance">σ² of one share.</param>
/// <param name="Honest">h.</param>
internal sealed record AuditedSchedule(UpdateLayout Layout, double NoiseMultiplier, Rational ShareVariance, int Honest)
{
    private const int GreatestRaises = 100;

    /// <summary>sC: by how much a unit at full clip norm moves the sum along its own direction, integer units.</summary>
    public double Shift => Layout.Segments[0].Scale * Layout.Segments[0].ClipNorm;

    /// <summary>h·σ².</summary>
    public double SumVariance => Honest * Share;

    private double Share => (double)ShareVariance.Numerator / (double)ShareVariance.Denominator;

    /// <exception cref="AccountingException">Out of range or out of reach; the message says what would do.</exception>
    public static AuditedSchedule For(AuditPlan plan, int dimension)
    {
        double z = NoiseCalibration.NoiseMultiplier(plan.Epsilon, plan.Delta, plan.SamplingRate, plan.Steps, RenyiOrders.Distributed);
        for (int raise = 0; raise < GreatestRaises; raise++, z *= 1 + 1e-5)
        {
            UpdateLayout layout = NoiseScale.Choose([new UpdateSegment("delta", dimension, 1, 0)], UpdateLayout.GreatestRingBits, z, plan.Clients);
            if (!NoiseScale.FitsRing(layout, plan.Clients, plan.Unit == AuditedUnit.Record, z, (double)plan.Clients / plan.Honest))
                break;
            AuditedSchedule schedule = new(layout, z, NoiseShare.VarianceOf(layout, z, plan.Honest), plan.Honest);
            if (schedule.Claim(plan, (double)layout.SquaredSensitivity) <= plan.Epsilon)
                return schedule;
        }

        throw new AccountingException(AccountingException.OutOfReach, "No noise that fits the ring meets this claim. Raise epsilon or delta, or lower the number of steps.");
    }

    /// <summary>ε of all rounds if one unit can change a sum by that squared norm.</summary>
    /// <param name="plan">Unit, rounds and δ.</param>
    /// <param name="squaredNorm">In integer units.</param>
    public double Claim(AuditPlan plan, double squaredNorm)
    {
        double norm = Math.Sqrt(squaredNorm);
        double localSigma = Math.Sqrt(Share);
        return plan.Unit == AuditedUnit.Record
            ? RecordLevelClaim.Epsilon(new RecordSchedule(Math.Sqrt(SumVariance) / norm, plan.SamplingRate, plan.Steps, Honest, Layout.Dimension, localSigma), plan.Delta).Epsilon
            : new DistributedDiscreteGaussian(Honest, Layout.Dimension, localSigma, norm, norm * Math.Min(Math.Sqrt(Layout.Dimension), norm)).Epsilon(1, plan.Steps, plan.Delta).Epsilon;
    }
}
