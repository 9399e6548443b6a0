using System.Globalization;
using SecureFed.Privacy.Accounting;

namespace SecureFed.Privacy.Budget;

/// <summary>The order and the noise of a planned schedule: the least noise with which everything fits the cap.</summary>
/// <remarks>
/// The order is the lowest of those, 2 to 256, at which the first kind needs least noise. At that order each kind gets its share of the cap's units, rounded down, and
/// the least noise multiplier with six significant digits whose cost fits: the same number on every platform, and one that a person can type.
/// Kinds are releases of their own: of different rounds, or with coins of their own. Sums that a round takes over the same sample are segments of one kind.
/// </remarks>
/// <param name="Cap">The budget, at the order that was chosen.</param>
/// <param name="Releases">In the order of the plan; the first one is the main one.</param>
public sealed record NoisePlan(BudgetCap Cap, IReadOnlyList<PlannedNoise> Releases)
{
    /// <summary>Tolerance of the sum of shares; what rounds above 1 is cut off the last kind.</summary>
    private const double ShareTolerance = 1e-9;

    /// <summary>Units of the whole schedule, at most those of the cap.</summary>
    public long Units => Releases.Aggregate(0L, (sum, noise) => ReleaseCost.Sum(sum, ReleaseCost.Product(noise.Units, noise.Release.Count)));

    /// <summary>Plans for (ε, δ).</summary>
    /// <param name="releases">At least one kind; the first one is the main one.</param>
    /// <param name="epsilon">ε in (0, 10⁶].</param>
    /// <param name="delta">δ in (0, 1).</param>
    /// <exception cref="AccountingException">Out of range, or out of reach: the message says what would do.</exception>
    public static NoisePlan For(IReadOnlyList<PlannedRelease> releases, double epsilon, double delta)
    {
        AccountingRange.Epsilon(epsilon);
        AccountingRange.Delta(delta);
        Check(releases);
        List<Allotment> possible = Possible(releases, epsilon, delta);
        if (possible.Count == 0)
            throw OutOfReach(releases, epsilon, delta);

        int least = ShortDecimal.Count - 1;
        foreach (Allotment allotment in CoarseFirst(possible))
        {
            if (least > 0 && allotment.Fits(0, least - 1))
                least = allotment.Least(0, least - 1);
        }

        Allotment chosen = possible.First(allotment => allotment.Fits(0, least));
        return new NoisePlan(new BudgetCap(epsilon, delta, chosen.Order), [.. releases.Select((_, kind) => chosen.Noise(kind))]);
    }

    private static List<Allotment> Possible(IReadOnlyList<PlannedRelease> releases, double epsilon, double delta)
    {
        List<Allotment> possible = [];
        for (int order = BudgetCap.LeastOrder; order <= BudgetCap.GreatestOrder; order++)
        {
            Allotment allotment = new(releases, order, BudgetCap.GreatestUnits(epsilon, delta, order));
            if (Enumerable.Range(0, releases.Count).All(kind => allotment.Fits(kind, ShortDecimal.Count - 1)))
                possible.Add(allotment);
        }

        return possible;
    }

    /// <summary>Every sixteenth order first: the search then starts near its end, and nearly every other order costs one evaluation.</summary>
    private static IEnumerable<Allotment> CoarseFirst(List<Allotment> allotments) => allotments.OrderBy(allotment => allotment.Order % 16 == 0 ? 0 : 1);

    private static void Check(IReadOnlyList<PlannedRelease> releases)
    {
        AccountingRange.Closed("number of kinds of release", releases.Count, 1, 16);
        foreach (PlannedRelease release in releases)
        {
            AccountingRange.Steps(release.Count);
            AccountingRange.Positive($"sampling rate of '{release.Name}'", release.SamplingRate, 1);
            AccountingRange.Positive($"share of '{release.Name}'", release.Share, 1);
        }

        AccountingRange.Closed("sum of the shares", releases.Sum(release => release.Share), 1 - ShareTolerance, 1 + ShareTolerance);
    }

    /// <summary>With the most noise that may be asked for, which ε would do?</summary>
    private static AccountingException OutOfReach(IReadOnlyList<PlannedRelease> releases, double epsilon, double delta)
    {
        double least = double.PositiveInfinity;
        for (int order = BudgetCap.LeastOrder; order <= BudgetCap.GreatestOrder; order++)
        {
            double units = releases.Max(release => release.Count * (ReleaseCost.Units(AccountingRange.GreatestNoiseMultiplier, release.SamplingRate, order) + 1.0) / release.Share);
            least = Math.Min(least, BudgetCap.EpsilonOf((long)Math.Min(units * (1 + ShareTolerance) + releases.Count, 9e18), delta, order));
        }

        return new AccountingException(
            AccountingException.OutOfReach,
            string.Create(
                CultureInfo.InvariantCulture,
                $"No noise brings this schedule down to epsilon {epsilon:G4} at delta {delta:G4}. Ask for epsilon {RoundedUp(least)} or more, for a larger delta, for fewer releases, or give the smallest share more."));
    }

    private static string RoundedUp(double value) => (value * 1.0005).ToString("G4", CultureInfo.InvariantCulture);
}
