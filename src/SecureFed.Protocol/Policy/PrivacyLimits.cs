using System.Globalization;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Policy;

/// <summary>How much privacy loss a client accepts. Its own ledger enforces the totals, whatever the server says.</summary>
/// <param name="GreatestEpsilon">Largest ε of one task with what failed rounds may add (see <paramref name="FailureAllowance"/>). Raising it lets one task tell more.</param>
/// <param name="GreatestDelta">Largest δ of one task.</param>
/// <param name="LeastNoiseMultiplier">Smallest z of any release.</param>
/// <param name="ClientTotalEpsilon">Largest sum of the ε of all tasks with unit client on one data set.</param>
/// <param name="RecordTotalEpsilon">The same for unit record. The two are never added up: they promise different things.</param>
/// <param name="TotalDelta">Largest sum of the δ of all tasks of one unit on one data set.</param>
/// <param name="FailureAllowance">
/// By which fraction a task may exceed its ε in the client's own ledger, 0 to 1. The client charges every round whose update has left; the server's budget leaves out
/// those that it ended before asking for any share, which no client can be sure of.
/// </param>
public sealed record PrivacyLimits(
    decimal GreatestEpsilon,
    decimal GreatestDelta,
    decimal LeastNoiseMultiplier,
    decimal ClientTotalEpsilon,
    decimal RecordTotalEpsilon,
    decimal TotalDelta,
    decimal FailureAllowance)
{
    /// <summary>ε 10 and δ 10⁻⁵ for one task (8 and a quarter more), twice that for all together.</summary>
    public static PrivacyLimits Default { get; } = new(10, 0.00001m, 0, 20, 20, 0.00002m, 0.25m);

    /// <summary>The most that a task can cost this client's data, in decimals as policies are written: 1.06 and a quarter more is 1.325.</summary>
    public decimal LimitFor(PrivacySpecification privacy) => (decimal)privacy.Epsilon * (1 + FailureAllowance);

    /// <summary>Largest sum of ε for a unit.</summary>
    public decimal TotalEpsilonOf(PrivacyUnit unit) => unit == PrivacyUnit.Record ? RecordTotalEpsilon : ClientTotalEpsilon;

    /// <summary>Null if a task's promise is within the limits; otherwise what exceeds them.</summary>
    internal string? FindViolation(PrivacySpecification privacy)
    {
        if (!privacy.HasNoise)
            return null;
        if (LimitFor(privacy) > GreatestEpsilon || privacy.Delta > (double)GreatestDelta)
            return string.Create(CultureInfo.InvariantCulture, $"the task's privacy budget is epsilon {privacy.Epsilon} ({LimitFor(privacy)} with failed rounds) and delta {privacy.Delta}, the policy allows {GreatestEpsilon} and {GreatestDelta}");
        double least = privacy.Releases.Min(r => r.NoiseMultiplier);
        return least < (double)LeastNoiseMultiplier
            ? string.Create(CultureInfo.InvariantCulture, $"the task's noise multiplier is {least}, the policy demands {LeastNoiseMultiplier}")
            : null;
    }
}
