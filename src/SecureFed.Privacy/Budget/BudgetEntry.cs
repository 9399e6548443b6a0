namespace SecureFed.Privacy.Budget;

/// <summary>The charge of one round.</summary>
/// <param name="Round">The round's number in its task.</param>
/// <param name="Units">Units of <see cref="BudgetCap"/>, &gt;= 0.</param>
/// <param name="State">What became of it.</param>
public sealed record BudgetEntry(int Round, long Units, BudgetState State);
