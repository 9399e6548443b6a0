namespace SecureFed.Learning.Statistics;

/// <summary>What a statistics task can ask.</summary>
public enum StatisticKind
{
    /// <summary>Rows; with a column, rows that hold a finite value in it.</summary>
    Count = 1,

    /// <summary>Sum of a column.</summary>
    Sum = 2,

    /// <summary>Mean of a column.</summary>
    Mean = 3,

    /// <summary>Variance of a column: mean squared distance from the mean, divided by the number of values.</summary>
    Variance = 4,

    /// <summary>Least value of a column, by search.</summary>
    Minimum = 5,

    /// <summary>Greatest value of a column, by search.</summary>
    Maximum = 6,

    /// <summary>The least value at or below which a given part of the rows lies, by search.</summary>
    Quantile = 7,

    /// <summary>Rows in each bin between public edges.</summary>
    Histogram = 8,

    /// <summary>Rows with each value of a public list, and which of them are frequent.</summary>
    HeavyHitters = 9,

    /// <summary>Correlation matrix of several columns over the rows that hold a value in each.</summary>
    Correlation = 10,

    /// <summary>Rows whose value is missing, is no finite number, or lies outside the public bounds.</summary>
    Quality = 11,
}
