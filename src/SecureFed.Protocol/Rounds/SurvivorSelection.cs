using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>Which of the uploads a round sums, so that the cross-round guard holds.</summary>
internal static class SurvivorSelection
{
    /// <summary>
    /// All who uploaded, if the guard allows. Otherwise clients are left out, one after the other and another one first in every round, as long as S_min remain:
    /// a round that loses one client more is worth more than none. Two different sets of equal size differ by two clients at least.
    /// </summary>
    /// <param name="uploaded">Clients, ascending.</param>
    /// <param name="leastSurvivors">S_min of the cohort or leaf.</param>
    /// <param name="released">Survivors of earlier rounds.</param>
    /// <param name="round">The round.</param>
    /// <param name="beside">Survivors of the other leaves if this is the last to list its own: the sum of all leaves is one sum more.</param>
    /// <returns>Ascending; null if no choice of this kind satisfies the guard.</returns>
    public static IReadOnlyList<Identifier>? Choose(IReadOnlyList<Identifier> uploaded, int leastSurvivors, SurvivorHistory released, RoundParameters round, IReadOnlyList<Identifier> beside)
    {
        List<Identifier> chosen = [.. uploaded];
        while (IsTooSimilar())
        {
            if (chosen.Count <= leastSurvivors)
                return null;
            chosen.RemoveAt(round.Number % chosen.Count);
        }

        return chosen;

        bool IsTooSimilar() =>
            released.IsTooSimilar(round.Kind, chosen, round.Cohort.LeastDifference)
            || (beside.Count > 0 && released.IsTooSimilar(round.Kind, [.. beside, .. chosen], round.Cohort.LeastDifference));
    }
}
