using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

public sealed class FlatteningTests
{
    private static readonly byte[] Seed = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];

    public static TheoryData<int, int> Lengths() => new() { { 1, 1 }, { 2, 2 }, { 3, 4 }, { 1000, 1024 } };

    [Theory]
    [MemberData(nameof(Lengths))]
    public void The_transform_is_its_own_inverse_linear_and_keeps_the_norm(int length, int padded)
    {
        Assert.Equal(padded, new Flattening(length, Seed).PaddedLength);
        (double[] one, double[] other) = (Vector(padded, padded, "one"), Vector(padded, padded, "other"));
        double[] sum = [.. one.Zip(other, (x, y) => x + y)];
        (double[] turnedOne, double[] turnedOther, double[] turnedSum) = (Transformed(one), Transformed(other), Transformed(sum));
        AssertNear(one, Transformed(turnedOne));
        AssertNear(turnedSum, [.. turnedOne.Zip(turnedOther, (x, y) => x + y)]);
        Assert.Equal(1, Norm(turnedOne) / Norm(one), 1e-12);
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Flattening_is_undone_and_keeps_the_norm(int length, int padded)
    {
        Flattening flattening = new(length, Seed);
        double[] vector = Vector(length, padded, "vector");
        double[] flat = [.. vector];
        flattening.Apply(flat);
        Assert.Equal(1, Norm(flat) / Norm(vector), 1e-12);
        flattening.Invert(flat);
        AssertNear(vector, flat);
    }

    [Fact]
    public void Every_coordinate_is_the_documented_sum_of_signed_coordinates()
    {
        const int length = 300;
        Flattening flattening = new(length, Seed);
        double[] vector = Vector(length, 512, "by hand");
        double[] flat = [.. vector];
        flattening.Apply(flat);

        // Counter blocks 0, 1 and 2 under the key, by the platform's cipher; 300 signs are 38 bytes.
        using Aes aes = Aes.Create();
        aes.Key = SHA256.HashData([.. Encoding.ASCII.GetBytes("securefed/v1 flattening\n"), .. Seed]);
        byte[] counters = new byte[48];
        (counters[31], counters[47]) = (1, 2);
        byte[] signs = aes.EncryptEcb(counters, PaddingMode.None);
        for (int i = 0; i < flat.Length; i++)
        {
            double expected = 0;
            for (int j = 0; j < length; j++)
                expected += (BitOperations.PopCount((uint)(i & j)) % 2 == 0 ? 1 : -1) * ((signs[j / 8] >> (j % 8)) % 2 == 0 ? 1 : -1) * vector[j];
            Assert.Equal(expected / Math.Sqrt(512), flat[i], 1e-12);
        }
    }

    [Fact]
    public void A_spike_of_every_client_wraps_in_a_small_ring_but_comes_back_right_if_it_was_flattened()
    {
        const int clients = 200;
        double[] spike = new double[1000];
        spike[123] = -5; // Clipped to −1.
        UpdateLayout plain = NoiseScale.Choose([new UpdateSegment("delta", 1000, 1, 0)], 16, 1, clients);
        UpdateLayout flat = NoiseScale.Choose([new UpdateSegment("delta", 1000, 1, 0)], 16, 1, clients, new Flattening(1000, Seed));
        Assert.Equal(plain.Segments[0].Scale, flat.Segments[0].Scale);
        Assert.False(NoiseScale.FitsRing(plain, clients, isRecordLevel: false, 1, 1));
        Assert.True(NoiseScale.FitsRing(flat, clients, isRecordLevel: false, 1, 1));

        Assert.Equal(-200 + 256, Sum(plain, spike, clients)[123]); // 2^16 / s = 256 beside the truth.
        double[] sum = Sum(flat, spike, clients);
        Assert.Equal(1000, sum.Length);
        for (int i = 0; i < sum.Length; i++)
            Assert.Equal(i == 123 ? -200 : 0, sum[i], 1e-9); // −256/32 = −8 lies on the grid, so that nothing is rounded.
    }

    [Fact]
    public void The_ring_rule_takes_no_sum_that_can_wrap_and_refuses_one_that_does()
    {
        double[] spike = new double[1000];
        spike[7] = 1;
        UpdateLayout layout = NoiseScale.Choose([new UpdateSegment("delta", 1000, 1, 0)], 16, 1, 5000, new Flattening(1000, Seed));
        double step = layout.Segments[0].Scale / 32; // Of one client in every coordinate.
        int greatest = Enumerable.Range(1, 10_000).Last(n => NoiseScale.FitsRing(layout, n, isRecordLevel: false, 1, 1));
        Assert.Equal(greatest, Sum(layout, spike, greatest)[7], 1e-6);

        int wrapping = (int)(32768 / step) + 1;
        Assert.True(wrapping > greatest);
        Assert.False(NoiseScale.FitsRing(layout, wrapping, isRecordLevel: false, 1, 1));
        Assert.True(Math.Abs(Sum(layout, spike, wrapping)[7] - wrapping) > 1);
        Assert.Equal(16, NoiseScale.LeastRingBits(layout, greatest, isRecordLevel: false, 1, 1));
        Assert.True(NoiseScale.LeastRingBits(layout, wrapping, isRecordLevel: false, 1, 1) > 16);
    }

    [Fact]
    public void Noise_alone_can_fill_the_ring()
    {
        UpdateLayout layout = NoiseScale.Choose([new UpdateSegment("delta", 1000, 1, 0)], 16, 20, 10, new Flattening(1000, Seed));
        Assert.True(NoiseScale.FitsRing(layout, 10, isRecordLevel: false, 10, 1));
        Assert.False(NoiseScale.FitsRing(layout, 10, isRecordLevel: false, 20, 1));
    }

    [Theory]
    [InlineData(33, false)]
    [InlineData(64, false)]
    [InlineData(65, true)]
    public void A_coordinate_of_a_short_vector_reaches_no_less_far_by_flattening(int length, bool isHelped)
    {
        Flattening flattening = new(length, Seed);
        Assert.Equal(isHelped, flattening.Reach(1) < 1);
        UpdateLayout flat = NoiseScale.Choose([new UpdateSegment("delta", length, 1, 0)], 20, 1, 5000, flattening);
        UpdateLayout plain = NoiseScale.Choose([new UpdateSegment("delta", flattening.PaddedLength, 1, 0)], 20, 1, 5000);
        int Greatest(UpdateLayout layout) => Enumerable.Range(1, 100_000).Last(n => NoiseScale.FitsRing(layout, n, isRecordLevel: false, 1, 1));
        Assert.Equal(isHelped, Greatest(flat) > Greatest(plain));
    }

    [Fact]
    public void Records_one_after_another_leave_nothing_in_the_padding_and_the_other_segments_stay_as_they_are()
    {
        Flattening flattening = new(5, Seed);
        UpdateLayout layout = NoiseScale.Choose([new("gradient", 5, 1, 0), new("other", 2, 1, 0), new(UpdateLayout.Below, 1, 0.5, 0)], 32, 1, 8, flattening);
        Assert.Equal((8 + 2 + 1, 5 + 2), (layout.Dimension, layout.ComputedDimension));
        Assert.Equal([("gradient", 5), ("other", 2)], layout.Computed.Segments.Select(s => (s.Name, s.Length)));
        RecordAccumulator accumulator = new(layout, Seeded.Source("records"));
        double[] exact = new double[8];
        for (int record = 0; record < 40; record++)
        {
            double[] values = [0.1 * record, -0.3, 0.2, 0, 0.125, 0.5, -0.25];
            accumulator.Add(values);
            double norm = Math.Sqrt(values[..5].Sum(v => v * v));
            for (int i = 0; i < values.Length; i++)
                exact[i] += i < 5 ? values[i] / Math.Max(1, norm) : values[i];
            exact[7] += norm <= 1 ? 0.5 : -0.5;
        }

        int[] integers = accumulator.Finish().Values.ToArray();
        double[] sum = SumDecoder.ToValues(layout, integers);
        double deviation = Math.Sqrt(40 / 4.0) / layout.Segments[0].Scale; // Of the rounding of 40 records.
        for (int i = 0; i < 5; i++)
            Assert.Equal(exact[i], sum[i], 6.5 * deviation);
        Assert.Equal(exact[5..], sum[5..]); // On the grid.
    }

    [Fact]
    public void A_layout_whose_first_segment_has_not_the_padded_length_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new UpdateLayout([new UpdateSegment("delta", 1000, 1, 0)], 16, new Flattening(1000, Seed)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Flattening(0, Seed));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Flattening((1 << 26) + 1, Seed));
        UpdateLayout layout = NoiseScale.Choose([new UpdateSegment("delta", 1000, 1, 0)], 16, 1, 10, new Flattening(1000, Seed));
        Assert.Contains("takes 1000", Assert.Throws<InvalidUpdateException>(() => ModelUpdate.Create(layout, new double[1024])).Message, StringComparison.Ordinal);
    }

    /// <summary>What a server decodes from that many clients with one update.</summary>
    private static double[] Sum(UpdateLayout layout, double[] update, int clients)
    {
        QuantizedUpdate quantized = new Quantizer(Seeded.Source("sum")).Quantize(Clipper.Clip(ModelUpdate.Create(layout, update)));
        uint[] ring = new uint[layout.Dimension];
        NoNoise.Instance.Add(quantized).CopyTo(ring);
        return SumDecoder.ToValues(layout, SumDecoder.ToIntegers(layout, [.. ring.Select(v => unchecked((uint)clients * v))]));
    }

    private static double[] Vector(int length, int padded, string name)
    {
        using Cryptography.Randomness.KeyedRandomSource random = Seeded.Source(name);
        return [.. Enumerable.Range(0, length).Select(_ => random.Symmetric()), .. new double[padded - length]];
    }

    private static double[] Transformed(double[] values)
    {
        double[] transformed = [.. values];
        Flattening.Transform(transformed);
        return transformed;
    }

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(v => v * v));

    private static void AssertNear(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-12);
    }
}
