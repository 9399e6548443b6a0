using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

public sealed class QuantizerTests
{
    [Fact]
    public void The_exact_integer_norm_is_always_within_the_bound()
    {
        using KeyedRandomSource random = Seeded.Source("norm bound");
        for (int i = 0; i < 3000; i++)
        {
            // Long and coarse vectors at the clip norm: the rounding is as large as the values, so tries are refused often.
            UpdateSegment segment = new("a", 1 + random.Below(60), 0.25 + Math.Abs(random.Symmetric()), random.Below(6) - 1);
            int[] integers = Quantize(segment, Direction(segment, random), random);
            Assert.True(SquaredNorm(integers) <= Quantizer.SquaredNormBound(segment));
        }
    }

    [Fact]
    public void Every_coordinate_is_rounded_to_a_neighbour()
    {
        using KeyedRandomSource random = Seeded.Source("neighbours");
        UpdateSegment segment = new("a", 100, 5, 4);
        for (int i = 0; i < 200; i++)
        {
            double[] values = [.. Enumerable.Range(0, 100).Select(_ => 0.4 * random.Symmetric())];
            int[] integers = Quantize(segment, values, random);
            for (int j = 0; j < values.Length; j++)
                Assert.InRange(integers[j] - 16 * values[j], -1 + 1e-9, 1 - 1e-9);
        }
    }

    [Fact]
    public void Rounding_is_unbiased()
    {
        // Well inside the norm no try is refused and each coordinate is floor + Bernoulli(fraction). Mean of 40,000 draws; 6 standard errors on each
        // side have probability 2e-9, twelve values: false alarms below 3e-8 (and the seed is fixed).
        using KeyedRandomSource random = Seeded.Source("unbiased");
        const int Draws = 40_000;
        UpdateSegment segment = new("a", 12, 100, 0);
        double[] values = [0.5, -0.5, 0.1, -0.1, 0.9, -0.9, 3.25, -3.25, 1.0 / 3, -7.001, 0.0001, 12.75];
        double[] sums = new double[values.Length];
        for (int i = 0; i < Draws; i++)
        {
            int[] integers = Quantize(segment, values, random);
            for (int j = 0; j < sums.Length; j++)
                sums[j] += integers[j];
        }

        for (int j = 0; j < sums.Length; j++)
        {
            double fraction = values[j] - Math.Floor(values[j]);
            double standardError = Math.Sqrt(fraction * (1 - fraction) / Draws);
            Assert.InRange(sums[j] / Draws - values[j], -6 * standardError, 6 * standardError);
        }
    }

    [Fact]
    public void Values_on_the_grid_are_not_changed()
    {
        using KeyedRandomSource random = Seeded.Source("grid");
        UpdateSegment segment = new("a", 6, 1000, 2);
        Assert.Equal([0, 1, -1, 40, -1203, 6], Quantize(segment, [0, 0.25, -0.25, 10, -300.75, 1.5], random));
        UpdateSegment counts = new("a", 2, 1 << 20, 0);
        Assert.Equal([(1 << 20) - 5, -7], Quantize(counts, [(1 << 20) - 5, -7], random));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0xff)]
    public void When_every_try_is_refused_truncation_is_what_remains(byte randomness)
    {
        // A source of constant bytes rounds everything up (zeros) or down (ones), 64 times the same.
        int[] integers = Quantize(new UpdateSegment("a", 50, 1, 1), Enumerable.Repeat((randomness == 0 ? 1 : -1) / Math.Sqrt(50), 50).ToArray(), new Constant(randomness));
        Assert.All(integers, i => Assert.Equal(0, i));
    }

    [Fact]
    public void The_bound_is_the_published_formula()
    {
        // s²C² + d/4 + (sC + √d/2) = 64 + 4 + 8 + 2, below (8 + 4)² = 144.
        Assert.Equal((UInt128)78, Quantizer.SquaredNormBound(new UpdateSegment("a", 16, 2, 2)));

        // (0.25 + 1)² = 1.5625 is above 0.0625 + 0.25 + 0.25 + 0.5 = 1.0625.
        Assert.Equal((UInt128)1, Quantizer.SquaredNormBound(new UpdateSegment("a", 1, 0.25, 0)));
        Assert.Equal((UInt128)Math.Pow(2, 60) + (UInt128)Math.Pow(2, 30), Quantizer.SquaredNormBound(new UpdateSegment("a", 1, 1, 30)));
    }

    private static int[] Quantize(UpdateSegment segment, double[] values, IRandomSource random) =>
        new Quantizer(random).Quantize(Clipper.Clip(ModelUpdate.Create(new UpdateLayout([segment], 32), values))).Values.ToArray();

    private static double[] Direction(UpdateSegment segment, KeyedRandomSource random)
    {
        double[] values = [.. Enumerable.Range(0, segment.Length).Select(_ => random.Below(3) == 0 ? 0.001 : random.Symmetric())];
        double norm = Math.Sqrt(values.Sum(v => v * v));
        return [.. values.Select(v => 3 * segment.ClipNorm * v / norm)];
    }

    private static UInt128 SquaredNorm(int[] integers)
    {
        UInt128 sum = 0;
        foreach (int value in integers)
            sum += (UInt128)((Int128)value * value);
        return sum;
    }

    private sealed class Constant(byte value) : IRandomSource
    {
        public void Fill(Span<byte> destination) => destination.Fill(value);
    }
}
