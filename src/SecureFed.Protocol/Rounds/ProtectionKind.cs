namespace SecureFed.Protocol.Rounds;

/// <summary>How updates are hidden from the server that sums them.</summary>
public enum ProtectionKind : byte
{
    /// <summary>Pairwise masks that cancel in the sum.</summary>
    Masking = 1,

    /// <summary>BFV under one-time keys, of which key holders reveal the sum.</summary>
    Encryption = 2,

    /// <summary>BFV under one key of one holder, as Microsoft SEAL has it: against a curious server only, and only while every client encrypts honestly.</summary>
    EncryptionSingleKey = 3,
}
