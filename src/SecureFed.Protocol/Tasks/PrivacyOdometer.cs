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
            new PrivacyViews(ledger.EpsilonSpent, Math.Min(ledger.EpsilonSpent, ModelReaderEpsilon(state.Parameters, charges))),
            [.. privacy.Releases.Select(r => new ReleaseView(r.Kind, r.NoiseMultiplier, privacy.SamplingRateOf(r.Kind), r.Charge))],
            charges,
            state.HasOpenRound || state.Parameters.Schedule.KindAfter(state.CompletedRounds) is not { } next ? null : ledger.FindRefusal(state.NoiseOfNext(next)!.Charge)?.Message);
    }

    /// <summary>The same charges with the noise of S_min survivors in place of h: who colludes with nobody knows none of the shares.</summary>
    private static double ModelReaderEpsilon(TaskParameters task, IEnumerable<ChargeView> charges)
    {
        PrivacySpecification privacy = task.Privacy;
        double moreNoise = Math.Sqrt(CohortThresholds.LeastSurvivorsPerHonest(task.Cohort));
        long units = 0;
        foreach (ChargeView charge in charges.Where(c => c.State != BudgetState.Void))
        {
            ReleaseSpecification release = privacy.ReleaseOf(charge.Kind)!;
            units = checked(units + Math.Min(charge.Units, ReleaseCost.Units(release.NoiseMultiplier * moreNoise, privacy.SamplingRateOf(charge.Kind), privacy.Order)));
        }

        return privacy.ToCap().EpsilonOf(units);
    }
}
