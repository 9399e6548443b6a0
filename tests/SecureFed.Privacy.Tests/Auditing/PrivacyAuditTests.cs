using System.Diagnostics;
using System.Globalization;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Claims;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Auditing;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Auditing;

/// <summary>A good pipeline keeps its claims, and each broken one is found out.</summary>
/// <remarks>
/// Every bound has confidence 0.999. A build that spends its claim to the last digit would fail an audit of the first group with probability at most 0.002 if the seed were
/// drawn anew; the seeds are fixed, so a test that passes stays so until the pipeline changes.
/// </remarks>
public sealed class PrivacyAuditTests(ITestOutputHelper output)
{
    private static readonly AuditPlan ClientPlan = new(AuditedUnit.Client, 1, 1e-5, 1, 2, 20, 16, 16, 4000, 0.999);
    private static readonly AuditPlan RecordPlan = ClientPlan with { Unit = AuditedUnit.Record, SamplingRate = 0.5, Steps = 4 };

    [Theory]
    [InlineData(AuditedUnit.Client, 1, 1e-5, 1, 2)]
    [InlineData(AuditedUnit.Client, 1, 1e-2, 1, 1)]
    [InlineData(AuditedUnit.Client, 4, 1e-5, 1, 1)]
    [InlineData(AuditedUnit.Record, 1, 1e-2, 0.5, 4)]
    [InlineData(AuditedUnit.Record, 4, 1e-5, 0.1, 4)]
    [InlineData(AuditedUnit.Record, 2, 1e-3, 1, 1)]
    public void A_good_pipeline_keeps_its_claim(AuditedUnit unit, double epsilon, double delta, double samplingRate, int steps)
    {
        AuditPlan plan = ClientPlan with { Unit = unit, Epsilon = epsilon, Delta = delta, SamplingRate = samplingRate, Steps = steps };
        using KeyedRandomSource random = Seeded.Source(string.Create(CultureInfo.InvariantCulture, $"good build {unit} {epsilon} {delta} {samplingRate} {steps}"));
        AuditReport report = PrivacyAudit.Run(plan, new Mutants.Stages(plan, random, random), random);
        Write(report);
        Assert.True(report.Passed);
    }

    /// <summary>The audit has teeth: from 60,000 releases it measures at least 70 % of the exact ε of a Gaussian release with this noise; the claim, by Rényi orders, is larger.</summary>
    [Fact]
    public void A_good_build_is_measured_closely()
    {
        AuditPlan plan = ClientPlan with { Epsilon = 2, Delta = 0.01, Steps = 1, Trials = 30_000 };
        using KeyedRandomSource random = Seeded.Source("good build, measured closely");
        Mutants pipeline = new(plan, random);
        AuditedSchedule schedule = AuditedSchedule.For(plan, plan.Dimension);
        DistinguishingFinding finding = PrivacyAudit.Distinguish(plan, schedule, pipeline.None(schedule), random);
        double exact = AnalyticGaussian.Epsilon(schedule.NoiseMultiplier, 1, plan.Delta);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"claimed {plan.Epsilon}, exact {exact:F3}, many runs {finding.EpsilonLower:F3}"));
        Assert.InRange(finding.EpsilonLower, 0.7 * exact, exact);
    }

    [Theory]
    [InlineData(AuditedUnit.Client)]
    [InlineData(AuditedUnit.Record)]
    public void Missing_noise_is_found_by_both_audits(AuditedUnit unit)
    {
        AuditReport report = Audit(unit, (mutants, schedule) => mutants.NoiseMissing(schedule));
        Assert.True(report.Distinguishing.EpsilonLower > report.Plan.Epsilon);
        Assert.True(report.OneRun.EpsilonLower > report.Plan.Epsilon);
    }

    [Theory]
    [InlineData(AuditedUnit.Client)]
    [InlineData(AuditedUnit.Record)]
    public void Noise_too_small_by_the_root_of_the_cohort_is_found_by_both_audits(AuditedUnit unit)
    {
        AuditPlan plan = Plan(unit) with { Clients = 100, Honest = 80, Trials = 1000 };
        AuditReport report = Audit(plan, (mutants, schedule) => mutants.NoiseDividedTwice(schedule));
        Assert.True(report.Distinguishing.EpsilonLower > report.Plan.Epsilon);
        Assert.True(report.OneRun.EpsilonLower > report.Plan.Epsilon);
    }

    /// <summary>A record that joins one round in ten is unseen in two runs of three: the bound comes from the third.</summary>
    [Fact]
    public void Missing_noise_is_found_also_where_records_are_rarely_sampled()
    {
        AuditReport report = Audit(RecordPlan with { SamplingRate = 0.1, Epsilon = 4 }, (mutants, schedule) => mutants.NoiseMissing(schedule));
        Assert.True(report.Distinguishing.EpsilonLower > report.Plan.Epsilon);
    }

    [Fact]
    public void Shares_made_for_all_clients_of_whom_a_quarter_remains_are_found()
    {
        AuditPlan plan = ClientPlan with { Honest = 5, Delta = 0.01, Steps = 1, Trials = 20_000 };
        AuditReport report = Audit(plan, (mutants, schedule) => mutants.NoiseSharedByDropouts(schedule));
        Assert.True(report.Distinguishing.EpsilonLower > plan.Epsilon);
    }

    [Fact]
    public void Missing_clipping_is_found_by_both_audits()
    {
        AuditReport report = Audit(AuditedUnit.Client, (mutants, schedule) => mutants.ClippingMissing(schedule));
        Assert.True(report.Distinguishing.EpsilonLower > report.Plan.Epsilon);
        Assert.True(report.OneRun.EpsilonLower > report.Plan.Epsilon);
    }

    /// <summary>Two layers: without the clipper the exact integer check still stands, and nothing is released at all.</summary>
    [Fact]
    public void Without_the_clipper_the_integer_check_releases_nothing()
    {
        UpdateLayout layout = AuditedSchedule.For(ClientPlan, 16).Layout;
        using KeyedRandomSource random = Seeded.Source("clipper left out");
        double[] canary = Canary.Towards(layout, Canary.Direction(layout, random), 1);
        Assert.Throws<UnreachableException>(() => new Quantizer(random).Quantize(new ClippedUpdate(layout, canary)));
    }

    [Theory]
    [InlineData(AuditedUnit.Client)]
    [InlineData(AuditedUnit.Record)]
    public void A_quarter_of_the_shares_is_found(AuditedUnit unit)
    {
        AuditPlan plan = Plan(unit) with { Delta = 0.01, Steps = unit == AuditedUnit.Client ? 1 : 4, Trials = 20_000 };
        AuditReport report = Audit(plan, (mutants, schedule) => mutants.TooFewSurvivors(schedule));
        Assert.True(report.Distinguishing.EpsilonLower > report.Plan.Epsilon);
    }

    [Fact]
    public void Missing_sampling_is_found()
    {
        AuditPlan plan = RecordPlan with { SamplingRate = 0.1 };
        AuditReport report = Audit(plan, (mutants, schedule) => mutants.SamplingMissing(schedule));
        Assert.True(report.Distinguishing.EpsilonLower > plan.Epsilon);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void One_seed_for_two_releases_is_found_and_one_for_each_is_not(int releasesPerSeed, bool passes)
    {
        AuditReport report = Audit(AuditedUnit.Client, (mutants, schedule) => mutants.Seeded(schedule, releasesPerSeed));
        Assert.Equal(passes, report.Passed);
        Assert.Equal(passes, report.Distinguishing.EpsilonLower <= report.Plan.Epsilon);
        Assert.Equal(passes, report.OneRun.EpsilonLower <= report.Plan.Epsilon);
    }

    /// <summary>On the grid of tasks rounding lengthens a vector by 0.2 %, which no number of trials would show: the exact check has to.</summary>
    [Theory]
    [InlineData(AuditedUnit.Client, 16)]
    [InlineData(AuditedUnit.Record, 16)]
    [InlineData(AuditedUnit.Client, 1000)]
    public void Noise_for_the_norm_before_rounding_is_found_by_the_exact_check(AuditedUnit unit, int dimension)
    {
        AuditPlan plan = Plan(unit) with { Dimension = dimension };
        using KeyedRandomSource random = Seeded.Source("rounding forgotten");
        AuditedSchedule right = AuditedSchedule.For(plan, dimension);
        Rational z = Rational.FromDouble(right.NoiseMultiplier);
        Rational shift = Rational.FromDouble(right.Shift);
        AuditedSchedule wrong = right with { ShareVariance = z * z * shift * shift / plan.Honest };
        Assert.True(PrivacyAudit.NormHolds(right, random));
        Assert.False(PrivacyAudit.NormHolds(wrong, random));
        DistinguishingFinding many = new(0, 0.99, 1);
        Assert.False(new AuditReport(plan, many, new OneRunFinding(0, 0.99, 1, 1, 1), NormHolds: false).Passed);
        // Not only the check: the claim for the longest vector that rounding may emit is above what was promised.
        Assert.True(Claim(plan, wrong) > plan.Epsilon);
        Assert.True(Claim(plan, right) <= plan.Epsilon);
    }

    [Fact]
    public void The_same_seed_gives_the_same_report()
    {
        AuditPlan plan = ClientPlan with { Trials = 200 };
        using KeyedRandomSource first = Seeded.Source("repeat");
        using KeyedRandomSource second = Seeded.Source("repeat");
        Assert.Equal(PrivacyAudit.Run(plan, new Mutants.Stages(plan, first, first), first), PrivacyAudit.Run(plan, new Mutants.Stages(plan, second, second), second));
    }

    [Fact]
    public void Plans_out_of_range_are_refused()
    {
        using KeyedRandomSource random = Seeded.Source("refused");
        foreach (AuditPlan plan in (AuditPlan[])[
            ClientPlan with { SamplingRate = 0.5 },
            ClientPlan with { Honest = 21 },
            ClientPlan with { Honest = 1 },
            ClientPlan with { Trials = 99 },
            ClientPlan with { Confidence = 1 },
            ClientPlan with { Delta = 0 },
            ClientPlan with { Epsilon = double.NaN },
            RecordPlan with { SamplingRate = 0 }])
            Assert.Equal(AccountingException.OutOfRange, Assert.Throws<AccountingException>(() => PrivacyAudit.Run(plan, new Mutants.Stages(plan, random, random), random)).Code);
    }

    /// <summary>ε of all rounds of that noise, by the accountant of the unit.</summary>
    private static double Claim(AuditPlan plan, AuditedSchedule schedule)
    {
        double norm = Math.Sqrt((double)schedule.Layout.SquaredSensitivity);
        double localSigma = Math.Sqrt(schedule.SumVariance / schedule.Honest);
        return plan.Unit == AuditedUnit.Record
            ? RecordLevelClaim.Epsilon(new RecordSchedule(Math.Sqrt(schedule.SumVariance) / norm, plan.SamplingRate, plan.Steps, schedule.Honest, schedule.Layout.Dimension, localSigma), plan.Delta).Epsilon
            : new DistributedDiscreteGaussian(schedule.Honest, schedule.Layout.Dimension, localSigma, norm, norm * Math.Sqrt(schedule.Layout.Dimension)).Epsilon(1, plan.Steps, plan.Delta).Epsilon;
    }

    private static AuditPlan Plan(AuditedUnit unit) => unit == AuditedUnit.Client ? ClientPlan : RecordPlan;

    private AuditReport Audit(AuditedUnit unit, Func<Mutants, AuditedSchedule, IAuditedMechanism> mutant) => Audit(Plan(unit), mutant);

    private AuditReport Audit(AuditPlan plan, Func<Mutants, AuditedSchedule, IAuditedMechanism> mutant)
    {
        using KeyedRandomSource random = Seeded.Source("mutants");
        Mutants mutants = new(plan, random);
        AuditedSchedule wide = AuditedSchedule.For(plan, 1000);
        AuditReport report = PrivacyAudit.Run(plan, AuditedSchedule.For(plan, plan.Dimension), wide, schedule => mutant(mutants, schedule), random);
        Write(report);
        return report;
    }

    private void Write(AuditReport report) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Plan.Unit} claimed {report.Plan.Epsilon}, many runs {report.Distinguishing.EpsilonLower:F3}, one run {report.OneRun.EpsilonLower:F3} ({report.OneRun.Correct}/{report.OneRun.Guesses}), norm {report.NormHolds}"));
}
