using System.Globalization;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>What a task promises about its releases, and the noise that keeps the promise. Fixed with the task; every client recomputes it.</summary>
/// <remarks>
/// DESIGN section 5. The task accounts at one order α, chosen when it is created, so that rounds may be repeated and stopped as results suggest
/// (Feldman and Zrnic 2021, Rényi filter). The headline is what the server and c colluding clients see: only the h honest survivors' noise counts.
/// </remarks>
/// <param name="Unit">Whose presence is hidden.</param>
/// <param name="Epsilon">ε of all releases of the task together: a round that would exceed it does not open.</param>
/// <param name="Delta">δ.</param>
/// <param name="Order">α: order of Rényi divergence at which the task accounts, 2 to 256.</param>
/// <param name="SamplingRate">q: probability with which each record enters a training round, drawn secretly inside its client. 1 at client level.</param>
/// <param name="ExpectedRecords">N: public estimate of all clients' records together. Sums are divided by q·N, never by a secret count. 0 at client level.</param>
/// <param name="DataSet">Name under which tasks on the same data share one budget; may be empty.</param>
/// <param name="Releases">Noise and cost of each kind of round in the schedule, kinds ascending.</param>
public sealed record PrivacySpecification(
    PrivacyUnit Unit,
    double Epsilon,
    double Delta,
    int Order,
    double SamplingRate,
    int ExpectedRecords,
    string DataSet,
    IReadOnlyList<ReleaseSpecification> Releases)
{
    public const int GreatestNameBytes = 256;

    /// <summary>Relative slack for another platform's logarithm in the last digits.</summary>
    private const double Tolerance = 1e-9;

    /// <summary>Exact sums.</summary>
    public static PrivacySpecification None { get; } = new(PrivacyUnit.None, 0, 0, 0, 1, 0, "", []);

    public bool HasNoise => Unit != PrivacyUnit.None;

    /// <summary>The budget as the ledger counts it.</summary>
    public BudgetCap ToCap() => new(Epsilon, Delta, Order);

    /// <summary>Noise and cost of a kind of round; null without noise.</summary>
    public ReleaseSpecification? ReleaseOf(RoundKind kind) => Releases.FirstOrDefault(r => r.Kind == kind);

    /// <summary>q of a kind of round: only training rounds are sampled.</summary>
    public double SamplingRateOf(RoundKind kind) => kind == RoundKind.Train ? SamplingRate : 1;

    /// <summary>M of a kind of round, see <see cref="NoiseScale.GreatestRecords"/>.</summary>
    public long GreatestRecordsIn(RoundKind kind) => NoiseScale.GreatestRecords(SamplingRateOf(kind), ExpectedRecords);

    public bool Equals(PrivacySpecification? other) =>
        other is not null
        && (Unit, Epsilon, Delta, Order, SamplingRate, ExpectedRecords, DataSet) == (other.Unit, other.Epsilon, other.Delta, other.Order, other.SamplingRate, other.ExpectedRecords, other.DataSet)
        && Releases.SequenceEqual(other.Releases);

    public override int GetHashCode() => HashCode.Combine(Unit, Epsilon, Delta, Order, SamplingRate, ExpectedRecords, DataSet);

    /// <summary>Null if every stated charge covers its noise and the schedule fits the budget. A client that reads a task believes nothing else.</summary>
    internal string? FindFault(TaskSchedule schedule)
    {
        if (!Enum.IsDefined(Unit))
            return "The privacy unit is none that this version knows.";
        if (!HasNoise)
            return Equals(None) ? null : "A task without noise states no budget.";
        if (!(SamplingRate is > 0 and <= 1) || (Unit == PrivacyUnit.Client && (SamplingRate < 1 || ExpectedRecords != 0)))
            return "The sampling rate lies in (0, 1]. At client level it is 1 and there are no expected records: who can read the log knows who took part.";
        if (Unit == PrivacyUnit.Record && ExpectedRecords < 1)
            return "At record level the task states the public expected number of records of all clients together, at least 1.";
        if (!(Delta is >= DataSetLedger.LeastDelta and < 1))
            return string.Create(CultureInfo.InvariantCulture, $"delta lies in [{DataSetLedger.LeastDelta}, 1).");
        if (Delta > 1.000001 * DeltaChoice.For(Math.Max(1, ExpectedRecords)))
            return "Delta is at most 10^-5 and at most N^-1.1 of the expected records, rounded down to one digit: leave it out for that.";
        if (DataSet.Length > 0 && !Utf8.Fits(DataSet, GreatestNameBytes))
            return $"The name of a data set has at most {GreatestNameBytes} bytes.";
        if (!Releases.Select(r => r.Kind).SequenceEqual(schedule.Kinds))
            return "The task needs noise for each kind of round in its schedule, in ascending order of kind.";
        try
        {
            return FindChargeFault(schedule);
        }
        catch (AccountingException exception)
        {
            return exception.Message;
        }
    }

    private string? FindChargeFault(TaskSchedule schedule)
    {
        BudgetCap cap = ToCap();
        Int128 planned = 0;
        foreach (ReleaseSpecification release in Releases)
        {
            long cost = ReleaseCost.Units(release.NoiseMultiplier, SamplingRateOf(release.Kind), Order);
            if (release.Charge < cost * (1 - Tolerance) - 1)
                return $"A {release.Kind} round with this noise costs {cost} units, but the task charges {release.Charge}.";
            planned += (Int128)release.Charge * schedule.CountOf(release.Kind);
        }

        return planned <= cap.Units
            ? null
            : $"The schedule needs {planned} units of the budget's {cap.Units}. More noise, fewer rounds or a larger epsilon would do.";
    }

    internal void Write(CanonicalWriter writer)
    {
        writer.UInt8((byte)Unit);
        if (HasNoise)
        {
            writer.Double(Epsilon).Double(Delta).Count(Order).Double(SamplingRate).Count(ExpectedRecords).Text(DataSet)
                .List(Releases, (w, r) => r.Write(w));
        }
    }

    internal static PrivacySpecification Read(ref CanonicalReader reader)
    {
        PrivacyUnit unit = (PrivacyUnit)reader.UInt8();
        if (unit == PrivacyUnit.None)
            return None;
        reader.Require(Enum.IsDefined(unit));
        return new PrivacySpecification(
            unit,
            reader.Double(),
            reader.Double(),
            reader.Count(1 << 16),
            reader.Double(),
            reader.Count(int.MaxValue),
            reader.Text(GreatestNameBytes),
            reader.List(3, 1 + 8 + 8, ReleaseSpecification.Read));
    }
}
