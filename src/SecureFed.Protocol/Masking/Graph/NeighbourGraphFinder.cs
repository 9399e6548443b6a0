namespace SecureFed.Protocol.Masking.Graph;

/// <summary>Degree and Shamir threshold of the sparse neighbour graph.</summary>
/// <param name="Degree">k: even, or n − 1 for the complete graph.</param>
/// <param name="Threshold">t.</param>
public sealed record NeighbourGraphParameters(int Degree, int Threshold);

/// <summary>Finds the least degree of a Harary graph on a random permutation that hides and recovers with the wanted probabilities.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>Bell et al. 2020 (SecAgg+), section 3 and Theorem 3.10; the published finder of DESIGN section 3, whose rows are in golden/secagg-graph.json.</description></item>
/// <item><term>σ</term><description>security: failure 2^-σ. 40 published; production 104 = 40 + 64 bits, because the server can grind the permutation.</description></item>
/// <item><term>η</term><description>correctness: 20, failure 2^-20 for lack of survivors around some client.</description></item>
/// <item><term>Assumes</term><description>the corrupt clients' places are random given the permutation; production bounds all choices of dropouts by 2t &gt; k + f.</description></item>
/// </list>
/// </remarks>
public static class NeighbourGraphFinder
{
    public const int PublishedSigma = 40;
    public const int ProductionSigma = 104;
    private const int Eta = 20;

    /// <summary>No graph for use is denser: a client's work would be that of thousands of peers, and the search quadratic.</summary>
    private const int GreatestDegree = 8192;

    /// <summary>Up to this many clients everyone is everyone's neighbour.</summary>
    public const int GreatestCompleteGraph = 100;

    /// <summary>The published parameters.</summary>
    /// <param name="clients">n; 0 or fewer is infeasible.</param>
    /// <param name="corrupt">γ in [0, 1].</param>
    /// <param name="dropout">δ_drop in [0, 1].</param>
    /// <param name="server">Adversary; <see cref="GraphServer.None"/> takes γ = 0.</param>
    /// <param name="sigma">σ.</param>
    /// <param name="reason">Why there are none.</param>
    public static NeighbourGraphParameters? Find(int clients, decimal corrupt, decimal dropout, GraphServer server, int sigma, out string reason)
    {
        decimal gamma = server == GraphServer.None ? 0 : corrupt;
        bool isSemiMalicious = server == GraphServer.SemiMalicious;
        if (FindInfeasible(clients, gamma, dropout, isSemiMalicious) is { } fault)
        {
            reason = fault;
            return null;
        }

        int corruptClients = (int)decimal.Floor(gamma * clients);
        int survivors = (int)decimal.Ceiling((1 - dropout) * clients);
        int bad = corruptClients + (int)decimal.Floor(dropout * clients);
        Hypergeometric draws = new(clients);
        double hidden = Math.ScaleB(1.0, -(sigma + 1)) / clients;
        double recovered = Math.ScaleB(1.0, -Eta) / clients;
        for (int degree = 2; degree < clients - 1; degree += 2)
        {
            if (!IsConnected(draws, clients, degree, bad, sigma))
                continue;
            int exceeded = draws.LeastExceededBy(corruptClients, degree, hidden);
            if (isSemiMalicious)
                exceeded = (int)Math.Ceiling((exceeded + degree - 1.25) / 2);
            if (exceeded + 1 <= draws.GreatestReached(survivors, degree, recovered))
            {
                reason = "";
                return new NeighbourGraphParameters(degree, Math.Max(exceeded + 1, 2));
            }
        }

        reason = $"No degree below {clients - 1} hides and recovers with these fractions; take more clients or smaller fractions.";
        return null;
    }

    /// <summary>The stricter parameters for use: absolute corrupt count, least survivors, and no choice of dropouts that splits the graph.</summary>
    /// <param name="clients">n.</param>
    /// <param name="corruptClients">c.</param>
    /// <param name="leastSurvivors">S_min.</param>
    /// <param name="isCurious">Server class curious: 2t &gt; k + f is not required.</param>
    /// <param name="sigma">σ, 104 unless for comparison.</param>
    /// <param name="reason">Why there are none.</param>
    public static NeighbourGraphParameters? FindProduction(int clients, int corruptClients, int leastSurvivors, bool isCurious, int sigma, out string reason)
    {
        reason = "";
        if (clients < 3 || corruptClients < 1 || leastSurvivors < corruptClients + 2 || leastSurvivors > clients)
        {
            reason = $"With {clients} clients, {corruptClients} corrupt and {leastSurvivors} survivors fewer than two honest survivors could remain.";
            return null;
        }

        if (clients <= GreatestCompleteGraph)
        {
            int complete = clients - 1;
            int threshold = (isCurious ? Math.Max(complete / 2, corruptClients) : (complete + corruptClients) / 2) + 1; // t > c always.
            if (threshold <= leastSurvivors - 1)
                return new NeighbourGraphParameters(complete, threshold);
            reason = $"The complete graph of {clients} needs {threshold + 1} survivors, {leastSurvivors} remain; lower the dropout or take more clients.";
            return null;
        }

        Hypergeometric draws = new(clients);
        for (int degree = 2; degree < Math.Min(clients - 1, GreatestDegree); degree += 2)
        {
            if (FindThreshold(draws, clients, corruptClients, leastSurvivors, isCurious, sigma, degree) is { } threshold)
                return new NeighbourGraphParameters(degree, threshold);
        }

        reason = $"No degree below {Math.Min(clients - 1, GreatestDegree)} is safe with {corruptClients} corrupt and {leastSurvivors} survivors of {clients}; take more clients or smaller fractions.";
        return null;
    }

    /// <summary>Whether <see cref="FindProduction"/> finds anything, at a fraction of its cost while cohort sizes are tried one after the other.</summary>
    /// <param name="clients">n.</param>
    /// <param name="corruptClients">c.</param>
    /// <param name="leastSurvivors">S_min.</param>
    /// <param name="isCurious">Server class curious.</param>
    /// <param name="sigma">σ.</param>
    /// <param name="degree">A degree that fitted a similar cohort, or 0; replaced by one that fits this cohort.</param>
    internal static bool IsProductionFeasible(int clients, int corruptClients, int leastSurvivors, bool isCurious, int sigma, ref int degree)
    {
        if (clients > GreatestCompleteGraph && leastSurvivors >= corruptClients + 2)
        {
            Hypergeometric draws = new(clients);
            // Rings have even degrees; the complete graph of 100, from which the search may come, has 99.
            for (int near = Math.Max(degree + degree % 2, 2); near <= degree + 64; near += 2)
            {
                if (near < Math.Min(clients - 1, GreatestDegree)
                    && FindThreshold(draws, clients, corruptClients, leastSurvivors, isCurious, sigma, near) is not null)
                {
                    degree = near;
                    return true;
                }
            }
        }

        NeighbourGraphParameters? found = FindProduction(clients, corruptClients, leastSurvivors, isCurious, sigma, out _);
        degree = found?.Degree ?? 0;
        return found is not null;
    }

    /// <summary>f: most corrupt clients that any two disjoint stretches of k/2 consecutive places can hold together, but for a probability of 2^-(σ+1) over all pairs.</summary>
    /// <param name="clients">n.</param>
    /// <param name="corruptClients">c.</param>
    /// <param name="degree">k.</param>
    /// <param name="sigma">σ.</param>
    internal static int GreatestCorruptInGaps(int clients, int corruptClients, int degree, int sigma = ProductionSigma) =>
        GreatestCorruptInGaps(new Hypergeometric(clients), clients, corruptClients, degree, sigma);

    private static int GreatestCorruptInGaps(Hypergeometric draws, int clients, int corruptClients, int degree, int sigma)
    {
        double perCut = Math.Min(1.0 / clients, 2.0 / ((double)clients * (clients - degree - 1)));
        return draws.LeastExceededBy(corruptClients, degree, Math.ScaleB(perCut, -(sigma + 1)));
    }

    /// <summary>t for one degree, or null if the degree does not do.</summary>
    private static int? FindThreshold(Hypergeometric draws, int clients, int corruptClients, int leastSurvivors, bool isCurious, int sigma, int degree)
    {
        if (!IsConnected(draws, clients, degree, corruptClients + clients - leastSurvivors, sigma))
            return null;
        int threshold = isCurious
            ? Math.Max(draws.LeastExceededBy(corruptClients, degree, Math.ScaleB(1.0, -(sigma + 1)) / clients) + 1, 2)
            : (degree + GreatestCorruptInGaps(draws, clients, corruptClients, degree, sigma)) / 2 + 1;
        return threshold <= draws.GreatestReached(leastSurvivors, degree, Math.ScaleB(1.0, -Eta) / clients) ? threshold : null;
    }

    private static string? FindInfeasible(int clients, decimal gamma, decimal dropout, bool isSemiMalicious)
    {
        if (clients <= 0)
            return "A graph needs clients.";
        decimal lost = gamma + (isSemiMalicious ? 2 : 1) * dropout;
        return lost > 0.9m
            ? $"gamma + {(isSemiMalicious ? "2 * " : "")}delta_drop is {lost}, at most 0.9 is feasible."
            : null;
    }

    /// <summary>Union bound over all pairs of gaps that would cut the ring: k consecutive bad places on each side.</summary>
    private static bool IsConnected(Hypergeometric draws, int clients, int degree, int bad, int sigma)
    {
        if (degree > bad)
            return true;
        double logPairs = Math.Log(clients) + Math.Log(clients - degree - 1) - Math.Log(2);
        return logPairs + draws.LogBinomial(clients - degree, bad - degree) - draws.LogBinomial(clients, bad) < -(sigma + 1) * Math.Log(2);
    }
}
