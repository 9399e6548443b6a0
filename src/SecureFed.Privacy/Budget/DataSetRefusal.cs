using System.Globalization;

namespace SecureFed.Privacy.Budget;

/// <summary>A task whose budget does not fit into what is left of its data set. Nothing was reserved.</summary>
public sealed record DataSetRefusal(
    double RequestedEpsilon, double RequestedDelta, double SpentEpsilon, double SpentDelta, double LeftEpsilon, double LeftDelta)
{
    /// <summary>The figures in words, and what to do.</summary>
    public string Message => string.Create(
        CultureInfo.InvariantCulture,
        $"The data set's privacy budget does not allow this task: requested (epsilon {RequestedEpsilon}, delta {RequestedDelta}), spent ({SpentEpsilon}, {SpentDelta}), left ({LeftEpsilon}, {LeftDelta}). Give the task a budget within what is left. What tasks have released cannot be given back.");
}
