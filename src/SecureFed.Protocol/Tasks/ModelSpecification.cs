using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>One input of the model with the public bounds of its values.</summary>
/// <param name="Name">Column name, 1 to 256 bytes.</param>
/// <param name="LowerBound">Public least value; values below are clamped in the standardisation round.</param>
/// <param name="UpperBound">Public greatest value.</param>
public sealed record FeatureSpecification(string Name, double LowerBound, double UpperBound);

/// <summary>The model of a task.</summary>
/// <param name="Kind">What the vector means.</param>
/// <param name="Length">Length of the global vector: features + 1 (intercept last) for linear and logistic models, the numbers of the result for statistics, those of all trees, else the weights and biases of all layers.</param>
/// <param name="Features">Empty for <see cref="TaskModelKind.Vector"/>.</param>
/// <param name="Label">The label column with its public bounds; null for a vector.</param>
/// <param name="L2Penalty">λ of ½λ‖w‖² on the summed loss over all rows; biases and intercept free.</param>
/// <param name="Classes">Names of the classes in ascending ordinal order, 2 to 1000; empty for models without.</param>
/// <param name="Hidden">Widths of the hidden layers of a network, one or two of 1 to 4096; empty for other models.</param>
/// <param name="Activation">Of a network.</param>
/// <param name="Output">Of a network.</param>
/// <param name="Statistics">The questions of a statistics task, whose columns are the features; null for any other.</param>
/// <param name="Trees">Of kind <see cref="TaskModelKind.Trees"/>, else null.</param>
public sealed record ModelSpecification(
    TaskModelKind Kind,
    int Length,
    IReadOnlyList<FeatureSpecification> Features,
    FeatureSpecification? Label,
    double L2Penalty,
    IReadOnlyList<string>? Classes = null,
    IReadOnlyList<int>? Hidden = null,
    NetworkActivation Activation = NetworkActivation.None,
    NetworkOutput Output = NetworkOutput.None,
    StatisticsSpecification? Statistics = null,
    TreeSpecification? Trees = null)
{
    private const int GreatestLength = 1 << 25;
    private const int GreatestNameBytes = 256;
    private const int TreeBytes = (3 * 4) + (2 * 8) + 3;

    // Ranges and their squares must stay finite.
    private const double GreatestBound = 1e100;

    /// <summary>Names of the classes; empty for models without.</summary>
    public IReadOnlyList<string> Classes { get; init; } = Classes ?? [];

    /// <summary>Widths of the hidden layers; empty for models without.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = Hidden ?? [];

    /// <summary>The length that features, classes and widths give.</summary>
    public long ParameterCount => ModelDimensions.LengthOf(this);

    internal string? FindFault()
    {
        if (Length is < 1 or > GreatestLength || L2Penalty < 0 || !double.IsFinite(L2Penalty))
            return "The model's length is 1 to 2^25 and its penalty finite and not negative.";
        if (!Enum.IsDefined(Kind))
            return "The model is of no kind that this version knows.";
        if ((Kind == TaskModelKind.Trees) != (Trees is not null))
            return "Trees, and no other model, state how many they are and how they split.";
        if (Trees?.FindFault() is { } trees)
            return trees;
        if (ModelDimensions.FindFault(this) is { } dimensions)
            return dimensions;
        if ((Kind == TaskModelKind.Statistics) != (Statistics is not null))
            return "A statistics task states its questions, and no other does.";
        if (Kind == TaskModelKind.Vector)
            return Features.Count == 0 && Label is null ? null : "A vector task has no features and no label.";
        if (Statistics is not null)
            return Statistics.FindFault(this) ?? FindFault(Features);
        if (Features.Count == 0 || Label is null || Length != ParameterCount)
            return "The model's length is the number of its weights and biases: features plus one for the intercept, if it has one layer and one output; that of trees follows from their number and depth.";
        return FindFault([.. Features, Label]);
    }

    private static string? FindFault(IReadOnlyList<FeatureSpecification> columns)
    {
        if (!columns.All(f => Utf8.Fits(f.Name, GreatestNameBytes) && Math.Abs(f.LowerBound) <= GreatestBound && Math.Abs(f.UpperBound) <= GreatestBound && f.LowerBound <= f.UpperBound))
            return $"Every feature needs a name of 1 to {GreatestNameBytes} bytes and public bounds with lower <= upper.";
        return columns.DistinctBy(f => f.Name, StringComparer.Ordinal).Count() == columns.Count
            ? null
            : "Features and label have distinct names: a client finds its columns by them.";
    }

    internal void Write(CanonicalWriter writer) => writer
        .UInt8((byte)Kind).Count(Length)
        .List(Features, WriteFeature)
        .List(Label is null ? [] : new[] { Label }, WriteFeature).Double(L2Penalty)
        .List(Classes, (w, name) => w.Text(name))
        .List(Hidden, (w, width) => w.Count(width))
        .UInt8((byte)Activation).UInt8((byte)Output)
        .List(Statistics is null ? [] : new[] { Statistics }, (w, s) => s.Write(w))
        .List(Trees is null ? [] : new[] { Trees }, (w, t) => t.Write(w));

    internal static ModelSpecification Read(ref CanonicalReader reader)
    {
        ModelSpecification model = new(
            (TaskModelKind)reader.UInt8(),
            reader.Count(GreatestLength),
            reader.List(GreatestLength, 4 + 16, ReadFeature),
            reader.List(1, 4 + 16, ReadFeature).FirstOrDefault(),
            reader.Double(),
            reader.List(ModelDimensions.GreatestClasses, 4, (ref CanonicalReader r) => r.Text(ModelDimensions.GreatestClassBytes)),
            reader.List(ModelDimensions.GreatestHidden, 4, (ref CanonicalReader r) => r.Count(ModelDimensions.GreatestWidth)),
            (NetworkActivation)reader.UInt8(),
            (NetworkOutput)reader.UInt8(),
            reader.List(1, 4 + 4 + 4, StatisticsSpecification.Read).FirstOrDefault(),
            reader.List(1, TreeBytes, TreeSpecification.Read).FirstOrDefault());
        reader.Require(Enum.IsDefined(model.Kind) && Enum.IsDefined(model.Activation) && Enum.IsDefined(model.Output));
        return model;
    }

    private static void WriteFeature(CanonicalWriter writer, FeatureSpecification feature) =>
        writer.Text(feature.Name).Double(feature.LowerBound).Double(feature.UpperBound);

    private static FeatureSpecification ReadFeature(ref CanonicalReader reader) =>
        new(reader.Text(GreatestNameBytes), reader.Double(), reader.Double());
}
