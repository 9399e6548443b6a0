using System.Globalization;

namespace SecureFed.Privacy.Budget;

/// <summary>A release that does not fit into what is left. Nothing was spent.</summary>
/// <remarks>Beyond the conversion, ε grows as the divergence does, so the three figures in ε can be compared with each other like those in units.</remarks>
/// <param name="Requested">Units asked for.</param>
/// <param name="Spent">Units committed or reserved.</param>
/// <param name="Left">Units that may still be asked for.</param>
/// <param name="RequestedEpsilon">By how much the release would raise ε.</param>
/// <param name="SpentEpsilon">ε of what is committed or reserved.</param>
/// <param name="LeftEpsilon">By how much ε may still rise.</param>
public sealed record BudgetRefusal(long Requested, long Spent, long Left, double RequestedEpsilon, double SpentEpsilon, double LeftEpsilon)
{
    /// <summary>The three figures in words, and what to do.</summary>
    public string Message => string.Create(
        CultureInfo.InvariantCulture,
        $"The privacy budget does not allow this release: requested epsilon {RequestedEpsilon:G6} more ({Requested} units), spent epsilon {SpentEpsilon:G6} ({Spent} units), left epsilon {LeftEpsilon:G6} ({Left} units). Nothing was released or charged. Stop here, or create a task with a budget of its own if the data set's budget allows one.");

    internal static BudgetRefusal Of(BudgetCap cap, long requested, long spent)
    {
        double before = cap.EpsilonOf(spent);
        double after = cap.EpsilonOf(ReleaseCost.Sum(spent, requested));
        return new BudgetRefusal(requested, spent, cap.Units - spent, after - before, before, Math.Max(0, cap.Epsilon - before));
    }
}
