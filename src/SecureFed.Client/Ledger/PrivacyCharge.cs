using SecureFed.Protocol.Tasks;

namespace SecureFed.Client.Ledger;

/// <summary>What one round costs this client's data.</summary>
/// <param name="Task">Its budget's unit, ε, δ, order and data set.</param>
/// <param name="Round">Number in the task; charged once, however often it is asked for.</param>
/// <param name="Units">Units of 10⁻¹² of Rényi divergence at the task's order.</param>
public sealed record PrivacyCharge(TaskParameters Task, int Round, long Units);
