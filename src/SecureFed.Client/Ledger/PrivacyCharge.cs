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
/// <param name="Units">Units of 10⁻¹² of Rényi divergence at the task's order.</param>
public sealed record PrivacyCharge(TaskParameters Task, int Round, Digest Advertisement, long Units);
