using MathNet.Numerics.Distributions;
using SecureFed.Learning.Data;
using SecureFed.Learning.Statistics;

namespace SecureFed.Learning.Tests;

/// <summary>Plays all rounds of a statistics task in one process: sums of the clients' rows, with Gaussian noise on every coordinate.</summary>
internal static class StatisticsTrial
{
    /// <summary>Every kind of question about columns a and b, and heavy hitters of c.</summary>
    public static StatisticsQuery Everything(int cells = 16, int rounds = 3) => new(
        [new("a", -10, 10), new("b", 0, 100), new("c", 0, 3)],
        [
            new Statistic(StatisticKind.Count),
            new Statistic(StatisticKind.Count, 0),
            new Statistic(StatisticKind.Sum, 0),
            new Statistic(StatisticKind.Mean, 0),
            new Statistic(StatisticKind.Variance, 0),
            new Statistic(StatisticKind.Mean, 1),
            new Statistic(StatisticKind.Minimum, 1),
            new Statistic(StatisticKind.Maximum, 1),
            new Statistic(StatisticKind.Quantile, 0) { Probability = 0.5 },
            new Statistic(StatisticKind.Quantile, 1) { Probability = 0.9 },
            new Statistic(StatisticKind.Histogram, 0) { Edges = [-10, -5, -1, 0, 1, 5, 10] },
            new Statistic(StatisticKind.HeavyHitters, 2) { Domain = ["0", "1", "2"], Threshold = 0.25 },
            new Statistic(StatisticKind.Correlation, 0, 1, 2),
            new Statistic(StatisticKind.Quality, 1),
        ],
        cells,
        rounds);

    /// <summary>Rows of a, b and c: a Gaussian, b = 50 + 10a + noise cut to the bounds, c in 0 … 3.</summary>
    public static DataSet Rows(int rows, ulong seed, bool hasGaps = false)
    {
        DeterministicSequence random = new(seed);
        var values = new double[3 * rows];
        for (int row = 0; row < rows; row++)
        {
            double a = random.NextGaussian(1, 2);
            double gap = random.NextDouble();
            values[3 * row] = a;
            values[(3 * row) + 1] = hasGaps && gap < 0.1 ? double.NaN : hasGaps && gap < 0.15 ? double.PositiveInfinity : hasGaps && gap < 0.2 ? 200 : Math.Clamp(50 + (10 * a) + random.NextGaussian(0, 15), 0, 100);
            values[(3 * row) + 2] = Math.Min(3, Math.Floor(5 * random.NextDouble() * random.NextDouble()));
        }

        return DataSet.CreateWithGaps(["a", "b", "c"], values);
    }

    /// <param name="query">Questions.</param>
    /// <param name="clients">Rows of every client.</param>
    /// <param name="deviation">Standard deviation of the noise on every coordinate of every round; 0 = sums are off by at most the slack.</param>
    /// <param name="seed">Of the noise.</param>
    public static IReadOnlyList<StatisticAnswer> Run(StatisticsQuery query, IReadOnlyList<DataSet> clients, double deviation, ulong seed)
    {
        const double slack = 1e-6;
        SumError error = deviation > 0 ? new SumError(deviation, deviation, 0) : new SumError(0, 0, slack);
        DeterministicSequence random = new(seed);
        (double[] state, double[] result) = (query.InitialState(), query.InitialResult());
        for (int round = 0; round < query.Rounds; round++)
        {
            var sum = new double[query.Length];
            foreach (DataSet client in clients)
            {
                double[] vector = StatisticsVector.Create(query, client, state, 10_000);
                for (int i = 0; i < sum.Length; i++)
                {
                    sum[i] += 10_000 * vector[i];
                }
            }

            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += deviation > 0 ? random.NextGaussian(0, deviation) : random.NextUniform(-slack, slack);
            }

            (state, result) = StatisticsStep.Next(query, state, sum, error);
        }

        return query.Read(result);
    }

    /// <summary>A run with this many failures of an event of probability <paramref name="probability"/> at most happens once in a million.</summary>
    public static int GreatestFailures(int trials, double probability)
    {
        int failures = 0;
        while (1 - Binomial.CDF(probability, trials, failures) > 1e-6)
        {
            failures++;
        }

        return failures;
    }

    public static int LeastFailures(int trials, double probability)
    {
        int failures = 0;
        while (Binomial.CDF(probability, trials, failures) < 1e-6)
        {
            failures++;
        }

        return failures;
    }
}
