using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>One input of the model with the public bounds of its values.</summary>
/// <param name="Name">Column name, 1 to 256 bytes.</param>
/// <param name="LowerBound">Public least value; values below are clamped in the standardisation round.</param>
/// <param name="UpperBound">Public greatest value.</param>
public sealed record FeatureSpecification(string Name, double LowerBound, double UpperBound);

/// <summary>The model of a task.</summary>
/// <param name="Kind">What the vector means.</param>
/// <param name="Length">Length of the global vector: features + 1 (intercept last) for the built-in models.</param>
/// <param name="Features">Empty for <see cref="TaskModelKind.Vector"/>.</param>
/// <param name="Label">The label column with its public bounds; null for a vector.</param>
/// <param name="L2Penalty">λ of ½λ‖w‖² on the summed loss over all rows; intercept free.</param>
/// <param name="Trees">Of kind <see cref="TaskModelKind.Trees"/>, else null.</param>
public sealed record ModelSpecification(TaskModelKind Kind, int Length, IReadOnlyList<FeatureSpecification> Features, FeatureSpecification? Label, double L2Penalty, TreeSpecification? Trees = null)
{
    private const int GreatestLength = 1 << 25;
    private const int GreatestNameBytes = 256;
    private const int TreeBytes = (3 * 4) + (2 * 8) + 3;

    // Ranges and their squares must stay finite.
    private const double GreatestBound = 1e100;

    internal string? FindFault()
    {
        if (Length is < 1 or > GreatestLength || L2Penalty < 0 || !double.IsFinite(L2Penalty))
            return "The model's length is 1 to 2^25 and its penalty finite and not negative.";
        if (!Enum.IsDefined(Kind))
            return "The model is of no kind that this version knows.";
        if (Kind == TaskModelKind.Trees != Trees is not null)
            return "Trees, and no other model, state how many they are and how they split.";
        if (Trees?.FindFault() is { } fault)
            return fault;
        if (Kind == TaskModelKind.Vector)
            return Features.Count == 0 && Label is null ? null : "A vector task has no features and no label.";
        if (Features.Count == 0 || Label is null || Length != (Trees?.Length ?? Features.Count + 1))
            return "The model's length is the number of features plus one for the intercept; that of trees follows from their number and depth.";
        return Features.Append(Label).All(f => Utf8.Fits(f.Name, GreatestNameBytes) && Math.Abs(f.LowerBound) <= GreatestBound && Math.Abs(f.UpperBound) <= GreatestBound && f.LowerBound <= f.UpperBound)
            ? null
            : $"Every feature needs a name of 1 to {GreatestNameBytes} bytes and public bounds with lower <= upper.";
    }

    internal void Write(CanonicalWriter writer) => writer
        .UInt8((byte)Kind).Count(Length)
        .List(Features, WriteFeature)
        .List(Label is null ? [] : new[] { Label }, WriteFeature).Double(L2Penalty)
        .List(Trees is null ? [] : new[] { Trees }, (w, t) => t.Write(w));

    internal static ModelSpecification Read(ref CanonicalReader reader)
    {
        ModelSpecification model = new(
            (TaskModelKind)reader.UInt8(),
            reader.Count(GreatestLength),
            reader.List(GreatestLength, 4 + 16, ReadFeature),
            reader.List(1, 4 + 16, ReadFeature).FirstOrDefault(),
            reader.Double(),
            reader.List(1, TreeBytes, TreeSpecification.Read).FirstOrDefault());
        reader.Require(Enum.IsDefined(model.Kind));
        return model;
    }

    private static void WriteFeature(CanonicalWriter writer, FeatureSpecification feature) =>
        writer.Text(feature.Name).Double(feature.LowerBound).Double(feature.UpperBound);

    private static FeatureSpecification ReadFeature(ref CanonicalReader reader) =>
        new(reader.Text(GreatestNameBytes), reader.Double(), reader.Double());
}
