using System.Globalization;
using SecureFed.Privacy.Accounting;

namespace SecureFed.Privacy.Budget;

/// <summary>The budget of one data set, over all tasks that ever compute on it.</summary>
/// <remarks>
/// <para>Basic composition: the ε of all tasks add, and so do their δ. That holds when later tasks and their budgets are chosen after seeing earlier results (Rogers,
/// Roth, Ullman and Vadhan 2016, "Privacy odometers and filters: pay-as-you-go composition") and when tasks run at the same time (Haney et al. 2023, arXiv
/// 2309.05901), because every task keeps to a budget that was fixed before it released anything.</para>
/// <para><b>The rest of a stopped task is not given back.</b> When a task stops may depend on what it released, and then its odometer is no (ε, δ) promise; its
/// cap is. Tasks have different orders and δ, too, so the rests could not be added.</para>
/// <para>Sums are exact: decimals, not doubles. Not safe for concurrent use.</para>
/// </remarks>
public sealed class DataSetLedger
{
    /// <summary>Least δ of a task or cap: what a decimal holds.</summary>
    public const double LeastDelta = 1e-28;

    private readonly Dictionary<string, Charge> charges = new(StringComparer.Ordinal);
    private readonly decimal epsilonCap;
    private readonly decimal deltaCap;
    private decimal epsilonSpent;
    private decimal deltaSpent;

    /// <param name="epsilonCap">ε in (0, 10⁶].</param>
    /// <param name="deltaCap">δ in [10⁻²⁸, 1).</param>
    /// <exception cref="AccountingException">Out of range.</exception>
    public DataSetLedger(double epsilonCap, double deltaCap)
    {
        Check(epsilonCap, deltaCap);
        this.epsilonCap = ExactDecimal.Below(epsilonCap);
        this.deltaCap = ExactDecimal.Below(deltaCap);
    }

    /// <summary>ε of all tasks that hold a reservation.</summary>
    public double EpsilonSpent => ExactDecimal.Double(epsilonSpent);

    /// <summary>δ of all tasks that hold a reservation.</summary>
    public double DeltaSpent => ExactDecimal.Double(deltaSpent);

    /// <summary>Sets a task's whole budget aside.</summary>
    /// <param name="taskKey">Names the task; asking again with the same budget changes nothing and succeeds.</param>
    /// <param name="epsilon">The task's ε, in (0, 10⁶].</param>
    /// <param name="delta">The task's δ, in [10⁻²⁸, 1).</param>
    /// <param name="refusal">Why not; null if it fits.</param>
    /// <exception cref="AccountingException">Out of range.</exception>
    /// <exception cref="InvalidOperationException">The task holds a reservation with another budget.</exception>
    public bool TryReserve(string taskKey, double epsilon, double delta, out DataSetRefusal? refusal)
    {
        Check(epsilon, delta);
        refusal = null;
        Charge charge = new(ExactDecimal.Above(epsilon), ExactDecimal.Above(delta), Committed: false);
        if (charges.TryGetValue(taskKey, out Charge? held))
            return held with { Committed = false } == charge ? true : throw Illegal(taskKey, "holds a reservation with another budget");
        if (charge.Epsilon > epsilonCap - epsilonSpent || charge.Delta > deltaCap - deltaSpent)
        {
            refusal = new DataSetRefusal(
                epsilon,
                delta,
                EpsilonSpent,
                DeltaSpent,
                ExactDecimal.Double(Math.Max(0, epsilonCap - epsilonSpent)),
                ExactDecimal.Double(Math.Max(0, deltaCap - deltaSpent)));
            return false;
        }

        Add(taskKey, charge);
        return true;
    }

    /// <summary>Charges a task that was admitted earlier, under whatever caps were in force then: the caps may be exceeded, and then nothing is left.</summary>
    /// <exception cref="AccountingException">Out of range.</exception>
    /// <exception cref="InvalidOperationException">The task holds a reservation.</exception>
    public void Restore(string taskKey, double epsilon, double delta)
    {
        Check(epsilon, delta);
        if (charges.ContainsKey(taskKey))
            throw Illegal(taskKey, "holds a reservation");
        Add(taskKey, new Charge(ExactDecimal.Above(epsilon), ExactDecimal.Above(delta), Committed: false));
    }

    /// <summary>Sets more aside for a task, at the same δ. A task that holds as much already, or more, keeps what it holds.</summary>
    /// <param name="taskKey">Names the task.</param>
    /// <param name="epsilon">The task's whole ε after the raise, in (0, 10⁶].</param>
    /// <param name="refusal">Why not; null if it fits.</param>
    /// <exception cref="AccountingException">Out of range.</exception>
    /// <exception cref="InvalidOperationException">The task holds no reservation.</exception>
    public bool TryRaise(string taskKey, double epsilon, out DataSetRefusal? refusal)
    {
        Charge held = Held(taskKey);
        decimal more = MoreThan(held, epsilon);
        refusal = more <= epsilonCap - epsilonSpent ? null : new DataSetRefusal(
            ExactDecimal.Double(more), 0, EpsilonSpent, DeltaSpent, ExactDecimal.Double(Math.Max(0, epsilonCap - epsilonSpent)), ExactDecimal.Double(Math.Max(0, deltaCap - deltaSpent)));
        if (refusal is null)
            Add(taskKey, held, more);
        return refusal is null;
    }

    /// <summary>The same for a raise that was admitted earlier: the caps may be exceeded, and then nothing is left. A task that holds no reservation (any more) gets none.</summary>
    /// <exception cref="AccountingException">Out of range.</exception>
    public void RestoreRaise(string taskKey, double epsilon)
    {
        if (charges.TryGetValue(taskKey, out Charge? held))
            Add(taskKey, held, MoreThan(held, epsilon));
    }

    /// <summary>The task may have released something: from now on its budget stays spent. Saying so again changes nothing.</summary>
    /// <exception cref="InvalidOperationException">The task holds no reservation.</exception>
    public void Commit(string taskKey) => charges[taskKey] = Held(taskKey) with { Committed = true };

    /// <summary>The task ends without having released anything: its budget is there again.</summary>
    /// <exception cref="InvalidOperationException">The task holds no reservation, or has committed.</exception>
    public void Release(string taskKey)
    {
        Charge held = Held(taskKey);
        if (held.Committed)
            throw Illegal(taskKey, "has released something; its whole budget stays spent");
        charges.Remove(taskKey);
        epsilonSpent -= held.Epsilon;
        deltaSpent -= held.Delta;
    }

    private void Add(string taskKey, Charge charge)
    {
        charges.Add(taskKey, charge);
        epsilonSpent += charge.Epsilon;
        deltaSpent += charge.Delta;
    }

    private void Add(string taskKey, Charge held, decimal more)
    {
        charges[taskKey] = held with { Epsilon = held.Epsilon + more };
        epsilonSpent += more;
    }

    private static decimal MoreThan(Charge held, double epsilon)
    {
        AccountingRange.Epsilon(epsilon);
        return Math.Max(0, ExactDecimal.Above(epsilon) - held.Epsilon);
    }

    private Charge Held(string taskKey) => charges.TryGetValue(taskKey, out Charge? held) ? held : throw Illegal(taskKey, "holds no reservation");

    private static void Check(double epsilon, double delta)
    {
        AccountingRange.Epsilon(epsilon);
        AccountingRange.Delta(delta);
        AccountingRange.Closed("delta", delta, LeastDelta, 1);
    }

    private static InvalidOperationException Illegal(string taskKey, string why) =>
        new(string.Create(CultureInfo.InvariantCulture, $"The data set's ledger cannot take this step: task {taskKey} {why}."));

    private sealed record Charge(decimal Epsilon, decimal Delta, bool Committed);
}
