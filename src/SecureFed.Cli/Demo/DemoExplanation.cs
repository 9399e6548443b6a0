using SecureFed.Cli.Output;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Scenarios;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary>What a demo explains.</summary>
internal static class DemoExplanation
{
    public const double DefaultShare = 0.2;

    /// <returns>Null if no explanation was asked for.</returns>
    /// <exception cref="CommandException">The column is none of the data, has too many values, or the model predicts no class.</exception>
    public static ExplanationDefinition? For(DemoOptions options, ScenarioData data, OutputKind output)
    {
        if (!options.Explain)
            return options.FairnessBy is null ? null : throw CommandException.Misuse("--fairness-by goes with --explain.", "Run 'securefed demo --help'.");
        if (options.FairnessBy is not { } column)
            return new ExplanationDefinition();
        if (output != OutputKind.Logistic)
            throw CommandException.Refuse("no-classes", "--fairness-by compares the two classes that a model predicts with a probability, and this one predicts none.", "Leave --fairness-by out, or take --model logistic.");
        int feature = data.Schema.Features.Select(f => f.Name).ToList().IndexOf(column);
        bool isEncoded = data.Schema.Features.Any(f => f.Name.StartsWith(column + "=", StringComparison.Ordinal));
        if (feature < 0 && !isEncoded)
            throw CommandException.Refuse("unknown-column", $"The data have no feature '{column}'.", $"Choose one of {string.Join(", ", data.Schema.Features.Select(f => f.Name))}.");
        double[] values = feature < 0 ? [] : [.. data.Clients.SelectMany(rows => ValuesOf(rows, feature)).Distinct().Order()];
        int groups = feature < 0 ? data.Schema.Features.Count(f => f.Name.StartsWith(column + "=", StringComparison.Ordinal)) : values.Length;
        return groups <= ExplanationSpecification.GreatestGroups
            ? new ExplanationDefinition { FairnessFeature = column, FairnessValues = values }
            : throw CommandException.Refuse("too-many-groups", $"Column '{column}' has {groups} values; at most {ExplanationSpecification.GreatestGroups} groups are compared.", "Group its values in the file, or choose another column.");
    }

    /// <summary>For a trial: here the values are taken from the rows, in production they are public beforehand.</summary>
    private static IEnumerable<double> ValuesOf(DataSet rows, int feature)
    {
        for (int row = 0; row < rows.Rows; row++)
            yield return rows.Row(row)[feature];
    }
}
