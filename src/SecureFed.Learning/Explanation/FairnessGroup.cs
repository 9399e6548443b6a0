namespace SecureFed.Learning.Explanation;

/// <summary>A public group of rows: those that hold one value in one feature.</summary>
/// <param name="Name">For people.</param>
/// <param name="Feature">Index of the feature.</param>
/// <param name="Value">Its value as rows hold it, not standardised.</param>
public sealed record FairnessGroup(string Name, int Feature, double Value);
