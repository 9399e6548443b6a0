namespace SecureFed.Privacy.Auditing;

/// <summary>What an audit found.</summary>
/// <remarks>
/// Of a pipeline that keeps its claim, each lower bound exceeds it with probability at most 1 − confidence, so the audit fails with at most twice that. An
/// audit that passes has found no leak of the kinds it looks for; it proves nothing more.
/// </remarks>
/// <param name="Plan">What was claimed and asked.</param>
/// <param name="Distinguishing">Many runs with and without one canary.</param>
/// <param name="OneRun">One run with many canaries.</param>
/// <param name="NormHolds">Whether the noise suits the longest integer vector that came out of rounding: exact, no statistics.</param>
public sealed record AuditReport(AuditPlan Plan, DistinguishingFinding Distinguishing, OneRunFinding OneRun, bool NormHolds)
{
    public bool Passed => NormHolds && Distinguishing.EpsilonLower <= Plan.Epsilon && OneRun.EpsilonLower <= Plan.Epsilon;
}

/// <param name="EpsilonLower">Lower bound on ε at the claim's δ.</param>
/// <param name="Confidence">Of that bound.</param>
/// <param name="Trials">Runs with the canary, and as many without.</param>
public sealed record DistinguishingFinding(double EpsilonLower, double Confidence, int Trials);

/// <param name="EpsilonLower">Lower bound on ε at the claim's δ.</param>
/// <param name="Confidence">Of that bound.</param>
/// <param name="Canaries">m, each included by a fair coin.</param>
/// <param name="Guesses">r: guesses that the bound rests on.</param>
/// <param name="Correct">v: right ones.</param>
public sealed record OneRunFinding(double EpsilonLower, double Confidence, int Canaries, int Guesses, int Correct);
