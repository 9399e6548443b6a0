namespace SecureFed.Cryptography.Seal;

/// <summary>What a SEAL file holds. Files carry no such tag: the kind follows from the layout.</summary>
public enum SealObjectKind
{
    Parameters,
    Plaintext,
    SecretKey,
    Ciphertext,
    PublicKey,
}
