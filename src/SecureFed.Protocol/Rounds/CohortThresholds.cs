using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>The absolute numbers of one cohort, computed the same way by the server and by every client.</summary>
/// <remarks>
/// DESIGN section 3. Complete graph: k = n − 1. Why these bounds: two lists certified by Q = ⌊(n + c)/2⌋ + 1 members each would share more than c
/// signers, hence an honest one, and an honest client signs one list (Bonawitz et al. 2017, section 6.2). 2t &gt; k + c on the complete graph, so the
/// server cannot collect t shares of both kinds for one client even if every corrupt neighbour gives both.
/// </remarks>
/// <param name="Clients">n.</param>
/// <param name="Corrupt">c: most corrupt clients the server can have placed in the cohort.</param>
/// <param name="Neighbours">k.</param>
/// <param name="Threshold">t: shares that recover a secret.</param>
/// <param name="Quorum">Q: confirmations that certify a survivor list; 0 for a curious server.</param>
/// <param name="LeastSurvivors">S_min.</param>
/// <param name="HonestSurvivors">h = S_min − c, at least 2.</param>
public sealed record CohortThresholds(int Clients, int Corrupt, int Neighbours, int Threshold, int Quorum, int LeastSurvivors, int HonestSurvivors)
{
    /// <summary>The thresholds for n clients, or null with the reason and what would help.</summary>
    public static CohortThresholds? TryDerive(CohortBounds bounds, int n, out string reason)
    {
        int corrupt = Math.Max(
            Math.Max(1, bounds.Gamma.CeilingOf(n)),
            (int)Math.Min(n, (long)bounds.Gamma.CeilingOf(bounds.Organisations) * bounds.OrganisationCap));
        int neighbours = n - 1;
        bool isCurious = bounds.ServerClass == ServerClass.Curious;
        int threshold = isCurious ? neighbours / 2 + 1 : (neighbours + corrupt) / 2 + 1;
        int quorum = isCurious ? 0 : (n + corrupt) / 2 + 1;
        int leastSurvivors = bounds.DeltaDrop.FloorOfRest(n);
        int needed = Math.Max(Math.Max(quorum, corrupt + 2), threshold + 1);
        reason = leastSurvivors >= needed
            ? ""
            : $"With {n} clients, gamma {bounds.Gamma} and delta_drop {bounds.DeltaDrop}, {leastSurvivors} survivors remain but {needed} are needed "
                + $"(corrupt {corrupt}, quorum {quorum}, threshold {threshold}): lower delta_drop, raise the least cohort, or choose the weaker server class curious.";
        return reason.Length > 0
            ? null
            : new CohortThresholds(n, corrupt, neighbours, threshold, quorum, leastSurvivors, leastSurvivors - corrupt);
    }

    internal void Write(CanonicalWriter writer) => writer
        .Count(Corrupt).Count(Neighbours).Count(Threshold).Count(Quorum).Count(LeastSurvivors).Count(HonestSurvivors).Count(Clients);

    internal static CohortThresholds Read(ref CanonicalReader reader)
    {
        int corrupt = reader.Count(ShamirSecretSharing.MaxPoint);
        int neighbours = reader.Count(ShamirSecretSharing.MaxPoint);
        int threshold = reader.Count(ShamirSecretSharing.MaxPoint);
        int quorum = reader.Count(ShamirSecretSharing.MaxPoint);
        int leastSurvivors = reader.Count(ShamirSecretSharing.MaxPoint);
        int honestSurvivors = reader.Count(ShamirSecretSharing.MaxPoint);
        return new CohortThresholds(reader.Count(ShamirSecretSharing.MaxPoint), corrupt, neighbours, threshold, quorum, leastSurvivors, honestSurvivors);
    }
}
