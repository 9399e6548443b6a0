using System.Buffers.Binary;
using System.Numerics;
using MathNet.Numerics.Distributions;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Auditing;
using SecureFed.Privacy.Auditing.Statistics;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Auditing;

/// <summary>Why the noise is made of integers: floating-point noise shows the canary in its last bits.</summary>
/// <remarks>
/// Mironov 2012 (On significance of the least significant bits for differential privacy), section 5: a textbook sampler maps a grid of uniform numbers to a sparse set of doubles, and
/// adding 0 or 1 makes two different sets. Whether a release is in the one or the other is all that the attack looks at; the size of the noise does not matter.
/// </remarks>
public sealed class FloatingPointNoiseTests(ITestOutputHelper output)
{
    private const int Runs = 4000;
    private const double Delta = 1e-5;
    private const double Confidence = 0.999;
    private const double GridSize = 4294967296.0;

    [Fact]
    public void Floating_point_Laplace_noise_is_found_though_its_size_is_right()
    {
        const double scale = 1; // Epsilon 1 for sensitivity 1, were it real numbers.
        Attack(
            u => u < 0.5 ? scale * Math.Log(2 * u) : -scale * Math.Log(2 * (1 - u)),
            x => x < 0 ? Math.Exp(x / scale) / 2 : 1 - Math.Exp(-x / scale) / 2);
    }

    [Fact]
    public void Floating_point_Gaussian_noise_is_found_though_its_size_is_right()
    {
        double sigma = AnalyticGaussian.Sigma(1, Delta, 1);
        Attack(u => Normal.InvCDF(0, sigma, u), x => Normal.CDF(0, sigma, x));
    }

    /// <summary>The last bits of what the pipeline releases say no more than the claim allows.</summary>
    [Fact]
    public void The_last_bits_of_integer_noise_show_nothing()
    {
        AuditPlan plan = new(AuditedUnit.Client, 1, Delta, 1, 1, 20, 16, 1, Runs, Confidence);
        using KeyedRandomSource random = Seeded.Source("last bits");
        AuditedSchedule planned = AuditedSchedule.For(plan, 1);
        UpdateLayout layout = new([new UpdateSegment("delta", 1, 1.125, planned.Layout.Segments[0].ScaleExponent)], 32);
        AuditedSchedule schedule = planned with { Layout = layout, ShareVariance = NoiseShare.VarianceOf(layout, planned.NoiseMultiplier, plan.Honest) };
        Assert.Equal(1, schedule.Shift % 2); // An even shift would leave the last bit alone even without noise.
        IAuditedMechanism pipeline = new Mutants(plan, random).None(schedule);
        double[][] canary = [Canary.Along(schedule.Layout, 0, 1)];
        double[] with = Scores(() => BitOperations.TrailingZeroCount(pipeline.Release(canary)[0]));
        double[] without = Scores(() => BitOperations.TrailingZeroCount(pipeline.Release([])[0]));
        Assert.InRange(DistinguishingAudit.EpsilonLower(with, without, Delta, Confidence), 0, 0.2);
    }

    /// <summary>One unit moves the sum by 1. Thresholds see what the claim allows; looking which sum is possible at all sees the unit.</summary>
    private void Attack(Func<double, double> quantile, Func<double, double> distribution)
    {
        using KeyedRandomSource random = Seeded.Source("floating point");
        double Noise() => quantile((BinaryPrimitives.ReadUInt32LittleEndian(random.Bytes(4)) + 0.5) / GridSize);
        double[] with = Scores(() => 1 + Noise());
        double[] without = Scores(Noise);
        double size = DistinguishingAudit.EpsilonLower(with, without, Delta, Confidence);
        double bits = DistinguishingAudit.EpsilonLower([.. with.Select(Evidence)], [.. without.Select(Evidence)], Delta, Confidence);
        output.WriteLine($"claimed 1, by size {size:F3}, by last bits {bits:F3}");
        Assert.InRange(size, 0, 1);
        Assert.True(bits > 5);

        double Evidence(double release) => (IsPossible(release, 1) ? 1 : 0) - (IsPossible(release, 0) ? 1 : 0);
        bool IsPossible(double release, double centre)
        {
            double nearest = Math.Floor(distribution(release - centre) * GridSize);
            return Enumerable.Range(-4, 9).Any(step => centre + quantile(Math.Clamp(nearest + step + 0.5, 0.5, GridSize - 0.5) / GridSize) == release);
        }
    }

    private static double[] Scores(Func<double> run) => [.. Enumerable.Range(0, Runs).Select(_ => run())];
}
