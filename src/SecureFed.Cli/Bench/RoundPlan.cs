using SecureFed.Cli.Output;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>One simulated round.</summary>
/// <param name="Clients">n in all leaves.</param>
/// <param name="Leaves">Leaves.</param>
/// <param name="Dimension">d.</param>
/// <param name="Gamma">γ.</param>
/// <param name="DeltaDrop">δ_drop.</param>
/// <param name="DroppedPerLeaf">Clients of each leaf that share and then vanish.</param>
/// <param name="ServerClass">Adversary.</param>
internal sealed record RoundPlan(int Clients, int Leaves, int Dimension, ExactDecimal Gamma, ExactDecimal DeltaDrop, int DroppedPerLeaf, ServerClass ServerClass)
{
    public CohortBounds Bounds => new(Clients, Clients, Clients, 1, Gamma, DeltaDrop, ServerClass, Leaves);

    /// <summary>Thresholds of a leaf.</summary>
    /// <exception cref="CommandException">There are none, or more drop out than they carry.</exception>
    public CohortThresholds RequireThresholds()
    {
        if (Bounds.FindInfeasible() is { } reason)
            throw CommandException.Refuse("infeasible", reason, "Take more clients per leaf, or smaller fractions.");
        CohortThresholds thresholds = CohortThresholds.TryDerive(Bounds, Clients, out _)!;
        return Clients / Leaves - DroppedPerLeaf >= thresholds.LeastSurvivors
            ? thresholds
            : throw CommandException.Refuse("dropout-too-high", $"{DroppedPerLeaf} of {Clients / Leaves} may not drop out: {thresholds.LeastSurvivors} must survive.", "Take a smaller --dropped or a greater --delta-drop.");
    }
}
