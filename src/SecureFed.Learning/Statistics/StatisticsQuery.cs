using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Statistics;

/// <summary>The questions of a statistics task, laid out as one vector per record that answers all of them.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Record</term><description>f(record): blocks side by side (<see cref="Block"/>), of which questions about the same column share what they can. ‖f‖₂ ≤ B, the root of the sum
/// of the blocks' squared bounds, for every record by construction.</description></item>
/// <item><term>Client</term><description>Σ f / (public maximum of rows), whose norm is at most B too, as the mean of vectors within B times a part of 1.</description></item>
/// <item><term>One segment</term><description>All blocks are one segment: a segment's noise per coordinate is in proportion to its bound over the root of its length, so a mean beside a
/// histogram would get many times the noise of a bin. In one segment every coordinate has the same noise.</description></item>
/// <item><term>Rounds</term><description>Searches need several; every other question is asked again in each, and the sums are averaged: R releases with √R times the noise give what one would.</description></item>
/// <item><term>Result</term><description>Per statistic, in order: its values, as many error bounds, then its further numbers (<see cref="Read"/>). What noise drowns, or is of no rows, has the value 0 and the error bound
/// -1: a log holds finite numbers only.</description></item>
/// <item><term>Error bounds</term><description>Hold for all numbers of one statistic at once with probability <see cref="Confidence"/> over the noise (each entry of a correlation matrix by itself),
/// if all clients are honest. They speak of the rows of the clients in the sums.</description></item>
/// </list>
/// </remarks>
public sealed class StatisticsQuery
{
    /// <summary>Name of the segment.</summary>
    public const string Answers = "answers";

    /// <summary>Of every error bound.</summary>
    public const double Confidence = 0.95;

    /// <summary>Most questions in one task.</summary>
    public const int GreatestStatistics = 256;

    /// <summary>Most coordinates of one record.</summary>
    public const int GreatestLength = 1 << 18;

    /// <summary>Most columns of one correlation matrix.</summary>
    public const int GreatestCorrelation = 64;

    /// <summary>
    /// Length to which a record's vector with real coordinates is filled up. A grid is 8√d/B: on a coarser one the rounding of thousands of records would be the larger noise.
    /// </summary>
    private const int FinestLength = 1024;

    private const double NotTold = -1;

    private readonly List<StatisticsField> fields = [];
    private readonly List<Block> blocks = [];
    private readonly Block[] blockOf;

    /// <param name="columns">Names with public bounds; empty only if nothing but the number of rows is asked.</param>
    /// <param name="statistics">1 to <see cref="GreatestStatistics"/> questions.</param>
    /// <param name="cells">k of the searches, 2 to 256.</param>
    /// <param name="searchRounds">R of the searches, 1 to 64. The answer is known to the range of the bounds divided by kᴿ at best.</param>
    /// <exception cref="ArgumentException">A question is malformed; the message says which and why.</exception>
    public StatisticsQuery(IReadOnlyList<FeatureSchema> columns, IReadOnlyList<Statistic> statistics, int cells, int searchRounds)
    {
        Columns = [.. columns];
        Statistics = [.. statistics];
        StatisticsRules.Check(Columns, Statistics, cells, searchRounds);
        Rounds = Statistics.Any(s => s.IsSearch) ? searchRounds : 1;
        blockOf = new Block[Statistics.Count];
        AddMoments();
        for (int i = 0; i < blockOf.Length; i++)
        {
            blockOf[i] ??= Add(CreateBlock(Statistics[i], cells));
        }

        // Searches last: their sums are of one round, all others are added up.
        blocks = [.. blocks.OrderBy(block => block is SearchBlock ? 1 : 0)];
        foreach (Block block in blocks)
        {
            block.Offset = Length;
            Length += block.Length;
        }

        SumLength = blocks.Where(block => block is not SearchBlock).Sum(block => block.Length);
        StateLength = StatisticsState.HeaderLength + SumLength;
        foreach (SearchBlock search in Searches)
        {
            search.StateOffset = StateLength;
            StateLength += SearchBlock.StateLength;
        }

        NormBound = Math.Sqrt(blocks.Sum(block => block.SquaredNorm));
        if (Length > GreatestLength)
        {
            throw new ArgumentException($"The answers have {Length} coordinates, at most {GreatestLength} are allowed: ask for fewer bins, values or columns.", nameof(statistics));
        }
    }

    /// <summary>Columns with their public bounds.</summary>
    public IReadOnlyList<FeatureSchema> Columns { get; }

    /// <summary>Questions in order.</summary>
    public IReadOnlyList<Statistic> Statistics { get; }

    /// <summary>Rounds that the questions take.</summary>
    public int Rounds { get; }

    /// <summary>Coordinates of one record.</summary>
    public int Length { get; }

    /// <summary>B: bound on the L2 norm of every record's vector.</summary>
    public double NormBound { get; }

    /// <summary>Numbers in the result.</summary>
    public int ResultLength => Statistics.Sum(s => s.ResultLength);

    /// <summary>Numbers in the state.</summary>
    public int StateLength { get; }

    internal IReadOnlyList<StatisticsField> Fields => fields;

    internal IReadOnlyList<Block> Blocks => blocks;

    internal IEnumerable<SearchBlock> Searches => blocks.OfType<SearchBlock>();

    /// <summary>Coordinates that are added up over the rounds: the first ones.</summary>
    internal int SumLength { get; }

    internal Block BlockOf(int statistic) => blockOf[statistic];

    /// <summary>The layout of every round.</summary>
    /// <param name="isRecordLevel">Whether records are rounded one by one.</param>
    public VectorLayout Layout(bool isRecordLevel)
    {
        bool isCounts = blocks.All(block => Enumerable.Range(0, block.Length).All(block.IsCount));
        return new VectorLayout(new VectorSegment(Answers, isRecordLevel && !isCounts ? Math.Max(Length, FinestLength) : Length, NormBound, IntegerValued: isRecordLevel && isCounts));
    }

    /// <summary>The state before the first round: no sums, every bracket at the public bounds.</summary>
    public double[] InitialState()
    {
        var state = new double[StateLength];
        foreach (SearchBlock search in Searches)
        {
            Span<double> bracket = state.AsSpan(search.StateOffset, SearchBlock.StateLength);
            (bracket[0], bracket[1]) = (search.Column.LowerBound, search.Column.UpperBound);
            (bracket[4], bracket[5]) = (search.Column.LowerBound, search.Column.UpperBound);
        }

        return state;
    }

    /// <summary>The result before the first round: nothing is told.</summary>
    public double[] InitialResult()
    {
        var result = new List<double>();
        foreach (Statistic statistic in Statistics)
        {
            double[] unknown = new double[statistic.ValueCount];
            Array.Fill(unknown, double.NaN);
            Write(unknown, unknown, new double[statistic.ExtraCount], result);
        }

        return [.. result];
    }

    /// <summary>Appends an answer in the form that <see cref="Read"/> takes.</summary>
    internal static void Write(double[] values, double[] errorBounds, double[] further, List<double> result)
    {
        result.AddRange(values.Select(value => double.IsNaN(value) ? 0 : value));
        result.AddRange(values.Zip(errorBounds, (value, error) => double.IsNaN(value) ? NotTold : error));
        result.AddRange(further);
    }

    /// <summary>Whether numbers that somebody sent can be a state of this query.</summary>
    public bool IsState(ReadOnlySpan<double> state)
    {
        if (state.Length != StateLength || state.ContainsAnyExceptInRange(double.MinValue, double.MaxValue))
        {
            return false;
        }

        foreach (SearchBlock search in Searches)
        {
            ReadOnlySpan<double> bracket = state.Slice(search.StateOffset, 2);
            if (!(bracket[0] <= bracket[1] && search.Column.Contains(bracket[0]) && search.Column.Contains(bracket[1])))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The answers as a result holds them.</summary>
    /// <param name="result">Length <see cref="ResultLength"/>.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public IReadOnlyList<StatisticAnswer> Read(ReadOnlySpan<double> result)
    {
        if (result.Length != ResultLength)
        {
            throw new ArgumentException($"The result has {result.Length} numbers, the questions {ResultLength}.", nameof(result));
        }

        var answers = new List<StatisticAnswer>();
        foreach (Statistic statistic in Statistics)
        {
            int values = statistic.ValueCount;
            answers.Add(new StatisticAnswer(
                statistic,
                Told(result[..values], result.Slice(values, values)),
                Told(result.Slice(values, values), result.Slice(values, values)),
                result.Slice(2 * values, statistic.ExtraCount).ToArray()));
            result = result[statistic.ResultLength..];
        }

        return answers;
    }

    private static double[] Told(ReadOnlySpan<double> numbers, ReadOnlySpan<double> errorBounds)
    {
        double[] told = numbers.ToArray();
        for (int i = 0; i < told.Length; i++)
        {
            told[i] = errorBounds[i] < 0 ? double.NaN : told[i];
        }

        return told;
    }

    /// <summary>One block per column for all counts, sums, means and variances of it.</summary>
    private void AddMoments()
    {
        foreach (IGrouping<int, int> column in Enumerable.Range(0, Statistics.Count)
            .Where(i => OrderOf(Statistics[i].Kind) is not null && Statistics[i].Columns.Count == 1)
            .GroupBy(i => Statistics[i].Columns[0]))
        {
            int order = column.Max(i => OrderOf(Statistics[i].Kind)!.Value);
            Block block = Add(new MomentBlock(Number(column.Key), Columns[column.Key], order));
            foreach (int statistic in column)
            {
                blockOf[statistic] = block;
            }
        }
    }

    private Block CreateBlock(Statistic statistic, int cells) => statistic.Kind switch
    {
        StatisticKind.Histogram => new BinBlock(Number(statistic.Columns[0]), statistic.Edges),
        StatisticKind.HeavyHitters => new CategoryBlock(Field(new StatisticsField(Columns[statistic.Columns[0]].Name, statistic.Domain)), statistic.ValueCount),
        StatisticKind.Correlation => new ProductBlock([.. statistic.Columns.Select(Number)], [.. statistic.Columns.Select(c => Columns[c])]),
        StatisticKind.Quality => new QualityBlock(Number(statistic.Columns[0]), Columns[statistic.Columns[0]]),
        StatisticKind.Count => new RowBlock(),
        _ => new SearchBlock(Number(statistic.Columns[0]), Columns[statistic.Columns[0]], statistic, cells),
    };

    private static int? OrderOf(StatisticKind kind) => kind switch
    {
        StatisticKind.Count => 0,
        StatisticKind.Sum or StatisticKind.Mean => 1,
        StatisticKind.Variance => 2,
        _ => null,
    };

    private int Number(int column) => Field(new StatisticsField(Columns[column].Name, null));

    private int Field(StatisticsField field)
    {
        if (!fields.Contains(field))
        {
            fields.Add(field);
        }

        return fields.IndexOf(field);
    }

    private Block Add(Block block)
    {
        blocks.Add(block);
        return block;
    }
}
