using FsCheck;
using FsCheck.Fluent;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

public sealed class UpdateLayoutTests
{
    [Theory]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(32)]
    public void The_worst_sum_of_as_many_updates_as_fit_does_not_wrap(int ringBits)
    {
        foreach (double clipNorm in (double[])[1, 0.7, 2.5, 1e-6, 100])
        {
            foreach (int clients in (int[])[1, 2, 5, 200])
            {
                int exponent = UpdateLayout.FinestScaleExponent(clipNorm, ringBits, clients);
                foreach (int sign in (int[])[1, -1])
                {
                    // One coordinate with the whole norm, from every client, rounded away from zero if the norm check lets it.
                    UpdateLayout layout = new([new UpdateSegment("a", 1, clipNorm, exponent)], ringBits);
                    Assert.True(layout.FitsRing(clients));
                    QuantizedUpdate update = new Quantizer(new Rounding(sign)).Quantize(Clipper.Clip(ModelUpdate.Create(layout, [sign * 1e6])));
                    uint[] sum = new uint[1];
                    uint[] ring = new uint[1];
                    NoNoise.Instance.Add(update).CopyTo(ring);
                    long exact = 0;
                    for (int i = 0; i < clients; i++)
                    {
                        sum[0] = unchecked(sum[0] + ring[0]);
                        exact += update.Values[0];
                    }

                    Assert.Equal(exact, SumDecoder.ToIntegers(layout, sum)[0]);
                    Assert.True(Math.Abs(exact) >= 0.4 * clients * clipNorm * Math.ScaleB(1.0, exponent));
                }
            }
        }
    }

    [Fact]
    public void The_finest_scale_is_the_finest_that_fits() =>
        Prop.ForAll(Arb.From(Gen.Choose(1, 4000)), Arb.From(Gen.Choose(4, 32)), Arb.From(Gen.Choose(1, 1000)), (thousandths, ringBits, clients) =>
        {
            double clipNorm = thousandths / 1000.0;
            int exponent;
            try
            {
                exponent = UpdateLayout.FinestScaleExponent(clipNorm, ringBits, clients);
            }
            catch (ArgumentException)
            {
                // Then the rounding alone fills the ring.
                return !Layout(clipNorm, UpdateSegment.LeastScaleExponent, ringBits).FitsRing(clients);
            }

            return Layout(clipNorm, exponent, ringBits).FitsRing(clients)
                && (exponent == UpdateSegment.GreatestScaleExponent || !Layout(clipNorm, exponent + 1, ringBits).FitsRing(clients));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void Fitting_is_tight_a_cohort_that_does_not_fit_can_wrap()
    {
        // 2^15 / (8 + 1) = 3640.9: 3640 clients fit. With 4096 clients at the clip norm the sum is exactly 2^15 and wraps to −2^15.
        UpdateLayout layout = Layout(1, 3, 16);
        Assert.True(layout.FitsRing(3640));
        Assert.False(layout.FitsRing(3641));
        Assert.Equal(-32768, SumDecoder.ToIntegers(layout, [4096 * 8])[0]);
        Assert.Equal(3640 * 9, SumDecoder.ToIntegers(layout, [3640 * 9])[0]);
    }

    [Fact]
    public void Malformed_layouts_are_refused()
    {
        UpdateSegment good = new("delta", 3, 1, 0);
        Assert.Equal(4, new UpdateLayout([good, new UpdateSegment("weight", 1, 1, 0)], 32).Dimension);
        foreach (UpdateSegment bad in (UpdateSegment[])
            [
                good with { Name = "" }, good with { Name = "Delta" }, good with { Name = "a b" }, good with { Name = new string('a', 33) }, good with { Length = 0 },
                good with { ClipNorm = 0 }, good with { ClipNorm = -1 }, good with { ClipNorm = double.NaN }, good with { ClipNorm = double.PositiveInfinity },
                good with { ScaleExponent = 61 }, good with { ScaleExponent = -31 }, good with { Length = (1 << 26) + 1 },
            ])
        {
            Assert.ThrowsAny<ArgumentException>(() => new UpdateLayout([bad], 32));
        }

        Assert.ThrowsAny<ArgumentException>(() => new UpdateLayout([], 32));
        Assert.ThrowsAny<ArgumentException>(() => new UpdateLayout([good, good], 32));
        Assert.ThrowsAny<ArgumentException>(() => new UpdateLayout([good with { Length = 1 << 26 }, good with { Name = "b" }], 32));
        Assert.ThrowsAny<ArgumentException>(() => new UpdateLayout([.. Enumerable.Range(0, 17).Select(i => good with { Name = $"a{i}" })], 32));
        Assert.ThrowsAny<ArgumentException>(() => new UpdateLayout([good], 33));
        Assert.ThrowsAny<ArgumentException>(() => new UpdateLayout([good], 1));
        Assert.ThrowsAny<ArgumentException>(() => UpdateLayout.FinestScaleExponent(double.NaN, 32, 5));
    }

    [Fact]
    public void Segments_are_found_by_name()
    {
        UpdateLayout layout = new([new UpdateSegment("delta", 3, 1, 0), new UpdateSegment("weight", 1, 1, 0)], 32);
        Assert.Equal(0, layout.OffsetOf("delta"));
        Assert.Equal(3, layout.OffsetOf("weight"));
        Assert.Equal([1.0, 2.0, 3.0], layout.Slice([1, 2, 3, 4], "delta").ToArray());
        Assert.Equal([4.0], layout.Slice([1, 2, 3, 4], "weight").ToArray());
        Assert.Throws<ArgumentException>(() => layout.OffsetOf("bias"));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void An_update_that_is_not_finite_is_refused_with_its_code_and_without_its_values(double bad)
    {
        UpdateLayout layout = Layout(1, 0, 32, 3);
        InvalidUpdateException thrown = Assert.Throws<InvalidUpdateException>(() => ModelUpdate.Create(layout, [0.12345, bad, 1]));
        Assert.Equal(InvalidUpdateException.NotFinite, thrown.Code);
        Assert.Contains("Coordinate 1", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0.12345", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void An_update_of_the_wrong_dimension_is_refused_with_its_code(int dimension)
    {
        InvalidUpdateException thrown = Assert.Throws<InvalidUpdateException>(() => ModelUpdate.Create(Layout(1, 0, 32, 3), new double[dimension]));
        Assert.Equal(InvalidUpdateException.WrongDimension, thrown.Code);
        Assert.Contains("3", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_update_is_a_copy()
    {
        double[] values = [1, 2, 3];
        ModelUpdate update = ModelUpdate.Create(Layout(100, 0, 32, 3), values);
        values[0] = 50;
        Assert.Equal([1, 2, 3], new Quantizer(Seeded.Source("copy")).Quantize(Clipper.Clip(update)).Values.ToArray());
    }

    [Fact]
    public void Sums_decode_at_every_ring_width()
    {
        using var random = Seeded.Source("decode");
        for (int bits = UpdateLayout.LeastRingBits; bits <= UpdateLayout.GreatestRingBits; bits++)
        {
            UpdateLayout layout = Layout(1, 0, bits, 40);
            long half = 1L << (bits - 1);
            int[] integers = [.. Enumerable.Range(0, 40).Select(i => i switch
            {
                0 => (int)(half - 1),
                1 => (int)-half,
                2 => -1,
                3 => 0,
                _ => (int)((long)random.Below(int.MaxValue) % half) * (i % 2 == 0 ? 1 : -1),
            })];
            uint mask = uint.MaxValue >> (32 - bits);
            Assert.Equal(integers, SumDecoder.ToIntegers(layout, [.. integers.Select(i => unchecked((uint)i) & mask)]));

            // Bits above the ring do not count.
            Assert.Equal(integers, SumDecoder.ToIntegers(layout, [.. integers.Select(i => unchecked((uint)i) & mask | ~mask)]));
        }
    }

    [Fact]
    public void Ring_elements_are_residues_and_values_come_back_in_their_segments_units()
    {
        UpdateLayout layout = new([new UpdateSegment("a", 2, 100, 3), new UpdateSegment("b", 1, 4000, -2)], 20);
        uint[] ring = new uint[3];
        NoNoise.Instance.Add(new Quantizer(Seeded.Source("units")).Quantize(Clipper.Clip(ModelUpdate.Create(layout, [1.5, -0.125, -400])))).CopyTo(ring);
        Assert.Equal([12u, 0xfffff, 0x100000 - 100], ring);
        Assert.Equal([1.5, -0.125, -400.0], SumDecoder.ToValues(layout, SumDecoder.ToIntegers(layout, ring)));
    }

    private static UpdateLayout Layout(double clipNorm, int exponent, int ringBits, int length = 1) => new([new UpdateSegment("a", length, clipNorm, exponent)], ringBits);

    /// <summary>Rounds every fraction up (all bytes zero) or down (all ones).</summary>
    private sealed class Rounding(int sign) : Cryptography.Randomness.IRandomSource
    {
        public void Fill(Span<byte> destination) => destination.Fill(sign > 0 ? (byte)0 : (byte)0xff);
    }
}
