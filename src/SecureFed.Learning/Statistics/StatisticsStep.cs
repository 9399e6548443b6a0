using System.Diagnostics;

namespace SecureFed.Learning.Statistics;

/// <summary>What follows from a round's sum: the next state and the result so far.</summary>
/// <param name="State">The next state, with the next question of every search.</param>
/// <param name="Result">Answers in the layout of <see cref="StatisticsQuery.Read"/>.</param>
public sealed record StatisticsStep(double[] State, double[] Result)
{
    /// <summary>Takes a round's sum into account. Deterministic.</summary>
    /// <param name="query">The task's questions.</param>
    /// <param name="state">The state that the round's records were made with.</param>
    /// <param name="sum">Decoded sum of all records in rows, at least <see cref="StatisticsQuery.Length"/> long; what fills a segment up is not looked at.</param>
    /// <param name="error">How far it may be from the true sum.</param>
    /// <exception cref="ArgumentException">The state or the sum is not of this query.</exception>
    public static StatisticsStep Next(StatisticsQuery query, ReadOnlySpan<double> state, ReadOnlySpan<double> sum, SumError error)
    {
        if (!query.IsState(state) || sum.Length < query.Length)
        {
            throw new ArgumentException("State and sum belong to other questions.", nameof(state));
        }

        double[] counted = sum[..query.Length].ToArray();
        RoundCounts(query, counted, error);
        double[] next = state.ToArray();
        StatisticsState.Add(next, counted.AsSpan(0, query.SumLength), error);
        SumError counts = error with { Slack = error.GivesExactCounts ? 0 : error.Slack };
        foreach (SearchBlock search in query.Searches)
        {
            BracketSearch.Step(search, counted.AsSpan(search.Offset, search.Length), counts, query.Rounds, next.AsSpan(search.StateOffset, SearchBlock.StateLength));
        }

        return new StatisticsStep(next, Decode(query, next, counts.Slack, error.Slack));
    }

    private static void RoundCounts(StatisticsQuery query, double[] sum, SumError error)
    {
        foreach (Block block in query.Blocks)
        {
            for (int i = 0; i < block.Length && error.GivesExactCounts; i++)
            {
                if (block.IsCount(i))
                {
                    sum[block.Offset + i] = Math.Round(sum[block.Offset + i]);
                }
            }
        }
    }

    private static double[] Decode(StatisticsQuery query, double[] state, double countSlack, double slack)
    {
        (double[] sums, SumError error) = StatisticsState.Average(state, query.SumLength, countSlack);
        var result = new List<double>(query.ResultLength);
        for (int i = 0; i < query.Statistics.Count; i++)
        {
            Statistic statistic = query.Statistics[i];
            (double[] values, double[] errors, double[] further) = query.BlockOf(i) switch
            {
                MomentBlock block => One(OfMoments(statistic.Kind, new Moments(block, sums, error, slack))),
                SearchBlock block => OfSearch(state.AsSpan(block.StateOffset, SearchBlock.StateLength)),
                ProductBlock block => OfProducts(new Correlations(block, sums, error, slack)),
                CategoryBlock block => OfPlaces(statistic, sums.AsSpan(block.Offset, block.Length), error),
                { } block => OfCounts(sums.AsSpan(block.Offset, block.Length), error),
            };
            StatisticsQuery.Write(values, errors, further, result);
        }

        return [.. result];
    }

    private static (double Value, double ErrorBound) OfMoments(StatisticKind kind, Moments moments) => kind switch
    {
        StatisticKind.Count => moments.CountAndError(),
        StatisticKind.Sum => moments.SumAndError(),
        StatisticKind.Mean => moments.MeanAndError(),
        StatisticKind.Variance => moments.VarianceAndError(),
        _ => throw new UnreachableException("Only counts, sums, means and variances share moments."),
    };

    private static (double[], double[], double[]) One((double Value, double ErrorBound) answer) => ([answer.Value], [answer.ErrorBound], []);

    private static (double[], double[], double[]) OfProducts(Correlations correlations)
    {
        (double[] values, double[] errors) = correlations.ValuesAndErrors();
        return (values, errors, []);
    }

    private static (double[], double[], double[]) OfSearch(ReadOnlySpan<double> bracket)
    {
        double rankError = Math.Max(bracket[2], bracket[3]);
        if (rankError >= 1)
        {
            return ([double.NaN], [double.NaN], [bracket[4], bracket[5], 1]);
        }

        double value = bracket[0] + ((bracket[1] - bracket[0]) / 2);
        return ([value], [new Interval(bracket[4], bracket[5]).ErrorOf(value)], [bracket[4], bracket[5], rankError]);
    }

    /// <summary>Counts are not negative, and cutting them off at 0 moves none away from the true one.</summary>
    private static (double[], double[], double[]) OfCounts(ReadOnlySpan<double> counts, SumError error)
    {
        double[] values = counts.ToArray();
        double[] errors = new double[values.Length];
        Array.Fill(errors, (ConfidenceSet.Simultaneous(values.Length) * error.CountDeviation) + error.Slack);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Math.Max(0, values[i]);
        }

        return (values, errors, []);
    }

    /// <remarks>c_i − f·n has the standard deviation σ·√((1 − f)² + f²·(places − 1)).</remarks>
    private static (double[], double[], double[]) OfPlaces(Statistic statistic, ReadOnlySpan<double> counts, SumError error)
    {
        double total = 0;
        foreach (double count in counts)
        {
            total += count;
        }

        double f = statistic.Threshold;
        int others = counts.Length - 1;
        double spread = ConfidenceSet.Simultaneous(counts.Length) * error.CountDeviation * Math.Sqrt(((1 - f) * (1 - f)) + (f * f * others));
        (double[] values, double[] errors, _) = OfCounts(counts, error);
        return (values, errors, [f * total, spread + (error.Slack * (1 + (f * others)))]);
    }
}
