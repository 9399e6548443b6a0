using SecureFed.Learning.Data;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

public class StandardizerTests
{
    private const double Step = 1.0 / (1 << 24);

    [Fact]
    public void Secure_sum_gives_the_central_mean_scale_and_row_count()
    {
        DataSchema schema = Schema(-100, 100);
        DataSet[] clients = [Normal(40, 1), Normal(95, 2), Normal(7, 3)];
        Standardizer secure = Standardizer.FromSum(schema, Sum(clients, schema, 100), 100);
        var central = Standardizer.Fit(DataSet.Concatenate(clients), LabelKind.Numeric);
        Assert.Equal(142, secure.TotalRows);
        Assert.Equal(central.Means[0], secure.Means[0], 1e-10);
        Assert.Equal(central.Scales[0], secure.Scales[0], 1e-10);
        Assert.Equal(central.LabelMean, secure.LabelMean, 1e-10);
        Assert.Equal(central.LabelScale, secure.LabelScale, 1e-10);
    }

    [Theory]
    [InlineData(-50, 50)]
    [InlineData(-5, 95)]
    [InlineData(-500, 500)]
    public void Quantisation_noise_hardly_moves_scales_even_when_bounds_are_far_wider_than_the_data(double lower, double upper)
    {
        // Standard deviation 1 in bounds 50 or 500 deviations away; each coordinate of each client off by 2^-24 of its segment's norm bound.
        DataSchema schema = Schema(lower, upper);
        DataSet[] clients = [Normal(4_000, 1), Normal(2_500, 2), Normal(5_000, 3)];
        double[] sum = WithNoise(clients, schema, 5_000);
        Standardizer secure = Standardizer.FromSum(schema, sum, 5_000);
        var central = Standardizer.Fit(DataSet.Concatenate(clients), LabelKind.Numeric);
        double range = (upper - lower) / 100;
        Assert.Equal(11_500, secure.TotalRows);
        Assert.Equal(central.Means[0], secure.Means[0], 1e-5 * range);
        Assert.Equal(central.Scales[0], secure.Scales[0], 0.001 * range * range);
        Assert.Empty(secure.Notes);
    }

    [Fact]
    public void A_constant_feature_gets_scale_1_and_a_note_also_under_noise()
    {
        DataSchema schema = Schema(0, 10);
        DataSet constant = DataSet.Create(["x"], [7, 7, 7], [1, 2, 3]);
        Standardizer secure = Standardizer.FromSum(schema, WithNoise([constant, constant], schema, 3), 3);
        Assert.Equal(1, secure.Scales[0]);
        Assert.Equal(7, secure.Means[0], 1e-5);
        Assert.Contains("'x'", Assert.Single(secure.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_variance_made_negative_by_rounding_counts_as_constant()
    {
        Standardizer secure = Standardizer.FromSum(Schema(-1, 1), [0.5, 0, 0.25 - 1e-9, 0.5, 1], 10);
        Assert.Equal(1, secure.Scales[0]);
        Assert.True(secure.LabelScale > 0.7);
    }

    [Fact]
    public void A_binary_label_is_left_alone()
    {
        var schema = new DataSchema([new("x", 0, 10)], new("y", 0, 1), LabelKind.Binary);
        DataSet data = DataSet.Create(["x"], [1, 2, 3, 6], [0, 1, 1, 0]);
        Standardizer secure = Standardizer.FromSum(schema, MomentVector.Create(data, schema, 4), 4);
        DataSet standardised = secure.Apply(data);
        Assert.Equal([0.0, 1, 1, 0], standardised.Labels.ToArray());
        Assert.Equal(0, Enumerable.Range(0, 4).Average(row => standardised.Row(row)[0]), 1e-12);
        Assert.Equal(1, Enumerable.Range(0, 4).Average(row => Math.Pow(standardised.Row(row)[0], 2)), 1e-12);
    }

    [Fact]
    public void A_standardisation_survives_its_array_form()
    {
        Standardizer first = Standardizer.FromSum(Schema(-100, 100), Sum([Normal(50, 4)], Schema(-100, 100), 50), 50);
        var second = Standardizer.FromArray(first.ToArray());
        Assert.Equal(first.ToArray(), second.ToArray());
        Assert.Throws<ArgumentException>(() => Standardizer.FromArray([1, 2, 3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Standardizer.FromArray([0, 0, 0, 1, 5]));
    }

    [Fact]
    public void A_sum_without_rows_is_refused() =>
        Assert.Equal("no-weight", Assert.Throws<LearningException>(() => Standardizer.FromSum(Schema(0, 1), new double[5], 10)).Code);

    [Fact]
    public void Coordinates_stay_within_their_segments_norm_bounds()
    {
        DataSchema schema = Schema(-6, 6);
        double[] vector = MomentVector.Create(Normal(100, 8), schema, 100);
        VectorLayout layout = MomentVector.Layout(schema);
        Assert.All(layout.Segments, segment =>
            Assert.True(Math.Sqrt(layout.Slice(vector.AsSpan(), segment.Name).ToArray().Sum(x => x * x)) <= segment.NormBound));
    }

    private static DataSchema Schema(double lower, double upper) => new([new("x", lower, upper)], new("y", -100, 100), LabelKind.Numeric);

    private static DataSet Normal(int rows, ulong seed)
    {
        var random = new DeterministicSequence(seed);
        double[] x = [.. Enumerable.Range(0, rows).Select(_ => Math.Clamp(random.NextGaussian(), -5, 5))];
        return DataSet.Create(["x"], x, [.. x.Select(value => (3 * value) + random.NextGaussian())]);
    }

    private static double[] Sum(DataSet[] clients, DataSchema schema, int maxRows) =>
        FederatedSimulation.Sum(clients.Select(client => MomentVector.Create(client, schema, maxRows)));

    private static double[] WithNoise(DataSet[] clients, DataSchema schema, int maxRows)
    {
        var random = new DeterministicSequence(11);
        VectorLayout layout = MomentVector.Layout(schema);
        return FederatedSimulation.Sum(clients.Select(client =>
        {
            double[] vector = MomentVector.Create(client, schema, maxRows);
            foreach (VectorSegment segment in layout.Segments)
            {
                foreach (ref double x in layout.Slice(vector.AsSpan(), segment.Name))
                {
                    x += (random.NextBoolean(0.5) ? 1 : -1) * Step * segment.NormBound;
                }
            }

            return vector;
        }));
    }
}
