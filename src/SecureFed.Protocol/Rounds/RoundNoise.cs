namespace SecureFed.Protocol.Rounds;

/// <summary>The noise of a round and what it costs: the reservation in its ROUND_OPENED entry.</summary>
/// <param name="NoiseMultiplier">z = σ_c/D₂; a client's share has variance ⌈z²·D₂²/h⌉ with h of its cohort or leaf.</param>
/// <param name="Charge">Reserved: units of 10⁻¹² of Rényi divergence at the task's order.</param>
public sealed record RoundNoise(double NoiseMultiplier, long Charge);
