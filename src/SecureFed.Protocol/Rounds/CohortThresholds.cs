using System.Numerics;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>The absolute numbers of one cohort, computed the same way by the server and by every client.</summary>
/// <remarks>
/// DESIGN section 3. Up to 100 clients the graph is complete, k = n − 1; above, k and t come from <see cref="NeighbourGraphFinder.FindProduction"/>. Why these
/// bounds: two lists certified by Q = ⌊(n + c)/2⌋ + 1 members each would share more than c signers, hence an honest one, and an honest client signs one list
/// (Bonawitz et al. 2017, section 6.2). 2t &gt; k + f, at most f of a client's neighbours corrupt (f = c on the complete graph), so the server cannot collect t
/// shares of both kinds for one client even if every corrupt neighbour gives both.
/// </remarks>
/// <param name="Clients">n: clients of the cohort, or of the leaf in a round with leaves.</param>
/// <param name="Corrupt">c: most corrupt clients the server can have placed in the cohort.</param>
/// <param name="Neighbours">k.</param>
/// <param name="Threshold">t: shares that recover a secret.</param>
/// <param name="Quorum">Q: confirmations that certify a survivor list; 0 for a curious server.</param>
/// <param name="LeastSurvivors">S_min.</param>
/// <param name="HonestSurvivors">h = S_min − c, at least 2.</param>
public sealed record CohortThresholds(int Clients, int Corrupt, int Neighbours, int Threshold, int Quorum, int LeastSurvivors, int HonestSurvivors)
{
    /// <summary>The thresholds of a round of n clients (of its first leaf, if it has leaves), or null with the reason and what would help. No leaf may be without.</summary>
    public static CohortThresholds? TryDerive(CohortBounds bounds, int n, out string reason)
    {
        CohortThresholds? first = TryDerive(bounds, n, n / bounds.Leaves, out reason);
        return first is not null && n % bounds.Leaves > 0 && TryDerive(bounds, n, n / bounds.Leaves + 1, out reason) is null ? null : first;
    }

    /// <summary>The thresholds of one leaf.</summary>
    /// <param name="bounds">Bounds of the whole round.</param>
    /// <param name="n">Clients of the whole round.</param>
    /// <param name="size">Clients of the leaf; n if there is but one.</param>
    /// <param name="reason">Why there are none.</param>
    public static CohortThresholds? TryDerive(CohortBounds bounds, int n, int size, out string reason)
    {
        int corrupt = CorruptIn(bounds, n, size);
        int quorum = QuorumOf(bounds, size, corrupt);
        int leastSurvivors = bounds.DeltaDrop.FloorOfRest(size);
        int needed = Math.Max(quorum, corrupt + 2);
        reason = leastSurvivors >= needed ? "" : $"{leastSurvivors} survivors remain but {needed} are needed (corrupt {corrupt}, quorum {quorum})";
        NeighbourGraphParameters? graph = reason.Length > 0
            ? null
            : NeighbourGraphFinder.FindProduction(size, corrupt, leastSurvivors, bounds.ServerClass == ServerClass.Curious, SigmaOf(bounds), out reason);
        if (graph is not null)
            return new CohortThresholds(size, corrupt, graph.Degree, graph.Threshold, quorum, leastSurvivors, leastSurvivors - corrupt);
        reason = $"With {n} clients{(size == n ? "" : $" in leaves of {size}")}, gamma {bounds.Gamma} and delta_drop {bounds.DeltaDrop}: {reason.TrimEnd('.')}. "
            + "Lower delta_drop, raise the least cohort, or choose the weaker server class curious.";
        return null;
    }

    /// <summary>The thresholds of an encrypted round of n invited clients: c, S_min and h. Clients have neither neighbours nor a quorum; t_h and f of the key holders stand in the task.</summary>
    public static CohortThresholds? TryDeriveEncrypted(CohortBounds bounds, int n, out string reason)
    {
        int corrupt = CorruptIn(bounds, n, n);
        int leastSurvivors = bounds.DeltaDrop.FloorOfRest(n);
        reason = leastSurvivors >= corrupt + 2
            ? ""
            : $"With {n} clients, gamma {bounds.Gamma} and delta_drop {bounds.DeltaDrop}: {leastSurvivors} survivors remain but {corrupt + 2} are needed ({corrupt} may be corrupt). Lower delta_drop or raise the least cohort.";
        return reason.Length == 0 ? new CohortThresholds(n, corrupt, 0, 0, 0, leastSurvivors, leastSurvivors - corrupt) : null;
    }

    /// <summary>Whether <see cref="TryDerive(CohortBounds, int, int, out string)"/> gives thresholds, cheaper when sizes are tried one after the other.</summary>
    internal static bool IsFeasible(CohortBounds bounds, int n, int size, ref int degree)
    {
        int corrupt = CorruptIn(bounds, n, size);
        int leastSurvivors = bounds.DeltaDrop.FloorOfRest(size);
        return leastSurvivors >= Math.Max(QuorumOf(bounds, size, corrupt), corrupt + 2)
            && NeighbourGraphFinder.IsProductionFeasible(size, corrupt, leastSurvivors, bounds.ServerClass == ServerClass.Curious, SigmaOf(bounds), ref degree);
    }

    /// <summary>The most that the noise of all clients together exceeds the honest survivors': n/h, leaves added up, over all cohort sizes within the bounds.</summary>
    internal static double GreatestClientsPerHonest(CohortBounds bounds)
    {
        double greatest = 1;
        for (int n = bounds.Least; n <= bounds.Greatest; n++)
        {
            int larger = n % bounds.Leaves;
            double all = (bounds.Leaves - larger) * PerHonest(n, n / bounds.Leaves) + (larger == 0 ? 0 : larger * PerHonest(n, n / bounds.Leaves + 1));
            greatest = Math.Max(greatest, all);
        }

        return greatest;

        double PerHonest(int n, int size) => (double)size / Math.Max(1, HonestIn(bounds, n, size));
    }

    /// <summary>The least (S_min − 1)/h, or 1, over all sizes of a cohort or leaf within the bounds: who reads the models may be a client and know its own share.</summary>
    internal static double LeastUnknownPerHonest(CohortBounds bounds)
    {
        double least = double.PositiveInfinity;
        for (int n = bounds.Least; n <= bounds.Greatest; n++)
        {
            for (int size = n / bounds.Leaves; size <= (n + bounds.Leaves - 1) / bounds.Leaves; size++)
                least = Math.Min(least, Math.Max(1, (bounds.DeltaDrop.FloorOfRest(size) - 1.0) / Math.Max(1, HonestIn(bounds, n, size))));
        }

        return least;
    }

    /// <summary>h of a leaf of that size in a round of n clients.</summary>
    internal static int HonestIn(CohortBounds bounds, int n, int size) => bounds.DeltaDrop.FloorOfRest(size) - CorruptIn(bounds, n, size);

    private static int QuorumOf(CohortBounds bounds, int size, int corrupt) =>
        bounds.ServerClass == ServerClass.Curious ? 0 : (size + corrupt) / 2 + 1;

    /// <summary>c: by fraction and by organisation; in a leaf the worst that the permutation deals to any leaf, but for 2^-105.</summary>
    private static int CorruptIn(CohortBounds bounds, int n, int size)
    {
        int corrupt = Math.Max(
            Math.Max(1, bounds.Gamma.CeilingOf(n)),
            (int)Math.Min(n, (long)Math.Max(1, bounds.Gamma.CeilingOf(bounds.Organisations)) * bounds.OrganisationCap)); // One organisation at least, with all it may send.
        if (bounds.Leaves == 1)
            return corrupt;
        return Math.Max(1, new Hypergeometric(n).LeastExceededBy(corrupt, size, Math.ScaleB(1.0, -(SigmaOf(bounds) + 1))));
    }

    /// <summary>σ of one leaf: all leaves together fail as seldom as one cohort would.</summary>
    private static int SigmaOf(CohortBounds bounds) => NeighbourGraphFinder.ProductionSigma + BitOperations.Log2((uint)(2 * bounds.Leaves - 1));

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
