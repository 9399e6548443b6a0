namespace SecureFed.Cryptography.Seal;

/// <summary>Why bytes are not taken as a SEAL object. Stable tokens, for machines.</summary>
public static class SealErrorCodes
{
    /// <summary>The bytes end before the object does.</summary>
    public const string Truncated = "seal-truncated";

    /// <summary>Magic, header size or a reserved field is not SEAL's.</summary>
    public const string Header = "seal-header";

    /// <summary>Written by a version that is not 4.x.</summary>
    public const string Version = "seal-version";

    /// <summary>A compression that is unknown, damaged or not available on this platform.</summary>
    public const string Compression = "seal-compression";

    /// <summary>A size that does not fit its content: trailing bytes, a wrong count, a stream that inflates too far.</summary>
    public const string Length = "seal-length";

    /// <summary>Encryption parameters that are not a BFV set this library handles.</summary>
    public const string Parameters = "seal-parameters";

    /// <summary>The object was made under other parameters, or for another level of them.</summary>
    public const string ParametersMismatch = "seal-parameters-mismatch";

    /// <summary>A field of the object has a value that BFV does not know (scale, correction factor, form, components).</summary>
    public const string Metadata = "seal-metadata";

    /// <summary>A coefficient is not below its modulus.</summary>
    public const string CoefficientRange = "seal-coefficient-range";

    /// <summary>The second component is zero: the ciphertext hides nothing.</summary>
    public const string Transparent = "seal-transparent";

    /// <summary>The generator of a seed is unknown or not available on this platform.</summary>
    public const string Generator = "seal-generator";
}
