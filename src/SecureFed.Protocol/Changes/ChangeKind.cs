namespace SecureFed.Protocol.Changes;

/// <summary>What may change in a task that exists, with four eyes.</summary>
/// <remarks>
/// Nothing else can: thresholds, cohort bounds, γ, δ_drop, δ, the order of accounting and the noise of a task stay as they were created. Four eyes would allow two people to
/// take from clients what they were promised; a new task with a new identifier makes every client look at its policy again, which is stricter.
/// </remarks>
public enum ChangeKind : byte
{
    /// <summary>The first round may open, in a task whose parameters demand it.</summary>
    Start = 1,

    /// <summary>A greater ε at the same δ and order.</summary>
    RaiseBudget = 2,

    /// <summary>More training rounds.</summary>
    ExtendSchedule = 3,
}
