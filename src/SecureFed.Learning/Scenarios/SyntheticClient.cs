namespace SecureFed.Learning.Scenarios;

/// <summary>One synthetic participant.</summary>
/// <param name="Rows">How many rows it holds.</param>
/// <param name="Draw">Draws the next row into the span, in schema order, and returns the logit of a positive label.</param>
internal sealed record SyntheticClient(int Rows, SyntheticClient.RowDraw Draw)
{
    internal delegate double RowDraw(DeterministicSequence random, Span<double> features);
}
