using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Tests.Updates;

public class RecordAccumulatorTests
{
    private static readonly UpdateLayout Layout = NoiseScale.Choose([new("gradient", 20, 1.5, 0), new("other", 1, 0.5, 0)], 32, 1, 8);

    [Fact]
    public void Every_record_moves_the_sum_by_no_more_than_the_sensitivity_however_large_it_is()
    {
        RecordAccumulator accumulator = new(Layout, Seeded.Source("records"));
        double[] record = new double[21];
        for (int scale = -3; scale <= 12; scale++)
        {
            for (int i = 0; i < record.Length; i++)
                record[i] = Math.Pow(10, scale) * Math.Sin(i + scale);
            accumulator.Add(record);
            Assert.Equal(1, accumulator.Count);

            Assert.True(SquaredNorm(accumulator.Finish().Values) <= Layout.SquaredSensitivity);
        }
    }

    [Fact]
    public void The_sum_of_many_records_is_the_sum_of_their_integers()
    {
        double[] record = new double[21];
        record[3] = 0.25;
        record[20] = -0.5;
        RecordAccumulator accumulator = new(Layout, Seeded.Source("sum"));
        for (int i = 0; i < 1000; i++)
            accumulator.Add(record);

        QuantizedUpdate sum = accumulator.Finish();

        // A quarter and a half lie on the grid, so that nothing is rounded.
        Assert.Equal((int)(250 * Layout.Segments[0].Scale), sum.Values[3]);
        Assert.Equal((int)(-500 * Layout.Segments[1].Scale), sum.Values[20]);
        Assert.Equal(2, sum.Values.ToArray().Count(v => v != 0));
        Assert.Equal(0, accumulator.Count);
        Assert.All(accumulator.Finish().Values.ToArray(), v => Assert.Equal(0, v));
    }

    [Fact]
    public void A_record_that_is_no_vector_leaves_the_sum_as_it_was()
    {
        RecordAccumulator accumulator = new(Layout, Seeded.Source("bad"));
        double[] record = new double[21];
        record[0] = 1;
        accumulator.Add(record);
        record[5] = double.NaN;

        Assert.Throws<InvalidUpdateException>(() => accumulator.Add(record));
        Assert.Throws<InvalidUpdateException>(() => accumulator.Add(record.AsSpan(1)));

        Assert.Equal(1, accumulator.Count);
        Assert.Equal((int)Layout.Segments[0].Scale, accumulator.Finish().Values[0]);
    }

    private static UInt128 SquaredNorm(ReadOnlySpan<int> values)
    {
        UInt128 sum = 0;
        foreach (int value in values)
            sum += (ulong)((long)value * value);
        return sum;
    }
}
