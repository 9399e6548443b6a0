using SecureFed.Learning.Data;
using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Tests.Trees;

public class TreeBinsTests
{
    private static readonly double[][] Malformed =
    [
        [],
        [6],
        [5, 10, 0, 1, 0],
        [6, 10, 0, 2, 1, 1, 3],
        [6, 10, 0, 1, 2, 3, 3],
        [6, 10, 0, 1, 2, 3, 2],
        [6, 10, 0, 1, 1.5, 3, 4],
        [6, 10, 0, 1, 1, double.NaN],
        [6, -1, 0, 1, 0],
        [6, 10, 0, 1e300, 0],
        [6, 10, 0, 1, 256, .. Enumerable.Range(0, 256).Select(i => (double)i)],
    ];

    [Theory]
    [InlineData(-170_000, 970_000)]
    [InlineData(0, 2_000_000)]
    [InlineData(295, 305)]
    [InlineData(-9, -2)]
    [InlineData(-1e-9, 1e12)]
    public void Edges_of_a_grid_ascend_within_the_bounds_and_every_value_has_the_cell_between_its_edges(double lower, double upper)
    {
        var grid = new TreeGrid(new FeatureSchema("x", lower, upper), 512);
        double[] edges = grid.Edges.ToArray();
        Assert.Equal(511, edges.Length);
        Assert.All(edges.Zip(edges.Skip(1)), pair => Assert.True(pair.First < pair.Second));
        Assert.True(edges[0] > lower && edges[^1] < upper);
        var sequence = new DeterministicSequence(1);
        for (int i = 0; i < 1000; i++)
        {
            double value = i % 10 == 0 ? edges[sequence.NextInt(511)] : sequence.NextUniform(lower, upper);
            int cell = grid.CellOf(value);
            Assert.True(cell == 0 || edges[cell - 1] < value);
            Assert.True(cell == 511 || value <= edges[cell]);
        }

        Assert.Equal(0, grid.CellOf(lower - 1e15));
        Assert.Equal(511, grid.CellOf(upper + 1e15));
    }

    [Fact]
    public void A_heavy_tailed_column_keeps_fine_cells_where_its_values_are()
    {
        var grid = new TreeGrid(new FeatureSchema("amount", 0, 2_000_000), 512);
        int cell = grid.CellOf(2000);
        Assert.InRange(grid.Edges[cell] - grid.Edges[cell - 1], 1, 150);
    }

    [Fact]
    public void Quantile_edges_deal_the_rows_of_all_clients_into_bins_of_about_the_same_size()
    {
        DataSchema schema = new([new("x", 0, 1000)], new("y", 0, 1), LabelKind.Binary);
        var sequence = new DeterministicSequence(2);
        double[] values = [.. Enumerable.Range(0, 4000).Select(_ => 1000 * Math.Pow(sequence.NextDouble(), 4))];
        DataSet[] clients = [.. values.Chunk(1000).Select(part => DataSet.Create(["x"], part, new double[1000]))];
        TreeBins bins = TreeBins.FromGrid(schema, 512, 8, TreeExamples.Sum(clients.Select(c => GridVector.Create(c, schema, 512, 2000))), 2000, 0, false);
        Assert.Equal(7, bins.Edges(0).Length);
        Assert.All(values.GroupBy(v => bins.BinOf(0, v)), bin => Assert.InRange(bin.Count(), 400, 600));
        Assert.Equal(4000, bins.Rows, 6);
    }

    [Fact]
    public void A_column_of_few_values_has_an_edge_after_each_but_the_last_and_a_constant_one_has_none()
    {
        DataSet data = TreeExamples.Rows(300, 3);
        TreeBins bins = TreeBins.FromGrid(TreeExamples.Schema(), 64, 8, GridVector.Create(data, TreeExamples.Schema(), 64, 300), 300, 0, true);
        Assert.Equal(5, Enumerable.Range(0, 5).Select(value => bins.BinOf(2, value)).Distinct().Count());
        Assert.Equal(4, bins.Edges(2).Length);
        Assert.Equal(0, bins.Edges(3).Length);
        double positives = 0;
        foreach (double label in data.Labels)
            positives += label;
        Assert.Equal(positives / 300, bins.LabelMean, 12);
    }

    [Fact]
    public void The_mean_of_a_number_follows_from_its_cells()
    {
        DataSet data = TreeExamples.Rows(500, 4, LabelKind.Numeric);
        DataSchema schema = TreeExamples.Schema(LabelKind.Numeric);
        TreeBins bins = TreeBins.FromGrid(schema, 512, 8, GridVector.Create(data, schema, 512, 500), 500, 0, true);
        Assert.Equal(data.Labels.ToArray().Average(), bins.LabelMean, 0.1);
    }

    [Fact]
    public void Bins_survive_being_published()
    {
        TreeBins bins = TreeBins.FromBounds(TreeExamples.Schema(), 8);
        TreeBins read = TreeBins.FromArray(bins.ToArray());
        Assert.Equal(bins.ToArray(), read.ToArray());
        Assert.Equal(bins.Edges(1).ToArray(), read.Edges(1).ToArray());
    }

    [Fact]
    public void Numbers_that_are_no_bins_are_refused() => Assert.All(Malformed, values => Assert.ThrowsAny<ArgumentException>(() => TreeBins.FromArray(values)));

    [Fact]
    public void More_bins_than_a_histogram_has_room_for_do_not_fit()
    {
        TreeBins bins = TreeBins.FromBounds(TreeExamples.Schema(), 9);
        Assert.False(bins.Fit(TreeExamples.Options()));
        Assert.True(TreeBins.FromBounds(TreeExamples.Schema(), 8).Fit(TreeExamples.Options()));
        Assert.ThrowsAny<ArgumentException>(() => new TreeRecords(
            new TreeRows(TreeExamples.Rows(5, 1), bins, TreeExamples.Schema().Label), TreeExamples.Options(), new double[TreeExamples.Options().ParameterCount], [], 0, 1));
    }

    [Theory]
    [InlineData(0.0, 0)]
    [InlineData(double.NaN, 0)]
    [InlineData(0.001, 50)]
    public void A_sum_without_rows_gives_no_bins(double value, double noise)
    {
        DataSchema schema = TreeExamples.Schema();
        double[] sum = [.. Enumerable.Repeat(value, GridVector.Layout(schema, 16).Dimension)];
        LearningException refused = Assert.Throws<LearningException>(() => TreeBins.FromGrid(schema, 16, 8, sum, 1, noise, false));
        Assert.Equal("no-weight", refused.Code);
    }

    [Fact]
    public void Noisy_cells_give_ascending_edges_near_the_quantiles()
    {
        DataSchema schema = new([new("x", 0, 1)], new("y", 0, 1), LabelKind.Binary);
        var sequence = new DeterministicSequence(6);
        double[] values = [.. Enumerable.Range(0, 20_000).Select(_ => sequence.NextDouble())];
        double[] sum = RecordVectors.Sum(new GridRecords(DataSet.Create(["x"], values, new double[20_000]), schema, 128));
        for (int i = 0; i < sum.Length; i++)
            sum[i] += 20 * sequence.NextGaussian();
        TreeBins bins = TreeBins.FromGrid(schema, 128, 4, sum, 1, 20, false);
        double[] edges = bins.Edges(0).ToArray();
        Assert.Equal(3, edges.Length);
        Assert.All(edges.Zip([0.25, 0.5, 0.75]), pair => Assert.Equal(pair.Second, pair.First, 0.06));
    }
}
