using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;

namespace SecureFed.Protocol.Tasks;

/// <summary>What a task has spent so far, in the terms of its readers. Computed from parameters and entries alone.</summary>
public static class PrivacyOdometer
{
    /// <summary>The budget of a task; null if its sums are exact.</summary>
    public static BudgetView? Read(TaskState state)
    {
        if (state.Budget is not { } ledger)
            return null;
        RoundKind? next = state.HasOpenRound ? null : state.NextKind;
        return Read(state.InForce, ledger, state.KindOf, state.UnknownPerHonest, next is { } kind ? state.NoiseOfNext(kind) : null);
    }

    /// <summary>The same for whoever has folded parameters and charges in another way.</summary>
    /// <param name="parameters">The task's with its approved changes, with noise.</param>
    /// <param name="ledger">Its charges.</param>
    /// <param name="kindOf">Kind of a round that has a charge.</param>
    /// <param name="unknownPerHonest">(S_min − 1)/h or 1, the least over all cohort sizes.</param>
    /// <param name="next">What the next round would reserve; null if none follows or one is in progress.</param>
    internal static BudgetView Read(TaskParameters parameters, BudgetLedger ledger, Func<int, RoundKind> kindOf, double unknownPerHonest, RoundNoise? next)
    {
        PrivacySpecification privacy = parameters.Privacy;
        ChargeView[] charges = [.. ledger.Entries.Select(e => new ChargeView(e.Round, kindOf(e.Round), e.Units, e.State))];
        return new BudgetView(
            privacy.Unit,
            privacy.DataSet,
            privacy.Epsilon,
            privacy.Delta,
            privacy.Order,
            ledger.Cap.Units,
            ledger.Spent,
            ledger.Reserved,
            ledger.Left,
            ledger.EpsilonSpent,
            new PrivacyViews(ledger.EpsilonSpent, Math.Min(ledger.EpsilonSpent, ModelReaderEpsilon(privacy, charges, unknownPerHonest))),
            [.. privacy.Releases.Select(r => new ReleaseView(r.Kind, r.NoiseMultiplier, privacy.SamplingRateOf(r.Kind), r.Charge))],
            charges,
            next is null ? null : ledger.FindRefusal(next.Charge)?.Message);
    }

    /// <summary>The same charges with the noise of S_min − 1 survivors in place of h: who colludes with nobody knows no share but its own.</summary>
    private static double ModelReaderEpsilon(PrivacySpecification privacy, IEnumerable<ChargeView> charges, double unknownPerHonest)
    {
        long units = 0;
        foreach (IGrouping<RoundKind, ChargeView> kind in charges.Where(c => c.State != BudgetState.Void).GroupBy(c => c.Kind))
        {
            ReleaseSpecification release = privacy.ReleaseOf(kind.Key)!;
            long cost = ReleaseCost.Units(release.NoiseMultiplier * Math.Sqrt(unknownPerHonest), privacy.SamplingRateOf(kind.Key), privacy.Order);
            units = checked(units + kind.Sum(c => Math.Min(c.Units, cost)));
        }

        return privacy.ToCap().EpsilonOf(units);
    }
}
