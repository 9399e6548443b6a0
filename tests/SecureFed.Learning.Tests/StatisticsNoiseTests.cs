using MathNet.Numerics.LinearAlgebra;
using SecureFed.Learning.Data;
using SecureFed.Learning.Statistics;

namespace SecureFed.Learning.Tests;

/// <summary>Statistics with noise: the stated error bounds hold as often as they say. Seeds are fixed; a false alarm of each assertion has probability 10⁻⁶ over the choice of seeds.</summary>
public class StatisticsNoiseTests
{
    private const int Trials = 500;
    private const double Failure = 1 - StatisticsQuery.Confidence;
    private static readonly StatisticsQuery Query = StatisticsTrial.Everything(8, 2);
    private static readonly DataSet[] Clients = [StatisticsTrial.Rows(700, 21, true), StatisticsTrial.Rows(900, 22, true)];
    private static readonly IReadOnlyList<IReadOnlyList<double>> Central = CentralStatistics.Of(Query, DataSet.Concatenate(Clients));
    private static readonly Lazy<IReadOnlyList<IReadOnlyList<StatisticAnswer>>> Runs = new(() => [.. Enumerable.Range(0, Trials).Select(seed => StatisticsTrial.Run(Query, Clients, 9, (ulong)(1000 + seed)))]);

    [Fact]
    public void Every_error_bound_holds_with_the_stated_confidence()
    {
        for (int i = 0; i < Query.Statistics.Count; i++)
        {
            Statistic statistic = Query.Statistics[i];
            bool isEntrywise = statistic.Kind == StatisticKind.Correlation;
            int failures = Runs.Value.Count(run => !Holds(run[i], Central[i], isEntrywise));
            Assert.True(failures <= StatisticsTrial.GreatestFailures(Trials, Failure), $"{statistic.Kind}: {failures} of {Trials} runs are outside");
        }
    }

    [Fact]
    public void Bounds_of_counts_sums_and_means_fail_as_often_as_they_may()
    {
        // Exact confidence sets: were they wider than they have to be, or the noise less than stated, this would tell.
        foreach (int i in Enumerable.Range(0, Query.Statistics.Count).Where(i => Query.Statistics[i].Kind is StatisticKind.Count or StatisticKind.Sum or StatisticKind.Mean))
        {
            int failures = Runs.Value.Count(run => !Holds(run[i], Central[i], false));
            Assert.InRange(failures, StatisticsTrial.LeastFailures(Trials, Failure), StatisticsTrial.GreatestFailures(Trials, Failure));
        }
    }

    [Fact]
    public void A_quantile_of_the_found_bracket_has_the_asked_order_within_the_rank_error()
    {
        foreach (int i in Enumerable.Range(0, Query.Statistics.Count).Where(i => Query.Statistics[i].IsSearch))
        {
            Statistic statistic = Query.Statistics[i];
            FeatureSchema column = Query.Columns[statistic.Columns[0]];
            double[] values = [.. Clients.SelectMany(c => Enumerable.Range(0, c.Rows).Select(row => c.Row(row)[statistic.Columns[0]])).Where(double.IsFinite).Select(v => Math.Clamp(v, column.LowerBound, column.UpperBound))];
            double order = statistic.Kind switch { StatisticKind.Minimum => 0, StatisticKind.Maximum => 1, _ => statistic.Probability };
            double half = (column.UpperBound - column.LowerBound) / 64 / 2;
            int failures = 0;
            foreach (StatisticAnswer answer in Runs.Value.Select(run => run[i]))
            {
                double below = values.Count(v => v < answer.Values[0] - half) / (double)values.Length;
                double until = values.Count(v => v < answer.Values[0] + half || half + answer.Values[0] >= column.UpperBound) / (double)values.Length;
                if (below > order + answer.RankError || until < order - answer.RankError)
                {
                    failures++;
                }

                Assert.InRange(answer.RankError!.Value, 0, 0.15);
            }

            Assert.True(failures <= StatisticsTrial.GreatestFailures(Trials, Failure), $"{statistic.Kind}: {failures}");
        }
    }

    [Fact]
    public void Frequent_values_are_told_from_rare_ones_as_far_as_the_threshold_error_says()
    {
        int place = Enumerable.Range(0, Query.Statistics.Count).Single(i => Query.Statistics[i].Kind == StatisticKind.HeavyHitters);
        double total = Central[place].Sum();
        int failures = Runs.Value.Count(run => Enumerable.Range(0, 3).Any(v =>
        {
            bool isListed = run[place].Frequent.Contains(Query.Statistics[place].Domain[v]);
            double distance = Central[place][v] - (0.25 * total);
            return isListed ? distance < -run[place].ThresholdError : distance > run[place].ThresholdError;
        }));
        Assert.True(failures <= StatisticsTrial.GreatestFailures(Trials, Failure), $"{failures}");
    }

    [Fact]
    public void However_strong_the_noise_the_matrix_of_what_is_told_is_one_of_correlations()
    {
        StatisticsQuery query = new([new("a", -10, 10), new("b", 0, 100), new("c", 0, 3)], [new Statistic(StatisticKind.Correlation, 0, 1, 2)], 2, 1);
        int told = 0;
        for (ulong seed = 0; seed < 300; seed++)
        {
            StatisticAnswer answer = StatisticsTrial.Run(query, Clients, 6 + (seed / 10.0), seed)[0];
            if (answer.Values.Any(double.IsNaN))
            {
                continue;
            }

            told++;
            double[] r = [.. answer.Values];
            double[,] matrix = { { 1, r[0], r[1] }, { r[0], 1, r[2] }, { r[1], r[2], 1 } };
            Assert.True(Matrix<double>.Build.DenseOfArray(matrix).Evd(Symmetricity.Symmetric).EigenValues.Real().Minimum() > -1e-9);
        }

        Assert.InRange(told, 30, 300);
    }

    [Fact]
    public void Asked_in_several_rounds_a_mean_is_as_exact_as_the_rounds_together()
    {
        Statistic mean = new(StatisticKind.Mean, 0);
        Statistic median = new(StatisticKind.Quantile, 0) { Probability = 0.5 };
        StatisticsQuery once = new([new("a", -10, 10)], [mean], 8, 4);
        StatisticsQuery often = new([new("a", -10, 10)], [mean, median], 8, 4);
        Assert.Equal((1, 4), (once.Rounds, often.Rounds));
        double one = StatisticsTrial.Run(once, Clients, 5, 1)[0].ErrorBounds[0];
        double four = StatisticsTrial.Run(often, Clients, 10, 1)[0].ErrorBounds[0];
        Assert.InRange(four / one, 0.99, 1.01);
    }

    private static bool Holds(StatisticAnswer answer, IReadOnlyList<double> truth, bool isEntrywise)
    {
        int entries = isEntrywise ? 1 : truth.Count;
        return Enumerable.Range(0, entries).All(v => Math.Abs(answer.Values[v] - truth[v]) <= answer.ErrorBounds[v]);
    }
}
