namespace SecureFed.Learning.Explanation;

/// <summary>One part of the vector of an explanation round.</summary>
/// <param name="Name">Name.</param>
/// <param name="Offset">Where it begins.</param>
/// <param name="Length">Numbers.</param>
/// <param name="Bound">Largest norm of what one row (without row protection: one client's mean) has in it.</param>
/// <param name="Share">a²: its part of the squared norm of the whole vector, and so of the budget of the round.</param>
internal sealed record ExplanationPart(string Name, int Offset, int Length, double Bound, double Share)
{
    /// <summary>What its numbers are multiplied by before they are sent: a/bound.</summary>
    public double Scale => Math.Sqrt(Share) / Bound;
}
