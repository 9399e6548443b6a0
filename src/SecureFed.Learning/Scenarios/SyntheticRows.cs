using SecureFed.Learning.Data;
using SecureFed.Learning.Models;

namespace SecureFed.Learning.Scenarios;

/// <summary>Runs a recipe for one client.</summary>
internal static class SyntheticRows
{
    /// <summary>Features are kept within the schema's bounds; the label is drawn with the probability that the recipe's logit says.</summary>
    public static DataSet Generate(ISyntheticData recipe, int client, ulong seed)
    {
        var random = new DeterministicSequence(seed, (ulong)client + 1);
        SyntheticClient description = recipe.Describe(client, random);
        IReadOnlyList<FeatureSchema> features = recipe.Schema.Features;
        var values = new double[description.Rows * features.Count];
        var labels = new double[description.Rows];
        for (int row = 0; row < labels.Length; row++)
        {
            Span<double> drawn = values.AsSpan(row * features.Count, features.Count);
            double logit = description.Draw(random, drawn);
            labels[row] = random.NextBoolean(Objective.Sigmoid(logit)) ? 1 : 0;
            for (int j = 0; j < features.Count; j++)
            {
                drawn[j] = Math.Clamp(drawn[j], features[j].LowerBound, features[j].UpperBound);
            }
        }

        return new DataSet([.. features.Select(feature => feature.Name)], values, labels);
    }
}
