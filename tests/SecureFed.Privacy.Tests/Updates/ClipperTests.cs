using FsCheck;
using FsCheck.Fluent;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

public sealed class ClipperTests
{
    [Fact]
    public void Every_segment_is_within_its_clip_norm_and_keeps_its_direction()
    {
        Prop.ForAll(Arb.From(Gen.Choose(1, 40)), Arb.From(Gen.Choose(1, 40)), Arb.From(Gen.Choose(-1000, 1000)), (first, second, exponent) =>
        {
            UpdateLayout layout = new([new UpdateSegment("a", first, 2.5, 3), new UpdateSegment("b", second, 0.01, 3)], 32);
            using var random = Seeded.Source($"{first} {second} {exponent}");
            double[] unscaled = [.. Enumerable.Range(0, first + second).Select(_ => random.Symmetric())];
            int scale = random.Below(2) == 0 ? exponent : exponent % 10;
            double[] clipped = Clipper.Clip(ModelUpdate.Create(layout, [.. unscaled.Select(v => Math.ScaleB(v, scale))])).Values.ToArray();
            return IsClipped(unscaled[..first], scale, clipped[..first], 2.5) && IsClipped(unscaled[first..], scale, clipped[first..], 0.01);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void What_is_within_the_norm_stays_bit_for_bit()
    {
        UpdateLayout layout = new([new UpdateSegment("a", 3, 3, 3)], 32);
        foreach (double[] values in (double[][])[[1, 2, -2], [0, 0, 0], [3, 0, 0], [double.Epsilon, 0, -1e-308], [1e-200, 0.1, -0.3]])
            Assert.Equal(values, Clipper.Clip(ModelUpdate.Create(layout, values)).Values.ToArray());
    }

    [Fact]
    public void The_greatest_and_the_least_doubles_are_clipped_to_the_norm_not_to_zero()
    {
        // The norm of the first overflows a double; so did the clipper once.
        UpdateLayout layout = new([new UpdateSegment("a", 4, 2, 3)], 32);
        double greatest = double.MaxValue;
        Assert.Equal([1.0, -1.0, 1.0, -1.0], Clipper.Clip(ModelUpdate.Create(layout, [greatest, -greatest, greatest, -greatest])).Values.ToArray());
        Assert.Equal([2.0, 0.0, 0.0, 0.0], Clipper.Clip(ModelUpdate.Create(layout, [greatest, 1, double.Epsilon, 0])).Values.ToArray().Select(v => Math.Round(v, 12)));
        UpdateLayout tiny = new([new UpdateSegment("a", 2, 1e-320, 60)], 32);
        double[] clipped = Clipper.Clip(ModelUpdate.Create(tiny, [1e-310, 1e-310])).Values.ToArray();
        Assert.All(clipped, v => Assert.InRange(v, 6e-321, 8e-321));
    }

    /// <summary>Compares with what the definition gives for values · 2^scale, without computing a square that overflows.</summary>
    private static bool IsClipped(double[] values, int scale, double[] clipped, double clipNorm)
    {
        double norm = Math.Sqrt(values.Sum(v => v * v));
        return Math.ScaleB(norm, scale) <= clipNorm
            ? clipped.AsSpan().SequenceEqual([.. values.Select(v => Math.ScaleB(v, scale))])
            : values.Zip(clipped).All(pair => Math.Abs(pair.First / norm * clipNorm - pair.Second) <= 1e-12 * clipNorm);
    }
}
