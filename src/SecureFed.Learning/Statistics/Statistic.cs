namespace SecureFed.Learning.Statistics;

/// <summary>One question of a statistics task, in public terms.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="Columns">Places in the task's columns: none for the number of rows, two or more for a correlation matrix, else one.</param>
public sealed record Statistic(StatisticKind Kind, params IReadOnlyList<int> Columns)
{
    /// <summary>Quantile: part of the rows at or below it, in (0, 1).</summary>
    public double Probability { get; init; }

    /// <summary>Histogram: edges, ascending. Bins are [e₀, e₁), …, the last one with its upper edge; rows outside are in none.</summary>
    public IReadOnlyList<double> Edges { get; init; } = [];

    /// <summary>
    /// Heavy hitters: the values that are counted, distinct; rows with any other are counted together. For a numeric column the values are numbers.
    /// </summary>
    /// <remarks>
    /// The list is public, never collected: a secure sum has coordinates that everybody knows beforehand, and to publish a name that was not public tells of the row
    /// that holds it, which noise on its count does not hide. An unknown domain would need a threshold per name (a failure probability per row) and a search over prefixes.
    /// </remarks>
    public IReadOnlyList<string> Domain { get; init; } = [];

    /// <summary>Heavy hitters: part of the rows from which on a value is frequent, in [0, 1].</summary>
    public double Threshold { get; init; }

    /// <summary>Whether each round narrows the place of the answer.</summary>
    public bool IsSearch => Kind is StatisticKind.Minimum or StatisticKind.Maximum or StatisticKind.Quantile;

    /// <summary>Numbers in the answer; as many error bounds follow them.</summary>
    public int ValueCount => Kind switch
    {
        StatisticKind.Histogram => Edges.Count - 1,
        StatisticKind.HeavyHitters => Domain.Count + 1,
        StatisticKind.Correlation => Columns.Count * (Columns.Count - 1) / 2,
        StatisticKind.Quality => 3,
        _ => 1,
    };

    /// <summary>Further numbers in the answer: lower, upper and rank error of a search, threshold and its error of heavy hitters.</summary>
    internal int ExtraCount => IsSearch ? 3 : Kind == StatisticKind.HeavyHitters ? 2 : 0;

    internal int ResultLength => (2 * ValueCount) + ExtraCount;
}
