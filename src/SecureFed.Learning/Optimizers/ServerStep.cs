namespace SecureFed.Learning.Optimizers;

/// <summary>The outcome of a training round.</summary>
/// <param name="Parameters">The new global model: weights, then the intercept.</param>
/// <param name="State">The optimiser's state for the next round; empty when it keeps none.</param>
public sealed record ServerStep(double[] Parameters, double[] State);
