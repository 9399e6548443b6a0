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
/// <param name="TreeLeaves">
/// L: training rounds of an epoch, each of which releases one node of the epoch's tree (<see cref="TreeAggregationAccountant"/>); 0 = every round releases a sum of its own. Record level,
/// q = 1. Record number i of a client is in leaf i mod L + 1, whatever the other records are: neighbours differ by one record <i>emptied in its place</i>, not by one taken out of the row.
/// </param>
public sealed record PrivacySpecification(
    PrivacyUnit Unit,
    double Epsilon,
    double Delta,
    int Order,
    double SamplingRate,
    int ExpectedRecords,
    string DataSet,
    IReadOnlyList<ReleaseSpecification> Releases,
    int TreeLeaves = 0)
{
    /// <summary>L, at most.</summary>
    public const int GreatestTreeLeaves = 1 << 16;

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

    /// <summary>Whether training rounds release the nodes of a tree.</summary>
    public bool IsTree => TreeLeaves > 0;

    /// <summary>The node that a round releases, 1 to L; 0 if it is none of a tree.</summary>
    /// <param name="kind">Kind of round.</param>
    /// <param name="completedTrainRounds">Training rounds behind the model of the round.</param>
    public int NodeOf(RoundKind kind, int completedTrainRounds) => IsTree && kind == RoundKind.Train ? completedTrainRounds % TreeLeaves + 1 : 0;

    /// <summary>Noise and reservation of a round; null if sums are exact.</summary>
    /// <param name="kind">Kind of round.</param>
    /// <param name="node"><see cref="NodeOf"/>.</param>
    /// <param name="isReleased">Whether a round for this node was committed before.</param>
    public RoundNoise? NoiseOf(RoundKind kind, int node, bool isReleased)
    {
        if (ReleaseOf(kind) is not { } release)
            return null;
        return new RoundNoise(release.NoiseMultiplier, node == 0 ? release.Charge : TreeAggregationAccountant.UnitsOfRound(node, isReleased, release.Charge));
    }

    /// <summary>M of a kind of round, see <see cref="NoiseScale.GreatestRecords"/>. With a tree q is 1, and a node may hold all the records that a round could.</summary>
    public long GreatestRecordsIn(RoundKind kind) => NoiseScale.GreatestRecords(SamplingRateOf(kind), ExpectedRecords);

    public bool Equals(PrivacySpecification? other) =>
        other is not null
        && (Unit, Epsilon, Delta, Order, SamplingRate, ExpectedRecords, DataSet, TreeLeaves) == (other.Unit, other.Epsilon, other.Delta, other.Order, other.SamplingRate, other.ExpectedRecords, other.DataSet, other.TreeLeaves)
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
        if (FindTreeFault(schedule) is { } fault)
            return fault;
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

    private string? FindTreeFault(TaskSchedule schedule)
    {
        if (TreeLeaves == 0)
            return null;
        if (Unit != PrivacyUnit.Record || SamplingRate < 1)
            return "Tree aggregation protects single records and does without sampling: unit record, sampling rate 1.";
        return TreeLeaves is >= 1 and <= GreatestTreeLeaves && schedule.TrainRounds % TreeLeaves == 0
            ? null
            : $"A tree has 1 to {GreatestTreeLeaves} leaves, and the training rounds are whole epochs of that many rounds.";
    }

    /// <summary>How many releases of a kind one unit is in.</summary>
    private int ReleasesPerUnit(RoundKind kind, TaskSchedule schedule) => IsTree && kind == RoundKind.Train
        ? TreeAggregationAccountant.ReleasesPerRecord(TreeLeaves, schedule.TrainRounds / TreeLeaves)
        : schedule.CountOf(kind);

    private string? FindChargeFault(TaskSchedule schedule)
    {
        BudgetCap cap = ToCap();
        Int128 planned = 0;
        foreach (ReleaseSpecification release in Releases)
        {
            long cost = ReleaseCost.Units(release.NoiseMultiplier, SamplingRateOf(release.Kind), Order);
            if (release.Charge < cost * (1 - Tolerance) - 1)
                return $"A {release.Kind} round with this noise costs {cost} units, but the task charges {release.Charge}.";
            planned += (Int128)release.Charge * ReleasesPerUnit(release.Kind, schedule);
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
            writer.Double(Epsilon).Double(Delta).Count(Order).Double(SamplingRate).Count(ExpectedRecords).Text(DataSet).Count(TreeLeaves)
                .List(Releases, (w, r) => r.Write(w));
        }
    }

    internal static PrivacySpecification Read(ref CanonicalReader reader)
    {
        PrivacyUnit unit = (PrivacyUnit)reader.UInt8();
        if (unit == PrivacyUnit.None)
            return None;
        reader.Require(Enum.IsDefined(unit));
        double epsilon = reader.Double();
        double delta = reader.Double();
        int order = reader.Count(1 << 16);
        double samplingRate = reader.Double();
        int expectedRecords = reader.Count(int.MaxValue);
        string dataSet = reader.Text(GreatestNameBytes);
        int treeLeaves = reader.Count(GreatestTreeLeaves);
        return new PrivacySpecification(unit, epsilon, delta, order, samplingRate, expectedRecords, dataSet, reader.List(4, 1 + 8 + 8, ReleaseSpecification.Read), treeLeaves);
    }
}
