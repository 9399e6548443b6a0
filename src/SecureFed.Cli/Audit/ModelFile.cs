using System.Text.Json;
using System.Text.Json.Serialization;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Audit;

/// <summary><c>model.json</c>: the model that a task has to show, with the digest that the log names.</summary>
/// <param name="SchemaVersion">1.</param>
/// <param name="Task">Task.</param>
/// <param name="ModelDigest">SHA-256 of the model's blob.</param>
/// <param name="Kind">linear, logistic, softmax, network or trees.</param>
/// <param name="Parameters">Coefficients of the standardised features in their order and the intercept; or layer after layer, the weights output by output and the biases; or the numbers of the trees (<see cref="Learning.Trees.TreeEnsemble"/>).</param>
/// <param name="Standardisation">Outcome of the standardisation round; empty without one. Of trees: where they may split.</param>
/// <param name="Features">The same coefficients by name, for people; largest first. Without coefficients where the model has no single one for each feature; with trees each feature's part of the gain.</param>
/// <param name="Form">What the parameters mean and which rows they take; null in files of earlier versions, which cannot predict.</param>
/// <param name="TreeDepth">Levels of splits of each tree; left out for other models.</param>
internal sealed record ModelFile(
    int SchemaVersion,
    string Task,
    string ModelDigest,
    string Kind,
    IReadOnlyList<double> Parameters,
    IReadOnlyList<double> Standardisation,
    IReadOnlyList<ModelFeature> Features,
    ModelForm? Form = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? TreeDepth = null)
{
    public const string Name = "model.json";

    /// <summary>Null if the bytes are no such file.</summary>
    public static ModelFile? TryParse(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<ModelFile>(json, ResourceJson.Options) is { Parameters: not null, Standardisation: not null } file ? file : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>One coefficient.</summary>
internal sealed record ModelFeature(string Name, double? Coefficient);

/// <summary>What a model's parameters mean.</summary>
/// <param name="Features">Features in the order of the parameters, with their public bounds.</param>
/// <param name="Label">Label with its public bounds.</param>
/// <param name="Output">linear, logistic or softmax.</param>
/// <param name="Classes">Names of the classes in the order of the scores; empty for models without.</param>
/// <param name="Hidden">Widths of the hidden layers; empty for models without.</param>
/// <param name="Activation">tanh or relu; null for models without hidden layers.</param>
internal sealed record ModelForm(
    IReadOnlyList<ColumnBounds> Features, ColumnBounds Label, string Output, IReadOnlyList<string> Classes, IReadOnlyList<int> Hidden, string? Activation);

/// <summary>A column with its public bounds.</summary>
internal sealed record ColumnBounds(string Name, double LowerBound, double UpperBound);
