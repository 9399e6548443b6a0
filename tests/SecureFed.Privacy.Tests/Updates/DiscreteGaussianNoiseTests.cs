using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

public class DiscreteGaussianNoiseTests
{
    [Fact]
    public void Noise_is_added_to_every_coordinate_with_the_variance_of_a_share()
    {
        const int Length = 40_000;
        UpdateLayout layout = new([new UpdateSegment("delta", Length, 1, 10)], 32);
        QuantizedUpdate update = new Quantizer(Seeded.Source("round")).Quantize(Clipper.Clip(ModelUpdate.Create(layout, new double[Length])));
        Rational variance = 2500;
        uint[] ring = new uint[Length];

        NoisedUpdate noised = new DiscreteGaussianNoise(variance, Seeded.Source("noise")).Add(update);
        noised.CopyTo(ring);

        // The mean square of 40,000 draws has a relative standard deviation of √(2/40,000) = 0.7 %; six of them are passed once in 5·10^8 runs.
        Assert.Equal(variance, noised.ShareVariance);
        int[] drawn = SumDecoder.ToIntegers(layout, ring);
        Assert.InRange(drawn.Average(), -1.5, 1.5);
        Assert.InRange(drawn.Average(y => (double)y * y), 2500 * 0.957, 2500 * 1.043);
    }

    [Fact]
    public void Two_calls_never_draw_the_same_noise()
    {
        UpdateLayout layout = new([new UpdateSegment("delta", 50, 1, 10)], 32);
        QuantizedUpdate update = new Quantizer(Seeded.Source("round")).Quantize(Clipper.Clip(ModelUpdate.Create(layout, new double[50])));
        DiscreteGaussianNoise noise = new(1_000_000, Seeded.Source("noise"));
        uint[] first = new uint[50];
        uint[] second = new uint[50];

        noise.Add(update).CopyTo(first);
        noise.Add(update).CopyTo(second);

        Assert.NotEqual(first, second);
    }

    [Theory]
    [InlineData(1L << 50)]
    [InlineData((1L << 50) + 1)]
    [InlineData(1L << 62)]
    public void Noise_is_the_sampler_s_modulo_the_ring_whether_or_not_it_fits_32_bits(long variance)
    {
        const int Length = 500;
        UpdateLayout layout = new([new UpdateSegment("delta", Length, 1, 10)], 32);
        QuantizedUpdate update = new Quantizer(Seeded.Source("round")).Quantize(Clipper.Clip(ModelUpdate.Create(layout, [.. Enumerable.Repeat(0.01, Length)])));
        long[] share = new long[Length];
        new ExactDiscreteGaussian(variance).Fill(share.AsSpan(), Seeded.Source("noise"));
        uint[] noised = new uint[Length];
        uint[] bare = new uint[Length];

        new DiscreteGaussianNoise(variance, Seeded.Source("noise")).Add(update).CopyTo(noised);
        NoNoise.Instance.Add(update).CopyTo(bare);

        Assert.Equal(bare.Zip(share, (y, x) => unchecked((uint)(y + x))), noised);
    }
}
