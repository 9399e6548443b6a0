namespace SecureFed.Learning.Vectors;

/// <summary>A named run of coordinates of the vector that a client protects.</summary>
/// <param name="Name">Stable name, part of the round's parameters.</param>
/// <param name="Length">Number of coordinates, at least 1.</param>
/// <param name="NormBound">Largest L2 norm one client's segment can have; quantisation and sensitivity rest on it.</param>
/// <param name="IntegerValued">True when every coordinate is a whole number, so that the sum can be exact.</param>
public sealed record VectorSegment(string Name, int Length, double NormBound, bool IntegerValued = false);
