using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Client.Ledger;

/// <summary>What one round costs this client's data.</summary>
/// <param name="Task">Its budget's unit, ε, δ, order and data set.</param>
/// <param name="Round">Number in the task; charged once, however often it is asked for.</param>
/// <param name="Units">Units of 10⁻¹² of Rényi divergence at the task's order that the round costs the units in it.</param>
/// <param name="Node">Node of the epoch's tree that the round releases, from 1; 0 if it sums all records or a secret sample of them.</param>
public sealed record PrivacyCharge(TaskParameters Task, int Round, long Units, int Node = 0)
{
    /// <summary>The charge of a round that the client has examined; null if its sum is exact. Follows from the task: what the opening states is not asked.</summary>
    public static PrivacyCharge? For(TaskParameters task, RoundParameters round, ModelState model) => task.Privacy.ReleaseOf(round.Kind) is { } release
        ? new PrivacyCharge(task, round.Number, release.Charge, task.Privacy.NodeOf(round.Kind, model.CompletedTrainRounds))
        : null;
}
