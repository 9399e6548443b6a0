using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>Which dropout a cohort's thresholds carry.</summary>
internal static class DropoutPlan
{
    /// <summary>A round may fail for lack of survivors at most this often; failed rounds are repeated.</summary>
    private const double GreatestFailureRate = 0.05;

    /// <summary>δ_drop for a dropout probability: the given one if it is enough, else the least that is and still has thresholds; null if none.</summary>
    public static ExactDecimal? ChooseDeltaDrop(int clients, double dropout, ExactDecimal preferred, ExactDecimal gamma, ServerClass serverClass)
    {
        for (int millionths = preferred.Millionths; millionths < 900_000; millionths += 10_000)
        {
            ExactDecimal delta = new(millionths);
            if (BoundsFor(clients, clients, delta, gamma, serverClass).FindInfeasible() is not null)
                continue;
            if (FailureRate(clients, dropout, delta.FloorOfRest(clients)) <= GreatestFailureRate)
                return delta;
        }

        return null;
    }

    /// <summary>Least cohort from which on every size up to <paramref name="clients"/> has thresholds, at least the share that δ_drop leaves.</summary>
    public static int LeastCohort(int clients, ExactDecimal delta, ExactDecimal gamma, ServerClass serverClass)
    {
        int least = clients;
        while (least > Math.Max(2, delta.FloorOfRest(clients)) && BoundsFor(least - 1, clients, delta, gamma, serverClass).FindInfeasible() is null)
            least--;
        return least;
    }

    /// <summary>Greatest dropout in steps of 0.01 that this many clients carry.</summary>
    public static double GreatestDropout(int clients, ExactDecimal gamma, ServerClass serverClass)
    {
        double greatest = 0;
        for (int hundredths = 1; hundredths < 90; hundredths++)
        {
            if (ChooseDeltaDrop(clients, hundredths / 100.0, ExactDecimal.Zero, gamma, serverClass) is not null)
                greatest = hundredths / 100.0;
        }

        return greatest;
    }

    /// <summary>Least number of clients that carries a dropout, up to 1,000; null if none does.</summary>
    public static int? LeastClients(double dropout, ExactDecimal gamma, ServerClass serverClass)
    {
        for (int clients = 3; clients <= 1000; clients += clients < 40 ? 1 : 20)
        {
            if (ChooseDeltaDrop(clients, dropout, ExactDecimal.Zero, gamma, serverClass) is not null)
                return clients;
        }

        return null;
    }

    public static CohortBounds BoundsFor(int least, int greatest, ExactDecimal delta, ExactDecimal gamma, ServerClass serverClass) =>
        new(least, greatest, greatest, 1, gamma, delta, serverClass);

    /// <summary>P[fewer than <paramref name="leastSurvivors"/> of n survive], each dropping independently.</summary>
    internal static double FailureRate(int n, double dropout, int leastSurvivors)
    {
        if (dropout <= 0)
            return 0;
        double failure = 0;
        double logTerm = n * Math.Log(1 - dropout);
        for (int dropped = 0; dropped <= n; dropped++)
        {
            if (n - dropped < leastSurvivors)
                failure += Math.Exp(logTerm);
            logTerm += Math.Log(n - dropped) - Math.Log(dropped + 1) + Math.Log(dropout) - Math.Log(1 - dropout);
        }

        return failure;
    }
}
