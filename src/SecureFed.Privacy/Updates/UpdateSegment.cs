namespace SecureFed.Privacy.Updates;

/// <summary>One named part of the protected vector with its own L2 bound and scale.</summary>
/// <remarks>A scale per segment keeps the precision of small quantities (a weight in [0, 1]) apart from that of large ones (counts).</remarks>
/// <param name="Name">What the segment holds, e.g. <c>delta</c> or <c>weight</c>; 1 to 32 characters of [a-z0-9-].</param>
/// <param name="Length">Number of coordinates, at least 1.</param>
/// <param name="ClipNorm">Largest L2 norm of the segment's values, in their own unit; positive and finite.</param>
/// <param name="ScaleExponent">The integer that is protected is value · 2^ScaleExponent, rounded; −30 to 60.</param>
public sealed record UpdateSegment(string Name, int Length, double ClipNorm, int ScaleExponent)
{
    public const int LeastScaleExponent = -30;
    public const int GreatestScaleExponent = 60;

    /// <summary>The factor 2^ScaleExponent between a value and its integer.</summary>
    public double Scale => Math.ScaleB(1.0, ScaleExponent);

    internal bool IsValid =>
        Name.Length is >= 1 and <= 32
        && Name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')
        && Length >= 1
        && double.IsFinite(ClipNorm) && ClipNorm > 0
        && ScaleExponent is >= LeastScaleExponent and <= GreatestScaleExponent;
}
