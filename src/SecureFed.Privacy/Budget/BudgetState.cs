namespace SecureFed.Privacy.Budget;

/// <summary>What became of a charge: Reserved → Committed, or Reserved → Void.</summary>
public enum BudgetState
{
    /// <summary>The round is open. Counts as spent for admission.</summary>
    Reserved,

    /// <summary>The round may have released its sum. Never given back.</summary>
    Committed,

    /// <summary>The round ended before anything could be seen. Given back.</summary>
    Void,
}
