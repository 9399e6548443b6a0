using System.Globalization;
using SecureFed.Privacy.Accounting.Loss;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Accounting.Claims;

/// <summary>The ε of a record-level schedule: integer orders 2…256 of the Poisson-sampled Gaussian, plus what the distributed noise adds.</summary>
/// <remarks>
/// <para><b>What is released.</b> One round releases S + Y: S is the sum in Zᵈ of the clipped, rounded and checked gradients of the sampled records, Y the
/// sum of h discrete Gaussian shares. Neighbours differ by one record with an integer gradient y, ‖y‖₂ &lt;= D₂. Given which other records were sampled, the
/// two outputs are M = (1 − q)·N + q·N(· − y) and N, up to a common shift by an integer vector. The other records' coins have the same law on both sides and
/// the divergence is jointly quasi-convex (van Erven and Harremoës 2014, Theorem 13), so a bound for every outcome is a bound for the mixture.</para>
/// <para><b>Integer orders, integer shifts.</b> Let N be the discrete Gaussian N_Z(0, σ²)ᵈ. For an integer α the binomial theorem gives
/// Σ N·(M/N)^α = Σ_k C(α, k)(1 − q)^(α−k)q^k Σ_x N(x)^(1−k)N(x − y)^k. Completing the square, k‖x − y‖² + (1 − k)‖x‖² = ‖x − ky‖² − k(k − 1)‖y‖²; as ky is an
/// integer vector, Σ_x e^(−‖x − ky‖²/2σ²) is the normaliser itself, and the inner sum is exactly e^(k(k−1)‖y‖²/2σ²). That is the continuous sampled Gaussian's
/// formula (Mironov, Talwar and Zhang 2019, section 3.3), term by term, and it grows with ‖y‖. Neither step holds at fractional orders: those are reference only.</para>
/// <para><b>The reverse direction.</b> The reflection x → y − x maps Zᵈ to itself and exchanges N and N(· − y). Let r = N(x − y)/N(x), m = 1 − q + qr,
/// m' = 1 − q + q/r, and g(m) = m^α − m^(1−α). The difference of the two directions is E_N[g(m)], by the reflection E_N[r·g(m')], hence half of
/// E_N[g(m) + r·g(m')]. It is enough that g(m) + r·g(m') &gt;= 0 for r &gt;= 1. There m − 1 = q(r − 1) = r(1 − m'), so with k(m) = g(m)/(m − 1) this says k(m) &gt;= k(m').
/// Now k(1/m') = k(m') by inspection; m·m' = 1 + q(1 − q)(r + 1/r − 2) &gt;= 1 gives m &gt;= 1/m' &gt;= 1; and k grows on [1, ∞), g being convex there with g(1) = 0. So adding a
/// record never costs more than removing one (Mironov, Talwar and Zhang 2019, Theorem 5, states it for differentiable maps; nothing here needs that).</para>
/// <para><b>The sum of shares.</b> Y is not a discrete Gaussian, but per coordinate its probabilities lie within factors e^(±τ/2) of one with variance hσ²
/// (Kairouz, Liu and Steinke 2021, section 3: 5·e^(−2π²/(1/σ² + 1/s²)) for two summands with σ, s &gt;= ½, applied h − 1 times). Over d coordinates both outputs lie within e^(±τd/2)
/// of the ideal pair, pointwise, so Σ P^α·Q^(1−α) changes by at most e^((2α−1)τd/2) and the divergence by (2α − 1)/(α − 1)·τd/2. With the least local σ that tasks may
/// have, 10·n·d·e^(−π²σ²) &lt;= 10⁻⁹, this is below 1.5·10⁻⁹ (<see cref="Budget.ReleaseCost"/>). (At q = 1 Proposition 14 of the same paper has the constant 1 in place of (α − ½)/(α − 1).)</para>
/// <para><b>Composition.</b> The schedule is fixed in advance, so divergences add over T rounds and the minimum over orders is taken once, at the end; under adaptive
/// choices an order must be fixed first. Not protected: the client that holds the record, and anyone who learns the batch.</para>
/// <para>Checked: the constants of τ against the authors' accounting code (google-research/federated, distributed_dp/accounting_utils.py), both identities and the pointwise inequality by direct summation, and the factor e^(±τ/2) by exact convolution, in RecordLevelClaimTests.</para>
/// </remarks>
public static class RecordLevelClaim
{
    /// <summary>How much larger than the privacy-loss figure a Rényi figure may be before the report says so. Larger gaps are usual for q below 10⁻³.</summary>
    public const double LossBand = 0.25;

    /// <summary>How much larger than the fractional figure the claim may be before the report says so.</summary>
    public const double OrderBand = 0.05;

    /// <summary>The curve of the whole schedule at the integer orders.</summary>
    public static RenyiCurve Curve(RecordSchedule schedule)
    {
        Check(schedule);
        double tau = DistributedDiscreteGaussian.SumTau(schedule.HonestClients, schedule.LocalSigma);
        RenyiCurve sampled = SampledGaussian.Curve(schedule.NoiseMultiplier, schedule.SamplingRate, RenyiOrders.Integers);
        if (schedule.SamplingRate == 0)
            return sampled.Compose(schedule.Steps);
        RenyiCurve ratios = new(RenyiOrders.Integers, order => DistributedDiscreteGaussian.RatioCost(tau, schedule.Dimension, order));
        return sampled.Plus(ratios).Compose(schedule.Steps);
    }

    /// <summary>The ε that a task with this schedule may claim at δ.</summary>
    public static PrivacyBound Epsilon(RecordSchedule schedule, double delta) => Curve(schedule).Epsilon(delta);

    /// <summary>The claim beside the reference figures.</summary>
    public static PrivacyComparison Compare(RecordSchedule schedule, double delta)
    {
        PrivacyBound claim = Epsilon(schedule, delta);
        PrivacyBound fractional = SampledGaussian.Curve(schedule.NoiseMultiplier, schedule.SamplingRate, RenyiOrders.Default).Compose(schedule.Steps).Epsilon(delta);
        PrivacyBound loss = PrivacyLossAccountant.Epsilon(schedule.NoiseMultiplier, schedule.SamplingRate, schedule.Steps, delta);
        List<string> findings = [];
        Note(findings, "claim", claim, "fractional Rényi figure", fractional, OrderBand);
        Note(findings, "fractional Rényi figure", fractional, "privacy-loss figure", loss, LossBand);
        return new PrivacyComparison(claim, fractional, loss, findings);
    }

    private static void Note(List<string> findings, string greaterName, PrivacyBound greater, string lesserName, PrivacyBound lesser, double band)
    {
        if (greater.Epsilon > lesser.Epsilon * (1 + band) + 1e-9)
        {
            findings.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"The {greaterName} {greater.Epsilon:G5} is more than {100 * band:G3} % above the {lesserName} {lesser.Epsilon:G5}; the larger one counts."));
        }
    }

    private static void Check(RecordSchedule schedule)
    {
        AccountingRange.NoiseMultiplier(schedule.NoiseMultiplier);
        AccountingRange.SamplingRate(schedule.SamplingRate);
        AccountingRange.Steps(schedule.Steps);
        AccountingRange.Clients(schedule.HonestClients);
        AccountingRange.Closed("dimension", schedule.Dimension, 1, 1 << 26);
        AccountingRange.Positive("local sigma", schedule.LocalSigma, AccountingRange.GreatestSigma);
    }
}
