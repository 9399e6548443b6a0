using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>Which of the uploads a round sums, so that the cross-round guard holds.</summary>
internal static class SurvivorSelection
{
    /// <summary>
    /// All who uploaded, if the guard allows. Otherwise clients are left out, one after the other and another one first in every round, as long as S_min remain:
    /// a round that loses one client more is worth more than none. Two different sets of equal size differ by two clients at least.
    /// </summary>
    /// <param name="cohort">Cohort or leaf.</param>
    /// <param name="uploaded">Cohort indices, ascending.</param>
    /// <param name="released">Survivors of earlier rounds.</param>
    /// <param name="round">The round.</param>
    /// <param name="beside">Survivors of the other leaves if this is the last to list its own: the sum of all leaves is one sum more.</param>
    /// <returns>Ascending indices; null if no choice of this kind satisfies the guard.</returns>
    public static IReadOnlyList<int>? Choose(MaskingCohort cohort, IReadOnlyList<int> uploaded, SurvivorHistory released, RoundParameters round, IReadOnlyList<Identifier> beside)
    {
        List<int> chosen = [.. uploaded];
        while (IsTooSimilar())
        {
            if (chosen.Count <= cohort.Thresholds.LeastSurvivors)
                return null;
            chosen.RemoveAt(round.Number % chosen.Count);
        }

        return chosen;

        bool IsTooSimilar()
        {
            Identifier[] own = [.. chosen.Select(c => cohort[c])];
            return released.IsTooSimilar(round.Kind, own, round.Cohort.LeastDifference)
                || (beside.Count > 0 && released.IsTooSimilar(round.Kind, [.. beside, .. own], round.Cohort.LeastDifference));
        }
    }
}
