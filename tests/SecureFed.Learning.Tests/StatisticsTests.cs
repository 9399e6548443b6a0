using MathNet.Numerics.LinearAlgebra;
using SecureFed.Learning.Data;
using SecureFed.Learning.Statistics;

namespace SecureFed.Learning.Tests;

/// <summary>Statistics without noise: against direct formulas over all rows, and what is refused.</summary>
public class StatisticsTests
{
    private static readonly DataSet Nobody = DataSet.CreateWithGaps(["a", "b", "c"], []);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_noise_every_answer_is_the_central_one_within_its_bound_and_counts_are_exact(bool hasGaps)
    {
        StatisticsQuery query = StatisticsTrial.Everything();
        DataSet[] clients = [StatisticsTrial.Rows(400, 1, hasGaps), StatisticsTrial.Rows(37, 2, hasGaps), Nobody, StatisticsTrial.Rows(1, 3)];
        IReadOnlyList<StatisticAnswer> answers = StatisticsTrial.Run(query, clients, 0, 4);
        IReadOnlyList<IReadOnlyList<double>> central = CentralStatistics.Of(query, DataSet.Concatenate(clients));
        for (int i = 0; i < answers.Count; i++)
        {
            bool isCount = answers[i].Statistic.Kind is StatisticKind.Count or StatisticKind.Histogram or StatisticKind.HeavyHitters or StatisticKind.Quality;
            for (int v = 0; v < central[i].Count; v++)
            {
                double distance = Math.Abs(answers[i].Values[v] - central[i][v]);
                Assert.True(distance <= answers[i].ErrorBounds[v] + 1e-12, $"{answers[i].Statistic.Kind} {v}: {distance} > {answers[i].ErrorBounds[v]}");
                Assert.True(!isCount || (distance == 0 && answers[i].ErrorBounds[v] == 0));
                Assert.InRange(answers[i].ErrorBounds[v], 0, answers[i].Statistic.IsSearch ? 100 / Math.Pow(16, 3) : 1e-4);
            }

            if (answers[i].Statistic.IsSearch)
            {
                Assert.InRange(central[i][0], answers[i].Lower!.Value, answers[i].Upper!.Value);
                Assert.Equal(0, answers[i].RankError);
            }
        }

        StatisticAnswer hitters = answers.Single(a => a.Statistic.Kind == StatisticKind.HeavyHitters);
        Assert.Equal(["0", "1"], hitters.Frequent);
        Assert.Equal(0.25 * hitters.Values.Sum(), hitters.Threshold!.Value, 1e-9);
    }

    [Fact]
    public void The_exact_bounds_are_those_that_a_textbook_gives()
    {
        // 1, 2, 3, 4 and 10: mean 4, variance 10, median 3, the 0.8 quantile 4, the 0.81 quantile 10.
        DataSet data = DataSet.CreateWithGaps(["x", "y"], [1, 2, 2, 4, 3, 6, 4, 8, 10, 20]);
        StatisticsQuery query = new(
            [new("x", 0, 16), new("y", 0, 32)],
            [
                new Statistic(StatisticKind.Mean, 0),
                new Statistic(StatisticKind.Variance, 0),
                new Statistic(StatisticKind.Quantile, 0) { Probability = 0.5 },
                new Statistic(StatisticKind.Quantile, 0) { Probability = 0.8 },
                new Statistic(StatisticKind.Quantile, 0) { Probability = 0.81 },
                new Statistic(StatisticKind.Minimum, 0),
                new Statistic(StatisticKind.Maximum, 0),
                new Statistic(StatisticKind.Correlation, 0, 1),
                new Statistic(StatisticKind.Sum, 1),
            ],
            4,
            8);
        IReadOnlyList<StatisticAnswer> answers = StatisticsTrial.Run(query, [data], 0, 1);
        double[] expected = [4, 10, 3, 4, 10, 1, 10, 1, 40];
        Assert.All(answers.Zip(expected), pair => Assert.Equal(pair.Second, pair.First.Values[0], 1e-3));
        Assert.Equal(expected, CentralStatistics.Of(query, data).Select(values => values[0]), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public void Bins_hold_their_lower_edge_and_the_last_one_its_upper_edge_and_nothing_beyond()
    {
        DataSet data = DataSet.CreateWithGaps(["x"], [0, 1, 1.5, 2, 3, -0.1, 3.1, double.NaN]);
        StatisticsQuery query = new([new("x", 0, 3)], [new Statistic(StatisticKind.Histogram, 0) { Edges = [0, 1, 2, 3] }], 2, 1);
        Assert.Equal([1, 2, 2], StatisticsTrial.Run(query, [data], 0, 1)[0].Values);
        Assert.Equal([1, 2, 2], CentralStatistics.Of(query, data)[0]);
    }

    [Fact]
    public void A_value_that_is_not_in_the_public_list_counts_as_other_whether_it_is_a_number_or_one_hot()
    {
        Statistic statistic = new(StatisticKind.HeavyHitters, 0) { Domain = ["red", "green", "7"], Threshold = 0.3 };
        StatisticsQuery query = new([new("colour", 0, 0)], [statistic], 2, 1);
        CsvTable text = CsvTable.Read(new StringReader("colour,n\nred,1\nblue,2\nred,3\n,4\ngreen,5\n"), CsvOptions.ForStatistics);
        DataSet numbers = DataSet.CreateWithGaps(["colour"], [7, 8, double.NaN, double.PositiveInfinity]);
        Assert.Equal([2, 1, 0, 1], StatisticsTrial.Run(query, [text.Data], 0, 1)[0].Values);
        Assert.Equal([0, 0, 1, 2], StatisticsTrial.Run(query, [numbers], 0, 1)[0].Values);
        StatisticAnswer both = StatisticsTrial.Run(query, [text.Data, numbers], 0, 1)[0];
        Assert.Equal([2, 1, 1, 3], both.Values);
        Assert.Empty(both.Frequent);
    }

    [Fact]
    public void A_constant_column_has_its_value_no_variance_and_no_correlation()
    {
        StatisticsQuery query = new(
            [new("k", 5, 5), new("x", 0, 10), new("same", 0, 10)],
            [
                new Statistic(StatisticKind.Mean, 0), new Statistic(StatisticKind.Variance, 0), new Statistic(StatisticKind.Quantile, 0) { Probability = 0.5 },
                new Statistic(StatisticKind.Variance, 2), new Statistic(StatisticKind.Correlation, 0, 1, 2),
            ],
            4,
            2);
        DataSet data = DataSet.CreateWithGaps(["k", "x", "same"], [5, 1, 3, 5, 2, 3, 5, 9, 3]);
        IReadOnlyList<StatisticAnswer> answers = StatisticsTrial.Run(query, [data], 0, 1);
        Assert.Equal([5, 0, 5], answers.Take(3).Select(a => a.Values[0]));
        Assert.Equal([0, 0, 0], answers.Take(3).Select(a => a.ErrorBounds[0]));
        Assert.InRange(answers[3].Values[0], 0, 1e-4);
        Assert.All(answers[4].Values, value => Assert.True(double.IsNaN(value)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Where_there_are_no_rows_counts_are_near_0_and_nothing_else_is_told(double noise)
    {
        IReadOnlyList<StatisticAnswer> answers = StatisticsTrial.Run(StatisticsTrial.Everything(), [Nobody], noise, 11);
        foreach (StatisticAnswer answer in answers)
        {
            bool isCount = answer.Statistic.Kind is StatisticKind.Count or StatisticKind.Histogram or StatisticKind.HeavyHitters or StatisticKind.Quality or StatisticKind.Sum;
            Assert.All(answer.Values.Zip(answer.ErrorBounds), pair => Assert.True(isCount ? Math.Abs(pair.First) <= 3 * pair.Second + 1e-4 : double.IsNaN(pair.First), answer.Statistic.Kind.ToString()));
        }
    }

    [Fact]
    public void The_norm_of_no_record_and_of_no_client_exceeds_the_bound_whatever_the_values_are()
    {
        StatisticsQuery query = StatisticsTrial.Everything(5, 2);
        double[] extremes = [-10, 10, 0, 100, 3, -1e300, 1e300, 0.5, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 2, 7];
        List<double> values = [];
        foreach (double a in extremes)
        {
            foreach (double b in extremes)
            {
                foreach (double c in extremes)
                {
                    values.AddRange([a, b, c]);
                }
            }
        }

        DataSet data = DataSet.CreateWithGaps(["a", "b", "c"], [.. values]);
        double[] state = query.InitialState();
        double[] narrowed = [.. state];
        foreach (SearchBlock search in query.Searches)
        {
            narrowed[search.StateOffset] = search.Column.Centre; // An empty bracket is one too.
            narrowed[search.StateOffset + 1] = search.Column.Centre;
        }

        double greatest = 0;
        foreach (double[] position in new[] { state, narrowed })
        {
            StatisticsRecords records = new(query, data, position, isRecordLevel: true);
            double[] vector = new double[records.Layout.Dimension];
            for (int record = 0; record < records.Count; record++)
            {
                records.Write(record, vector);
                Assert.All(vector, coordinate => Assert.InRange(coordinate, -1, 1));
                greatest = Math.Max(greatest, Math.Sqrt(vector.Sum(x => x * x)));
                foreach (Block block in query.Blocks)
                {
                    Assert.True(vector.AsSpan(block.Offset, block.Length).ToArray().Sum(x => x * x) <= block.SquaredNorm * (1 + 1e-15), block.GetType().Name);
                }
            }

            double[] client = StatisticsVector.Create(query, data, position, data.Rows);
            Assert.True(Math.Sqrt(client.Sum(x => x * x)) <= query.NormBound);
        }

        Assert.InRange(greatest, 0.9 * query.NormBound, query.NormBound); // No more than it has to be.
    }

    [Fact]
    public void Writing_a_record_allocates_nothing_and_a_segment_with_real_coordinates_is_filled_up_at_record_level()
    {
        StatisticsQuery query = StatisticsTrial.Everything();
        StatisticsRecords records = new(query, StatisticsTrial.Rows(50, 1, true), query.InitialState(), isRecordLevel: true);
        double[] vector = new double[records.Layout.Dimension];
        records.Write(0, vector);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int record = 0; record < records.Count; record++)
        {
            records.Write(record, vector);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal((1024, query.Length), (records.Layout.Dimension, query.Layout(isRecordLevel: false).Dimension));
        StatisticsQuery counts = new([new("a", 0, 1)], [new Statistic(StatisticKind.Histogram, 0) { Edges = [0, 0.5, 1] }], 2, 1);
        Assert.Equal((2, true), (counts.Layout(true).Dimension, counts.Layout(true).Segments[0].IntegerValued));
    }

    [Fact]
    public void A_matrix_that_no_variables_can_have_as_correlations_becomes_one_that_some_have()
    {
        double[,] impossible = { { 1, 0.9, -0.9 }, { 0.9, 1, 0.9 }, { -0.9, 0.9, 1 } };
        Assert.True(Matrix<double>.Build.DenseOfArray(impossible).Evd(Symmetricity.Symmetric).EigenValues.Real().Minimum() < -0.5);
        CorrelationMatrix.MakeValid(impossible);
        Assert.True(Matrix<double>.Build.DenseOfArray(impossible).Evd(Symmetricity.Symmetric).EigenValues.Real().Minimum() > -1e-12);
        Assert.Equal([1, 1, 1], Enumerable.Range(0, 3).Select(i => impossible[i, i]));
        Assert.Equal(0.5, impossible[0, 1], 1e-12); // The nearest of this form: three vectors 60 degrees apart in a plane.
        double[,] possible = { { 1, 0.3 }, { 0.3, 1 } };
        CorrelationMatrix.MakeValid(possible);
        Assert.Equal(0.3, possible[0, 1]);
    }

    [Fact]
    public void Eigenvalues_are_those_of_another_implementation()
    {
        DeterministicSequence random = new(5);
        double[,] matrix = new double[12, 12];
        for (int i = 0; i < 12; i++)
        {
            for (int j = i; j < 12; j++)
            {
                matrix[i, j] = matrix[j, i] = random.NextGaussian();
            }
        }

        double[] expected = [.. Matrix<double>.Build.DenseOfArray(matrix).Evd(Symmetricity.Symmetric).EigenValues.Real().Order()];
        Assert.Equal(expected, CorrelationMatrix.Eigen(matrix).Values.Order(), (a, b) => Math.Abs(a - b) < 1e-10);
    }

    [Fact]
    public void Questions_that_make_no_sense_are_refused()
    {
        FeatureSchema[] columns = [new("a", 0, 1), new("b", 0, 1)];
        Statistic[] wrong =
        [
            new(StatisticKind.Mean), new(StatisticKind.Mean, 2), new(StatisticKind.Mean, 0, 1), new(StatisticKind.Correlation, 0), new(StatisticKind.Correlation, 0, 0), new((StatisticKind)99, 0),
            new(StatisticKind.Quantile, 0), new(StatisticKind.Quantile, 0) { Probability = 1 }, new(StatisticKind.Quantile, 0) { Probability = double.NaN }, new(StatisticKind.Mean, 0) { Probability = 0.5 },
            new(StatisticKind.Histogram, 0), new(StatisticKind.Histogram, 0) { Edges = [1] }, new(StatisticKind.Histogram, 0) { Edges = [1, 1] }, new(StatisticKind.Histogram, 0) { Edges = [0, double.PositiveInfinity] },
            new(StatisticKind.HeavyHitters, 0), new(StatisticKind.HeavyHitters, 0) { Domain = ["x", "x"] }, new(StatisticKind.HeavyHitters, 0) { Domain = ["x"], Threshold = 1.5 }, new(StatisticKind.Count, 0) { Threshold = 0.5 },
        ];
        Assert.All(wrong, statistic => Assert.Throws<ArgumentException>(() => new StatisticsQuery(columns, [statistic], 4, 1)));
        Statistic good = new(StatisticKind.Mean, 0);
        Assert.Throws<ArgumentException>(() => new StatisticsQuery(columns, [], 4, 1));
        Assert.Throws<ArgumentException>(() => new StatisticsQuery(columns, [good], 1, 1));
        Assert.Throws<ArgumentException>(() => new StatisticsQuery(columns, [good], 4, 0));
        Assert.Throws<ArgumentException>(() => new StatisticsQuery([new("a", 1, 0)], [good], 4, 1));
        Assert.Throws<ArgumentException>(() => new StatisticsQuery([new("a", 0, 1), new("a", 0, 1)], [good], 4, 1));
        Assert.Throws<ArgumentException>(() => new StatisticsQuery([new("a", 0, double.PositiveInfinity)], [good], 4, 1));
    }

    [Fact]
    public void A_client_refuses_a_column_that_it_does_not_have_too_many_rows_and_a_state_of_other_questions()
    {
        StatisticsQuery query = StatisticsTrial.Everything();
        double[] state = query.InitialState();
        DataSet other = DataSet.CreateWithGaps(["a", "b"], [1, 2]);
        Assert.Equal("schema-mismatch", Assert.Throws<DataException>(() => StatisticsVector.Create(query, other, state, 10)).Code);
        Assert.Equal("too-many-rows", Assert.Throws<DataException>(() => StatisticsVector.Create(query, StatisticsTrial.Rows(11, 1), state, 10)).Code);
        int bracket = query.Searches.First().StateOffset;
        double[][] foreign = [[.. state, 0], With(0, double.NaN), With(bracket, -11), With(bracket + 1, 101), With(bracket, 100.5)];
        Assert.All(foreign, s => Assert.False(query.IsState(s)));
        Assert.All(foreign, s => Assert.Throws<ArgumentException>(() => new StatisticsRecords(query, StatisticsTrial.Rows(1, 1), s, true)));

        double[] With(int place, double value)
        {
            double[] changed = [.. state];
            changed[place] = value;
            return changed;
        }
    }

    [Fact]
    public void Rows_with_gaps_are_for_statistics_only()
    {
        Assert.Throws<ArgumentException>(() => DataSet.Create(["a"], [double.NaN], [0]));
        DataSet gaps = DataSet.CreateWithGaps(["a"], [1, double.NaN]);
        Assert.Equal(("missing-value", "a"), (Assert.Throws<DataException>(gaps.RequireNoGaps).Code, Assert.Throws<DataException>(gaps.RequireNoGaps).Column));
        DataSet.CreateWithGaps(["a"], [1, 2]).RequireNoGaps();
    }

    [Fact]
    public void A_table_for_statistics_keeps_what_a_table_for_models_refuses()
    {
        const string csv = "n,grade,place\n1,L,x\n,M,y\n1e999,H,\nabc,,x\n4,L,x\n5,L,z\n";
        CsvTable table = CsvTable.Read(new StringReader(csv), CsvOptions.ForStatistics);
        Assert.Equal(["n", "grade", "place=x", "place=y", "place=z"], table.Data.FeatureNames);
        Assert.Equal([1, double.NaN, double.PositiveInfinity, double.PositiveInfinity, 4, 5], Enumerable.Range(0, 6).Select(row => table.Data.Row(row)[0]));
        Assert.Equal([0, 1, 2, double.NaN, 0, 0], Enumerable.Range(0, 6).Select(row => table.Data.Row(row)[1]));
        Assert.Equal((1, 5), (table.Schema.Features[0].LowerBound, table.Schema.Features[0].UpperBound));
        Assert.Equal("missing-value", Assert.Throws<DataException>(() => CsvTable.Read(new StringReader("n,y\n1,1\n,0\n"), new CsvOptions("y"))).Code);
    }
}
