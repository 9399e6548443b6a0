namespace SecureFed.Cryptography.Sampling;

/// <summary>How many samples <see cref="TableScan"/> compares with a table entry at once. The result does not depend on it.</summary>
internal enum ScanWidth
{
    /// <summary>One, in plain words.</summary>
    Word,

    /// <summary>What the platform's <see cref="System.Numerics.Vector{T}"/> holds: four with AVX2, two with Neon.</summary>
    Vector,

    /// <summary>Eight.</summary>
    Vector512,

    /// <summary>Sixteen, one limb of 16 bits after the other: <see cref="LimbScan"/>. Without AVX2, or for a table that is too long for it, as the widest of the others.</summary>
    Limbs,
}
