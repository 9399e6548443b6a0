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
        PrivacySpecification privacy = state.Parameters.Privacy;
        if (state.Budget is not { } ledger)
            return null;
        ChargeView[] charges = [.. ledger.Entries.Select(e => new ChargeView(e.Round, state.KindOf(e.Round), e.Units, e.State))];
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
            new PrivacyViews(ledger.EpsilonSpent, Math.Min(ledger.EpsilonSpent, ModelReaderEpsilon(state, charges))),
            [.. privacy.Releases.Select(r => new ReleaseView(r.Kind, r.NoiseMultiplier, privacy.SamplingRateOf(r.Kind), r.Charge))],
            charges,
            state.HasOpenRound || state.Parameters.Schedule.KindAfter(state.CompletedRounds) is not { } next ? null : ledger.FindRefusal(state.NoiseOfNext(next)!.Charge)?.Message);
    }

    /// <summary>The same charges with the noise of S_min − 1 survivors in place of h: who colludes with nobody knows no share but its own.</summary>
    private static double ModelReaderEpsilon(TaskState state, IEnumerable<ChargeView> charges)
    {
        PrivacySpecification privacy = state.Parameters.Privacy;
        long units = 0;
        foreach (IGrouping<RoundKind, ChargeView> kind in charges.Where(c => c.State != BudgetState.Void).GroupBy(c => c.Kind))
        {
            ReleaseSpecification release = privacy.ReleaseOf(kind.Key)!;
            long cost = ReleaseCost.Units(release.NoiseMultiplier * Math.Sqrt(state.UnknownPerHonest), privacy.SamplingRateOf(kind.Key), privacy.Order);
            units = checked(units + kind.Sum(c => Math.Min(c.Units, cost)));
        }

        return privacy.ToCap().EpsilonOf(units);
    }
}
