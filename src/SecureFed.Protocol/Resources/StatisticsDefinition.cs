using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Resources;

/// <summary>What an operator asks of a statistics task; the columns with their public bounds are the model's features.</summary>
public sealed record StatisticsDefinition
{
    public required IReadOnlyList<StatisticDefinition> Questions { get; init; }

    /// <summary>Cells into which each round of a search (minimum, maximum, quantile) divides its bracket, 2 to 256.</summary>
    public int Cells { get; init; } = 16;

    /// <summary>Rounds of a search, 1 to 64: the place is known to the range of the bounds divided by cells^rounds at best. All questions share the budget of the rounds.</summary>
    public int SearchRounds { get; init; } = 3;
}

/// <summary>One question.</summary>
public sealed record StatisticDefinition
{
    public required TaskStatisticKind Kind { get; init; }

    /// <summary>Names of features: none for the number of rows, two or more for a correlation matrix, else one.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Of a quantile, in (0, 1).</summary>
    public double Probability { get; init; }

    /// <summary>Of a histogram, ascending.</summary>
    public IReadOnlyList<double> Edges { get; init; } = [];

    /// <summary>Of heavy hitters: the public list of values that are counted.</summary>
    public IReadOnlyList<string> Domain { get; init; } = [];

    /// <summary>Of heavy hitters: part of the rows from which on a value is frequent.</summary>
    public double Threshold { get; init; }
}
