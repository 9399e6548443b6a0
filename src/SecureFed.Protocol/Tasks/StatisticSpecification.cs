using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>One question of a statistics task.</summary>
/// <param name="Kind">What is asked.</param>
/// <param name="Columns">Places in the model's features, whose bounds are public: none for the number of rows, two or more for a correlation matrix, else one.</param>
/// <param name="Probability">Of a quantile, in (0, 1); else 0.</param>
/// <param name="Edges">Of a histogram, ascending; else empty.</param>
/// <param name="Domain">Of heavy hitters: the public list of values; else empty.</param>
/// <param name="Threshold">Of heavy hitters: part of the rows from which on a value is frequent; else 0.</param>
public sealed record StatisticSpecification(
    TaskStatisticKind Kind,
    IReadOnlyList<int> Columns,
    double Probability,
    IReadOnlyList<double> Edges,
    IReadOnlyList<string> Domain,
    double Threshold)
{
    /// <summary>Most edges, most values of a list, most columns of a matrix.</summary>
    public const int GreatestList = 4097;

    private const int GreatestValueBytes = 256;

    /// <summary>Whether each round narrows the place of the answer.</summary>
    public bool IsSearch => Kind is TaskStatisticKind.Minimum or TaskStatisticKind.Maximum or TaskStatisticKind.Quantile;

    /// <summary>The bounds of its form. Whether the question makes sense says the learning library, whose vectors follow from it.</summary>
    internal bool IsWellFormed(int columns) =>
        Enum.IsDefined(Kind)
        && Columns.Count <= GreatestList && Columns.All(c => c >= 0 && c < columns)
        && Probability is >= 0 and < 1 && Threshold is >= 0 and <= 1
        && Edges.Count <= GreatestList && Edges.All(double.IsFinite)
        && Domain.Count <= GreatestList && Domain.All(value => Utf8.Fits(value, GreatestValueBytes));

    internal void Write(CanonicalWriter writer) => writer
        .UInt8((byte)Kind)
        .List(Columns, (w, c) => w.Count(c))
        .Double(Probability)
        .List(Edges, (w, e) => w.Double(e))
        .List(Domain, (w, v) => w.Text(v))
        .Double(Threshold);

    internal static StatisticSpecification Read(ref CanonicalReader reader) => new(
        (TaskStatisticKind)reader.UInt8(),
        reader.List(GreatestList, 4, (ref CanonicalReader r) => r.Count(int.MaxValue)),
        reader.Double(),
        reader.List(GreatestList, 8, (ref CanonicalReader r) => r.Double()),
        reader.List(GreatestList, 4, (ref CanonicalReader r) => r.Text(GreatestValueBytes)),
        reader.Double());
}
