namespace SecureFed.Cryptography.Seal;

/// <summary>The generator that expands a seed; the numbers are SEAL's prng_type.</summary>
public enum SealGenerator
{
    /// <summary>SEAL's default.</summary>
    Blake2xb = 1,

    /// <summary>FIPS 202.</summary>
    Shake256 = 2,
}
