using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

public class NoiseShareTests
{
    private static readonly UpdateSegment[] Segments = [new("delta", 100, 0.5, 0), new("weight", 1, 1, 0)];

    [Theory]
    [InlineData(1.0, 2)]
    [InlineData(0.7, 6)]
    [InlineData(13.25, 180)]
    public void The_shares_of_h_clients_have_at_least_the_variance_that_is_claimed_and_hardly_more(double z, int honest)
    {
        UpdateLayout layout = NoiseScale.Choose(Segments, 32, z, 200);

        Rational share = NoiseShare.VarianceOf(layout, z, honest);

        Rational claimed = Rational.FromDouble(z) * Rational.FromDouble(z) * new Rational(layout.SquaredSensitivity, 1);
        Assert.True(share * honest >= claimed);
        Assert.True((share + new Rational(-1, 1)) * honest < claimed);
    }

    [Fact]
    public void The_scale_is_the_smallest_that_keeps_rounding_and_shares_in_bounds()
    {
        UpdateLayout coarse = NoiseScale.Choose(Segments, 32, 20, 10);

        // 8·√100/0.5 = 160 and 8·√1/1 = 8.
        Assert.Equal([8, 3], coarse.Segments.Select(s => s.ScaleExponent));

        UpdateLayout raised = NoiseScale.Choose(Segments, 32, 0.05, 10);
        double localSigma = 0.05 * Math.Sqrt((double)raised.SquaredSensitivity / 10);
        Assert.Equal(raised.Segments[0].ScaleExponent - 8, raised.Segments[1].ScaleExponent - 3);
        Assert.InRange(localSigma, NoiseShare.LeastSigma(10, 101), 2 * NoiseShare.LeastSigma(10, 101));
    }

    [Fact]
    public void A_share_below_its_least_sigma_cannot_come_out_of_the_scale_rule()
    {
        for (double z = 0.011; z < 300; z *= 1.7)
        {
            foreach (int clients in (int[])[2, 8, 1000])
            {
                UpdateLayout layout = NoiseScale.Choose(Segments, 32, z, clients);

                Assert.True(Math.Sqrt((double)NoiseShare.VarianceOf(layout, z, clients).Numerator) >= NoiseShare.LeastSigma(clients, layout.Dimension));
                Assert.All(layout.Segments, s => Assert.True(s.Scale >= 8 * Math.Sqrt(s.Length) / s.ClipNorm));
            }
        }
    }

    [Fact]
    public void Rings_that_the_sum_could_leave_are_told_apart()
    {
        UpdateLayout layout = NoiseScale.Choose(Segments, 16, 1, 10);
        double sensitivity = Math.Sqrt((double)layout.SquaredSensitivity);
        double noise = Math.Sqrt(2 * Math.Log(2 * 101 * Math.Pow(2, 40))) * sensitivity * Math.Sqrt(1.6);
        double largest = Math.Sqrt((double)Quantizer.SquaredNormBound(layout.Segments[0]));
        long most = (long)((32768 - noise) / largest);

        Assert.True(NoiseScale.FitsRing(layout, most - 1, isRecordLevel: true, 1, 1.6));
        Assert.False(NoiseScale.FitsRing(layout, most + 1, isRecordLevel: true, 1, 1.6));
        Assert.False(NoiseScale.FitsRing(layout, 10_000, isRecordLevel: false, 1, 1.6));
    }

    [Fact]
    public void Nobody_draws_noise_for_fewer_than_two_honest_clients_or_without_a_multiplier()
    {
        UpdateLayout layout = NoiseScale.Choose(Segments, 32, 1, 10);

        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseShare.VarianceOf(layout, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseShare.VarianceOf(layout, 0, 2));
    }
}
