using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Auditing.Statistics;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Auditing;

/// <summary>Attacks the update pipeline with canaries and reports how large ε must at least be.</summary>
/// <remarks>
/// <para>Two audits of the same rounds: <see cref="DistinguishingAudit"/> with one canary in every direction at once, and <see cref="OneRunAudit"/> with a thousand canaries, each
/// along a coordinate of its own. The noise is chosen for the claim by the rules that tasks follow.</para>
/// <para>Not seen: what leaks outside the released sums (timing, logs, the masking protocol), and noise that is weak only in directions nobody tries.</para>
/// </remarks>
public static class PrivacyAudit
{
    private const int Canaries = 1000;
    private const int RoundingTries = 64;

    /// <summary>Chosen before the run: guess all canaries, the clearest quarter, the clearest sixteenth.</summary>
    private static readonly int[] GuessFractions = [1, 4, 16];

    /// <summary>Audits a build's clients.</summary>
    /// <param name="plan">Claim, rounds and trials.</param>
    /// <param name="client">Stands for every client of the cohort; brings its own randomness.</param>
    /// <param name="random">CSPRNG: the audit's own coins.</param>
    /// <exception cref="Accounting.AccountingException">A number is out of range, or no noise meets the claim.</exception>
    public static AuditReport Run(AuditPlan plan, IAuditedClient client, IRandomSource random)
    {
        plan.Require();
        return Run(
            plan,
            AuditedSchedule.For(plan, plan.Dimension),
            AuditedSchedule.For(plan, Math.Max(plan.Dimension, Canaries)),
            schedule => new AuditedCohort(plan.Unit, schedule, client),
            random);
    }

    /// <summary>Audits any mechanism against the claim.</summary>
    internal static AuditReport Run(AuditPlan plan, AuditedSchedule narrow, AuditedSchedule wide, Func<AuditedSchedule, IAuditedMechanism> build, IRandomSource random) => new(
        plan,
        Distinguish(plan, narrow, build(narrow), random),
        GuessCoins(plan, wide, build(wide), random),
        NormHolds(narrow, random));

    /// <summary>Runs with and without one canary, in turns.</summary>
    internal static DistinguishingFinding Distinguish(AuditPlan plan, AuditedSchedule schedule, IAuditedMechanism mechanism, IRandomSource random)
    {
        double[] direction = Canary.Direction(schedule.Layout, random);
        double[][] canary = [Canary.Towards(schedule.Layout, direction, 1), Canary.Towards(schedule.Layout, direction, -1)];
        ReleaseScore score = new(schedule, plan.SamplingRate);
        double[] with = new double[plan.Trials];
        double[] without = new double[plan.Trials];
        for (int trial = 0; trial < plan.Trials; trial++)
        {
            for (int step = 0; step < plan.Steps; step++)
                with[trial] += score.Of(Project(mechanism.Release([canary[step % 2]]), direction), Canary.SignOf(step));
            for (int step = 0; step < plan.Steps; step++)
                without[trial] += score.Of(Project(mechanism.Release([]), direction), Canary.SignOf(step));
        }

        return new DistinguishingFinding(DistinguishingAudit.EpsilonLower(with, without, plan.Delta, plan.Confidence), plan.Confidence, plan.Trials);
    }

    /// <summary>One run of all rounds with many canaries.</summary>
    internal static OneRunFinding GuessCoins(AuditPlan plan, AuditedSchedule schedule, IAuditedMechanism mechanism, IRandomSource random)
    {
        bool[] included = new bool[Canaries];
        foreach (ref bool coin in included.AsSpan())
            coin = Canary.Coin(random);
        double[] scores = new double[Canaries];
        ReleaseScore score = new(schedule, plan.SamplingRate);
        for (int step = 0; step < plan.Steps; step++)
        {
            int sign = Canary.SignOf(step);
            int[] sum = mechanism.Release([.. Enumerable.Range(0, Canaries).Where(i => included[i]).Select(i => Canary.Along(schedule.Layout, i, sign))]);
            for (int i = 0; i < Canaries; i++)
                scores[i] += score.Of(sum[i], sign);
        }

        int[] order = [.. Enumerable.Range(0, Canaries).OrderBy(i => scores[i])];
        double confidence = 1 - (1 - plan.Confidence) / GuessFractions.Length;
        return GuessFractions.Select(fraction =>
        {
            int guesses = Canaries / fraction / 2 * 2;
            int correct = order.Take(guesses / 2).Count(i => !included[i]) + order.TakeLast(guesses / 2).Count(i => included[i]);
            double bound = OneRunAudit.EpsilonLower(Canaries, guesses, correct, plan.Delta, confidence);
            return new OneRunFinding(bound, plan.Confidence, Canaries, guesses, correct);
        }).MaxBy(finding => finding.EpsilonLower)!;
    }

    /// <summary>The variance of the sum is at least z² times every squared norm that leaves the quantizer, tried on the vector that rounding lengthens most.</summary>
    internal static bool NormHolds(AuditedSchedule schedule, IRandomSource random)
    {
        UpdateLayout layout = schedule.Layout;
        Quantizer quantizer = new(random);
        double longest = 0;
        for (int attempt = 0; attempt < RoundingTries; attempt++)
        {
            double[] canary = Canary.Towards(layout, Canary.Direction(layout, random), 1);
            QuantizedUpdate update = quantizer.Quantize(Clipper.Clip(ModelUpdate.Create(layout, canary)));
            double squaredNorm = 0;
            foreach (int value in update.Values)
                squaredNorm += (double)value * value;
            longest = Math.Max(longest, squaredNorm);
        }

        double needed = schedule.NoiseMultiplier * schedule.NoiseMultiplier * longest;
        return schedule.SumVariance >= needed * (1 - 1e-12);
    }

    private static double Project(int[] sum, double[] direction)
    {
        double projection = 0;
        for (int i = 0; i < sum.Length; i++)
            projection += sum[i] * direction[i];
        return projection;
    }
}
