using SecureFed.Cli.Output;
using SecureFed.Cryptography.Bfv;
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
/// <param name="KeyHolders">K of an encrypted round; 0 of a masked one.</param>
internal sealed record RoundPlan(
    int Clients, int Leaves, int Dimension, ExactDecimal Gamma, ExactDecimal DeltaDrop, int DroppedPerLeaf, ServerClass ServerClass, int KeyHolders = 0)
{
    public bool IsEncrypted => KeyHolders > 0;

    /// <summary>t_h = ⌈4K/5⌉.</summary>
    public int HolderThreshold => ((4 * KeyHolders) + 4) / 5;

    /// <summary>f, the most for which 2·t_h exceeds K + f: two lists cannot both be certified.</summary>
    public int CorruptHolders => (2 * HolderThreshold) - KeyHolders - 1;

    public CohortBounds Bounds => new(Clients, Clients, Clients, 1, Gamma, DeltaDrop, ServerClass, Leaves);

    /// <summary>Thresholds of a leaf.</summary>
    /// <exception cref="CommandException">There are none, or more drop out than they carry.</exception>
    public CohortThresholds RequireThresholds()
    {
        if (IsEncrypted)
            return RequireEncryptedThresholds();
        if (Bounds.FindInfeasible() is { } reason)
            throw CommandException.Refuse("infeasible", reason, "Take more clients per leaf, or smaller fractions.");
        CohortThresholds thresholds = CohortThresholds.TryDerive(Bounds, Clients, out _)!;
        return Clients / Leaves - DroppedPerLeaf >= thresholds.LeastSurvivors
            ? thresholds
            : throw CommandException.Refuse("dropout-too-high", $"{DroppedPerLeaf} of {Clients / Leaves} may not drop out: {thresholds.LeastSurvivors} must survive.", "Take a smaller --dropped or a greater --delta-drop.");
    }

    private CohortThresholds RequireEncryptedThresholds()
    {
        if (Leaves != 1)
            throw CommandException.Misuse("An encrypted round has no leaves.", "Leave --leaves out: no client waits for another, so any cohort is one.");
        string? fault = Clients is < 3 or > BfvParameters.GreatestClients ? "An encrypted round is measured with 3 to 10,000 clients." : Bounds.FindInfeasible(ProtectionKind.Encryption);
        if (fault is not null)
            throw CommandException.Refuse("infeasible", fault, "Take another number of clients, or smaller fractions.");
        CohortThresholds thresholds = CohortThresholds.TryDeriveEncrypted(Bounds, Clients, out _)!;
        return Clients - DroppedPerLeaf >= thresholds.LeastSurvivors
            ? thresholds
            : throw CommandException.Refuse("dropout-too-high", $"{DroppedPerLeaf} of {Clients} may not stay away: {thresholds.LeastSurvivors} must upload.", "Take a smaller --dropped or a greater --delta-drop.");
    }
}
