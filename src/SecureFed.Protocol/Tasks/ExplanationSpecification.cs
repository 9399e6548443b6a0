using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>What the explanation round of a task compares beside calibration, importance, dependence and coefficients, which follow from the model.</summary>
/// <remarks>
/// Groups are public: their feature and its values stand in the parameters, so that no client chooses them by its rows. A feature that is in the model's list by that
/// name is compared by the listed values; a text column that was encoded as <c>name=value</c> features is named by <c>name</c> alone, without values.
/// </remarks>
/// <param name="FairnessFeature">Feature whose groups are compared; empty = no comparison.</param>
/// <param name="FairnessValues">Its public values, finite and distinct, at most <see cref="GreatestGroups"/>; empty for an encoded text column.</param>
public sealed record ExplanationSpecification(string FairnessFeature, IReadOnlyList<double> FairnessValues)
{
    /// <summary>Groups, at most; rows of none of them are counted together as one more.</summary>
    public const int GreatestGroups = 16;

    private const int GreatestNameBytes = 256;

    /// <summary>No groups.</summary>
    public static ExplanationSpecification Plain { get; } = new("", []);

    /// <summary>Indices of the features that a text column was encoded as.</summary>
    public static IReadOnlyList<int> EncodedFeatures(ModelSpecification model, string column) =>
        [.. Enumerable.Range(0, model.Features.Count).Where(j => model.Features[j].Name.StartsWith(column + "=", StringComparison.Ordinal))];

    public bool Equals(ExplanationSpecification? other) =>
        other is not null && string.Equals(FairnessFeature, other.FairnessFeature, StringComparison.Ordinal) && FairnessValues.SequenceEqual(other.FairnessValues);

    public override int GetHashCode() => HashCode.Combine(FairnessFeature.GetHashCode(StringComparison.Ordinal), FairnessValues.Count);

    /// <summary>Null if the model has these groups; otherwise what is wrong and what to do.</summary>
    public string? FindFault(ModelSpecification model)
    {
        if (model.Kind == TaskModelKind.Softmax || model.Output == NetworkOutput.Softmax)
            return "The explanation round explains one score, and a model of several classes has one for each: leave explain out.";
        if (FairnessFeature.Length == 0)
            return FairnessValues.Count == 0 ? null : "Values of a fairness feature are stated, but no feature.";
        if (model.Kind != TaskModelKind.Logistic && model.Output != NetworkOutput.Logistic && model.Trees is not { Loss: TreeLoss.LogLoss })
            return "Groups are compared by the two classes that a model predicts with a probability; leave the fairness feature out.";
        if (!Utf8.Fits(FairnessFeature, GreatestNameBytes))
            return $"The name of a fairness feature has at most {GreatestNameBytes} bytes.";
        if (!model.Features.Any(f => string.Equals(f.Name, FairnessFeature, StringComparison.Ordinal)))
        {
            int encoded = EncodedFeatures(model, FairnessFeature).Count;
            return encoded == 0 ? $"The model has no feature '{FairnessFeature}' whose groups could be compared; name one of its features."
                : FairnessValues.Count > 0 ? $"'{FairnessFeature}' is encoded as one feature per value; leave the fairness values out."
                : encoded > GreatestGroups ? $"'{FairnessFeature}' has {encoded} values; at most {GreatestGroups} groups are compared."
                : null;
        }

        return FairnessValues.Count is >= 1 and <= GreatestGroups && FairnessValues.All(double.IsFinite) && FairnessValues.Distinct().Count() == FairnessValues.Count
            ? null
            : $"The fairness feature needs 1 to {GreatestGroups} distinct public values; group the values of a feature that has more.";
    }

    internal void Write(CanonicalWriter writer) => writer.Text(FairnessFeature).List(FairnessValues, (w, v) => w.Double(v));

    internal static ExplanationSpecification Read(ref CanonicalReader reader) =>
        new(reader.Text(GreatestNameBytes), reader.List(GreatestGroups, 8, (ref CanonicalReader r) => r.Double()));
}
