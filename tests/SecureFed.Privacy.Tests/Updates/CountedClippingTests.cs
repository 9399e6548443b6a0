using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

/// <summary>The count for adaptive clipping is made where the norm before clipping is known, and nowhere else.</summary>
public sealed class CountedClippingTests
{
    private static readonly UpdateLayout Layout = new([new UpdateSegment("gradient", 2, 5, 4), new UpdateSegment(UpdateLayout.Below, 1, 0.5, 4)], 32);

    [Theory]
    [InlineData(0, 0, 8)]
    [InlineData(3, 3.9, 8)]
    [InlineData(3, -4, 8)]
    [InlineData(3, 4.1, -8)]
    [InlineData(1e300, 1e300, -8)]
    public void A_unit_counts_a_half_if_its_norm_is_within_the_clip_norm_and_minus_a_half_if_it_was_clipped(double x, double y, int expected)
    {
        QuantizedUpdate update = new Quantizer(Seeded.Source("count")).Quantize(Clipper.Clip(ModelUpdate.Create(Layout, [x, y])));
        Assert.Equal(expected, update.Values[^1]);

        RecordAccumulator records = new(Layout, Seeded.Source("count"));
        records.Add([x, y]);
        records.Add([0, 0]);
        Assert.Equal(expected + 8, records.Finish().Values[^1]);
    }

    [Fact]
    public void An_application_gives_no_value_for_the_count()
    {
        Assert.Equal((true, 2, 3), (Layout.CountsBelow, Layout.ComputedDimension, Layout.Dimension));
        Assert.Equal(Layout.Segments.Take(1), Layout.Computed.Segments);
        Assert.Throws<InvalidUpdateException>(() => ModelUpdate.Create(Layout, [1, 2, 3]));
        Assert.False(Layout.Computed.CountsBelow);
    }

    [Fact]
    public void Noise_is_measured_by_the_update_and_the_count_together() =>
        Assert.Equal(Quantizer.SquaredNormBound(Layout.Segments[0]) + Quantizer.SquaredNormBound(Layout.Segments[1]), Layout.SquaredSensitivity);
}
