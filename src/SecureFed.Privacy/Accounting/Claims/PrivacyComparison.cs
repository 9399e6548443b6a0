namespace SecureFed.Privacy.Accounting.Claims;

/// <summary>What is claimed, and what other accountants say of the same schedule.</summary>
/// <param name="Claim">The ε that counts.</param>
/// <param name="FractionalReference">Continuous Gaussian, fractional orders: reference only.</param>
/// <param name="LossReference">Continuous Gaussian, privacy-loss distribution: reference only.</param>
/// <param name="Findings">Where two of them lie further apart than they should; empty if nowhere.</param>
public sealed record PrivacyComparison(PrivacyBound Claim, PrivacyBound FractionalReference, PrivacyBound LossReference, IReadOnlyList<string> Findings);
