namespace SecureFed.Protocol.Tasks;

/// <summary>Whose presence differential privacy hides: neighbouring worlds differ by adding or removing one unit.</summary>
public enum PrivacyUnit : byte
{
    /// <summary>No noise: sums are exact. Masking still hides every single update.</summary>
    None = 0,

    /// <summary>One participant's whole contribution to every round.</summary>
    Client = 1,

    /// <summary>One row of one participant's data.</summary>
    Record = 2,
}
