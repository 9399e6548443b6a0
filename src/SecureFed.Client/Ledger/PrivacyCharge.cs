using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Ledger;

/// <summary>What one round costs this client's data.</summary>
/// <param name="Task">Its budget's unit, ε, δ, order and data set.</param>
/// <param name="Round">Number in the task.</param>
/// <param name="Advertisement">
/// SHA-256 of the client's own advertisement. It holds fresh keys, so it tells one part in a round from another with the same number or the same opening: a part is
/// charged once, however often it is asked for, and a server cannot have a second one under the first one's charge. Default while nothing is charged.
/// </param>
/// <param name="Units">Units of 10⁻¹² of Rényi divergence at the task's order that the round costs the units in it.</param>
/// <param name="Node">Node of the epoch's tree that the round releases, from 1; 0 if it sums all records or a secret sample of them.</param>
public sealed record PrivacyCharge(TaskParameters Task, int Round, Digest Advertisement, long Units, int Node = 0)
{
    /// <summary>Whether the client has seen two people's signatures for the task's ε: only then may it be greater than the one under which the ledger charged the task first.</summary>
    public bool IsBudgetRaised { get; init; }

    /// <summary>The charge of a round that the client has examined, not yet advertised; null if its sum is exact. Follows from the task: what the opening states is not asked.</summary>
    public static PrivacyCharge? For(TaskParameters task, RoundParameters round, ModelState model) => task.Privacy.ReleaseOf(round.Kind) is { } release
        ? new PrivacyCharge(task, round.Number, default, release.Charge, task.Privacy.NodeOf(round.Kind, model.CompletedTrainRounds))
        : null;

    /// <summary>The same for a client that may know of approved changes.</summary>
    internal static PrivacyCharge? For(ClientContext client, RoundParameters round, ModelState model) =>
        For(client.InForce, round, model) is { } charge ? charge with { IsBudgetRaised = client.InForce.Privacy.Epsilon > client.Task.Privacy.Epsilon } : null;
}
