namespace SecureFed.Learning.Data;

/// <summary>A column with its public bounds.</summary>
/// <remarks>Bounds are part of the task and known to everybody; they must not be computed from one client's secret rows.</remarks>
/// <param name="Name">Column name.</param>
/// <param name="LowerBound">Smallest value a row may hold.</param>
/// <param name="UpperBound">Largest value a row may hold; equal to the lower bound for a constant column.</param>
public sealed record FeatureSchema(string Name, double LowerBound, double UpperBound)
{
    /// <summary>Middle of the bounds.</summary>
    public double Centre => LowerBound + ((UpperBound - LowerBound) / 2);

    /// <summary>Half the distance between the bounds; 0 for a constant column.</summary>
    public double HalfRange => (UpperBound - LowerBound) / 2;

    /// <summary>(value - centre) / half range, in [-1, 1] for values within the bounds; 0 for a constant column.</summary>
    public double ToUnit(double value) => HalfRange > 0 ? (value - Centre) / HalfRange : 0;

    internal bool Contains(double value) => value >= LowerBound && value <= UpperBound;
}
