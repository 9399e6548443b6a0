using System.Globalization;

namespace SecureFed.Privacy.Budget;

/// <summary>The budget of one task: a filter that no sequence of rounds can exceed, and an odometer.</summary>
/// <remarks>
/// <para>A round reserves its cost when it opens, before anything leaves a client. From the moment that the request to unmask is logged, its sum counts as seen
/// and the charge is committed for good, also if the round then fails. A round that ended before that is void, and its units are there again.</para>
/// <para>Sound under adaptive choice of every later cost, and of stopping: Rényi filter at the fixed order of the cap (Feldman and Zrnic 2021, Theorem 3.1).</para>
/// <para>Used in a fold over a log: a transition that the log must not contain throws and changes nothing. Not safe for concurrent use.</para>
/// </remarks>
/// <param name="cap">What may be spent, until it is raised.</param>
public sealed class BudgetLedger(BudgetCap cap)
{
    private readonly List<BudgetEntry> entries = [];
    private readonly Dictionary<int, int> places = [];

    /// <summary>What may be spent; only ever raised.</summary>
    public BudgetCap Cap { get; private set; } = cap;

    /// <summary>Units committed.</summary>
    public long Spent { get; private set; }

    /// <summary>Units of open rounds.</summary>
    public long Reserved { get; private set; }

    /// <summary>Units neither committed nor reserved.</summary>
    public long Left => Cap.Units - Spent - Reserved;

    /// <summary>The odometer: ε of what is committed or reserved, at the cap's order and δ.</summary>
    /// <remarks>
    /// A promise if the schedule up to here was fixed in advance. If results decided where to look or to stop, the promise is the cap's ε; the odometer says how
    /// much of it is used.
    /// </remarks>
    public double EpsilonSpent => Cap.EpsilonOf(Spent + Reserved);

    /// <summary>Every charge, in the order of reservation.</summary>
    public IReadOnlyList<BudgetEntry> Entries => entries;

    /// <summary>Why a release of this cost cannot be admitted; null if it can.</summary>
    /// <exception cref="ArgumentOutOfRangeException">units is negative.</exception>
    public BudgetRefusal? FindRefusal(long units)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(units);
        return units <= Left ? null : BudgetRefusal.Of(Cap, units, Spent + Reserved);
    }

    /// <summary>Charges a round that opens.</summary>
    /// <param name="round">A round that has no charge yet, not even a void one.</param>
    /// <param name="units">Its cost; 0 is allowed, also when nothing is left.</param>
    /// <exception cref="InvalidOperationException">The round has a charge, or the cap does not allow it (ask <see cref="FindRefusal"/> first).</exception>
    /// <exception cref="ArgumentOutOfRangeException">units is negative.</exception>
    public void Reserve(int round, long units)
    {
        if (places.ContainsKey(round))
            throw Illegal(round, "already has a charge");
        if (FindRefusal(units) is { } refusal)
            throw Illegal(round, "does not fit. " + refusal.Message);
        places.Add(round, entries.Count);
        entries.Add(new BudgetEntry(round, units, BudgetState.Reserved));
        Reserved += units;
    }

    /// <summary>The round may be seen from now on: its charge stays for good.</summary>
    /// <exception cref="InvalidOperationException">The round is not reserved.</exception>
    public void Commit(int round)
    {
        long units = Close(round, BudgetState.Committed);
        Reserved -= units;
        Spent += units;
    }

    /// <summary>The round ended before anything could be seen: its units are left again.</summary>
    /// <exception cref="InvalidOperationException">The round is not reserved; a committed charge is never given back.</exception>
    public void Void(int round) => Reserved -= Close(round, BudgetState.Void);

    /// <summary>Allows more from now on. What was spent or is reserved stays as it is, in the same units.</summary>
    /// <remarks>
    /// A filter whose cap may rise is the filter of the last cap: what was promised under the first holds only for whoever stopped looking before the raise, so who raises it
    /// decides about all releases of the task together.
    /// </remarks>
    /// <param name="raised">A cap of the same δ and order with a greater ε.</param>
    /// <exception cref="InvalidOperationException">Another δ or order, whose units cannot be added to these; or an ε that is not greater.</exception>
    public void Raise(BudgetCap raised)
    {
        if ((raised.Delta, raised.Order) != (Cap.Delta, Cap.Order) || !(raised.Epsilon > Cap.Epsilon))
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"A cap of epsilon {Cap.Epsilon}, delta {Cap.Delta} and order {Cap.Order} is raised by a greater epsilon at the same delta and order, not to {raised.Epsilon}, {raised.Delta}, {raised.Order}."));
        Cap = raised;
    }

    private long Close(int round, BudgetState state)
    {
        if (!places.TryGetValue(round, out int place))
            throw Illegal(round, "has no charge");
        BudgetEntry entry = entries[place];
        if (entry.State != BudgetState.Reserved)
            throw Illegal(round, entry.State == BudgetState.Committed ? "is committed, which is final" : "is void, which is final");
        entries[place] = entry with { State = state };
        return entry.Units;
    }

    private static InvalidOperationException Illegal(int round, string why) =>
        new(string.Create(CultureInfo.InvariantCulture, $"The privacy ledger cannot take this step: round {round} {why}."));
}
