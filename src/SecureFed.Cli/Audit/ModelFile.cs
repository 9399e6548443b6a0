using System.Text.Json;
using System.Text.Json.Serialization;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Audit;

/// <summary><c>model.json</c>: the model that a task has to show, with the digest that the log names.</summary>
/// <param name="SchemaVersion">1.</param>
/// <param name="Task">Task.</param>
/// <param name="ModelDigest">SHA-256 of the model's blob.</param>
/// <param name="Kind">logistic, linear or trees.</param>
/// <param name="Parameters">Coefficients of the standardised features in their order, the intercept last; the numbers of the trees (<see cref="Learning.Trees.TreeEnsemble"/>).</param>
/// <param name="Standardisation">Outcome of the standardisation round; empty without one.</param>
/// <param name="Features">The same coefficients by name, for people; largest first; with trees each feature's part of the gain.</param>
/// <param name="TreeDepth">Levels of splits of each tree; left out for other models.</param>
internal sealed record ModelFile(
    int SchemaVersion, string Task, string ModelDigest, string Kind, IReadOnlyList<double> Parameters, IReadOnlyList<double> Standardisation, IReadOnlyList<ModelFeature> Features,
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
internal sealed record ModelFeature(string Name, double Coefficient);
