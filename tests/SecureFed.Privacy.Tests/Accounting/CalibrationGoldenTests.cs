using System.Text.Json;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Loss;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Tests.Accounting;

public sealed class CalibrationGoldenTests
{
    public static IEnumerable<TheoryDataRow<string>> Targets => GoldenFigures.Ids("e");

    public static IEnumerable<TheoryDataRow<string>> DistributedTargets => GoldenFigures.Ids("e2");

    [Theory]
    [MemberData(nameof(Targets))]
    public void The_noise_meets_the_target_and_is_no_more_than_a_millionth_above_the_reference(string id)
    {
        JsonElement row = GoldenFigures.Row("e", id);
        (double epsilon, double delta, double q, long steps) = (row.Number("target_epsilon"), row.Number("delta"), row.Number("q"), row.Whole("steps"));
        double z = NoiseCalibration.NoiseMultiplier(epsilon, delta, q, steps);
        Assert.True(z <= row.Number("sigma_rdp") * (1 + 1e-6));
        Assert.True(SampledGaussian.Curve(z, q, RenyiOrders.Default).Compose(steps).Epsilon(delta).Epsilon <= epsilon);
        Assert.True(SampledGaussian.Curve(z * (1 - 1e-6), q, RenyiOrders.Default).Compose(steps).Epsilon(delta).Epsilon > epsilon);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void The_loss_reference_needs_less_noise_than_the_Renyi_figure_and_still_meets_the_target(string id)
    {
        JsonElement row = GoldenFigures.Row("e", id);
        (double epsilon, double delta, double q, long steps) = (row.Number("target_epsilon"), row.Number("delta"), row.Number("q"), row.Whole("steps"));
        double z = NoiseCalibration.LossReference(epsilon, delta, q, steps);
        Assert.InRange(z, 0.8 * row.Number("sigma_rdp"), 0.985 * row.Number("sigma_rdp"));
        Assert.True(PrivacyLossAccountant.Epsilon(z, q, steps, delta).Epsilon <= epsilon);
        Assert.True(PrivacyLossAccountant.Epsilon(z * 0.999, q, steps, delta).Epsilon > epsilon);
        if (q == 1)
            Assert.InRange(z, Math.Sqrt(steps) * AnalyticGaussian.Sigma(epsilon, delta, 1) * (1 - 1e-6), Math.Sqrt(steps) * AnalyticGaussian.Sigma(epsilon, delta, 1) * (1 + 3e-4));
    }

    [Fact]
    public void The_loss_reference_does_not_leave_the_range() => Assert.Equal(0.01, NoiseCalibration.LossReference(1e6, 0.5, 1, 1), 0.005);

    /// <summary>For q &lt; 1 ours may need less than the reference, which amplifies generically, but not less than the continuous Gaussian.</summary>
    [Theory]
    [MemberData(nameof(DistributedTargets))]
    public void The_distributed_noise_meets_the_target(string id)
    {
        JsonElement row = GoldenFigures.Row("e2", id);
        (double epsilon, double delta, double q, long steps) = (row.Number("target_epsilon"), row.Number("delta"), row.Number("q"), row.Whole("steps"));
        (int n, int d) = ((int)row.Whole("n"), (int)row.Whole("dim"));
        double scaled = row.Number("l2_clip") / row.Number("gamma");
        double root = Math.Sqrt(d);
        double l2 = Math.Min(scaled + root, Math.Sqrt(scaled * scaled + d / 4.0 + Math.Sqrt(-2 * Math.Log(row.Number("beta"))) * (scaled + root / 2)));
        double l1 = l2 * Math.Min(root, l2);
        double sigma = NoiseCalibration.LocalSigma(n, d, l2, l1, epsilon, delta, q, steps);
        double z = sigma * Math.Sqrt(n) / scaled;
        double reference = row.Number("central_noise_multiplier_ddg");
        Assert.InRange(z, q == 1 ? reference * (1 - 1e-7) : NoiseCalibration.NoiseMultiplier(epsilon, delta, q, steps, RenyiOrders.Distributed), reference * (1 + 1e-6));
        Assert.True(new DistributedDiscreteGaussian(n, d, sigma, l2, l1).Epsilon(q, steps, delta).Epsilon <= epsilon);
    }
}
