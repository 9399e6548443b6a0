namespace SecureFed.Privacy.Accounting;

/// <summary>An ε that holds at the δ it was asked for.</summary>
/// <param name="Epsilon">ε &gt;= 0, rounded up.</param>
/// <param name="Order">The Rényi order that gave it; null if the accountant has none.</param>
public readonly record struct PrivacyBound(double Epsilon, double? Order);
