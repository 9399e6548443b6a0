namespace SecureFed.Protocol.Rounds;

/// <summary>How updates are hidden from the server. Encryption plugs in behind the same seam later.</summary>
public enum ProtectionKind : byte
{
    Masking = 1,
}
