namespace SecureFed.Cryptography.Seal;

/// <summary>How the members of a SEAL object are stored; the numbers are SEAL's compr_mode_type.</summary>
public enum SealCompression
{
    None = 0,

    /// <summary>One stream of RFC 1950.</summary>
    Zlib = 1,

    /// <summary>One frame of RFC 8878. Recognised, but this runtime has no decoder for it.</summary>
    Zstd = 2,
}
