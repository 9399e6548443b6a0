using FsCheck;
using FsCheck.Fluent;
using SecureFed.Learning.Data;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

public class NoisyStandardizerTests
{
    private static readonly DataSchema Schema = new([new("x", -5, 15), new("skewed", 0, 1000)], new("y", -100, 100), LabelKind.Numeric);
    private static readonly double[] NoNoise = [0, 0, 0];

    [Fact]
    public void Without_noise_the_sum_over_rows_gives_the_central_standardisation()
    {
        DataSet[] clients = [Rows(300, 1), Rows(45, 2)];
        var noisy = Standardizer.FromNoisySum(Schema, Sum(clients), NoNoise);
        var central = Standardizer.Fit(DataSet.Concatenate(clients), LabelKind.Numeric);
        Assert.Equal(central.ToArray(), noisy.ToArray(), (a, b) => Math.Abs(a - b) < 1e-8);
        Assert.Empty(noisy.Notes);
    }

    [Fact]
    public void Noise_well_below_the_variances_moves_scales_little()
    {
        DataSet rows = Rows(20_000, 3);
        var central = Standardizer.Fit(rows, LabelKind.Numeric);
        var noisy = Standardizer.FromNoisySum(Schema, Noised(Sum([rows]), [20, 20, 20], 5), [20, 20, 20]);
        Assert.Equal(1, noisy.Scales[0] / central.Scales[0], 0.05);
        Assert.Equal(1, noisy.LabelScale / central.LabelScale, 0.2);
        Assert.Equal(central.Means[0], noisy.Means[0], 0.05);
        Assert.Equal(20_000, noisy.TotalRows, 100.0);
    }

    [Fact]
    public void A_variance_that_drowns_gets_the_largest_scale_that_the_noise_leaves_likely_and_a_note()
    {
        // 'skewed' has a deviation of about 20 in a half range of 500, a variance of 0.0016 in units; noise 100 in 10,000 rows leaves a standard error of about
        // √(1 + 4 + 1)·0.01 at a mean of -0.96.
        DataSet rows = Rows(10_000, 4);
        double[] noise = [100, 100, 100];
        for (ulong seed = 0; seed < 50; seed++)
        {
            var noisy = Standardizer.FromNoisySum(Schema, Noised(Sum([rows]), noise, seed), noise);
            Assert.InRange(noisy.Scales[1] / 500, Math.Sqrt(2 * 0.018), 0.5);
            Assert.Contains(noisy.Notes, note => note.Contains("'skewed'", StringComparison.Ordinal));
            Assert.DoesNotContain(noisy.Notes, note => note.Contains("'x'", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_stated_error_of_a_variance_is_the_one_that_noise_makes()
    {
        // A column that is told from noise in nearly every draw: the spread of 2,000 draws against the first-order error (0.2 is 12 standard errors of that spread).
        DataSet rows = Rows(5_000, 5);
        double[] noise = [30, 20, 25];
        var random = new DeterministicSequence(6);
        double[] sum = Sum([rows]);
        double[] variances = [.. Enumerable.Range(0, 2_000).Select(_ =>
        {
            var standardizer = Standardizer.FromNoisySum(Schema, RecordVectors.WithNoise(sum, MomentVector.Layout(Schema), noise, random), noise);
            return Math.Pow(standardizer.Scales[0] / 10, 2);
        })];
        double mean = sum[0] / 5_000;
        double square = sum[3] / 5_000;
        double stated = Math.Sqrt((20 * 20) + (4 * mean * mean * 30 * 30) + (Math.Pow((2 * mean * mean) - square, 2) * 25 * 25)) / 5_000;
        Assert.InRange(RecordVectors.Moments(variances).Deviation / stated, 0.8, 1.2);
    }

    [Fact]
    public void Whatever_the_noise_does_scales_are_positive_and_no_wider_than_the_bounds_allow() =>
        Prop.ForAll<int>(seed =>
        {
            var random = new DeterministicSequence(unchecked((ulong)seed));
            double noise = Math.Exp(random.NextUniform(-10, 10));
            double[] sum = [.. Enumerable.Range(0, 7).Select(_ => random.NextGaussian(0, noise + 10))];
            sum[6] = (2 * noise) + random.NextUniform(1, 100);
            var noisy = Standardizer.FromNoisySum(Schema, sum, [noise, noise, noise]);
            return noisy.ToArray().All(double.IsFinite)
                && noisy.Scales[0] is > 0 and <= 10 && noisy.Scales[1] is > 0 and <= 500 && noisy.LabelScale is > 0 and <= 100
                && noisy.Means[0] is >= -5 and <= 15;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_column_that_is_constant_by_its_bounds_is_only_centred()
    {
        var schema = new DataSchema([new("c", 7, 7)], new("y", 0, 1), LabelKind.Binary);
        Assert.All(
            (Standardizer[])[Standardizer.FromNoisySum(schema, [3, -2, 50], [1, 1, 1]), Standardizer.FromBounds(schema, 50)],
            standardizer =>
            {
                Assert.Equal((7.0, 1.0), (standardizer.Means[0], standardizer.Scales[0]));
                Assert.Contains("'c' is constant", Assert.Single(standardizer.Notes), StringComparison.Ordinal);
            });
    }

    [Fact]
    public void A_count_that_is_not_told_from_0_is_refused()
    {
        foreach (double count in (double[])[-3, 0, 0.4, 19, double.NaN, double.PositiveInfinity])
        {
            Assert.Equal("no-weight", Assert.Throws<LearningException>(() => Standardizer.FromNoisySum(Schema, [0, 0, 0, 1, 1, 1, count], [10, 10, 10])).Code);
        }
    }

    [Fact]
    public void Noise_is_stated_for_every_segment()
    {
        Assert.Throws<ArgumentException>(() => Standardizer.FromNoisySum(Schema, new double[7], [1, 1]));
        Assert.Throws<ArgumentException>(() => Standardizer.FromNoisySum(Schema, new double[7], [1, -1, 1]));
        Assert.Throws<ArgumentException>(() => Standardizer.FromNoisySum(Schema, new double[6], NoNoise));
    }

    [Fact]
    public void Public_bounds_alone_give_centre_and_half_of_the_half_range()
    {
        var standardizer = Standardizer.FromBounds(Schema, 777);
        Assert.Equal([5.0, 500], standardizer.Means.ToArray());
        Assert.Equal([5.0, 250], standardizer.Scales.ToArray());
        Assert.Equal((0.0, 50.0, 777L), (standardizer.LabelMean, standardizer.LabelScale, standardizer.TotalRows));
        Assert.Equal(100, Standardizer.FromBounds(Schema, 1, 0.2).Scales[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Standardizer.FromBounds(Schema, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Standardizer.FromBounds(Schema, 1, 0));
    }

    private static DataSet Rows(int count, ulong seed)
    {
        var random = new DeterministicSequence(seed);
        var values = new double[2 * count];
        var labels = new double[count];
        for (int row = 0; row < count; row++)
        {
            values[2 * row] = Math.Clamp(random.NextGaussian(4, 3), -5, 15);
            values[(2 * row) + 1] = Math.Min(1000, -20 * Math.Log(1 - random.NextDouble()));
            labels[row] = Math.Clamp(random.NextGaussian(2, 15), -100, 100);
        }

        return DataSet.Create(["x", "skewed"], values, labels);
    }

    private static double[] Sum(DataSet[] clients) => RecordVectors.Sum([.. clients.Select(client => new MomentRecords(client, Schema))]);

    private static double[] Noised(double[] sum, double[] noise, ulong seed) =>
        RecordVectors.WithNoise(sum, MomentVector.Layout(Schema), noise, new DeterministicSequence(seed));
}
