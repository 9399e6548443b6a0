namespace SecureFed.Privacy.Auditing;

/// <summary>Whose presence is to stay hidden.</summary>
public enum AuditedUnit
{
    /// <summary>One participant's whole contribution. Sampling never amplifies.</summary>
    Client,

    /// <summary>One row, joining each round by its own coin.</summary>
    Record,
}
