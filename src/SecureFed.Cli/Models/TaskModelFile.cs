using SecureFed.Cli.Audit;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Models;

/// <summary>The finished model of a task as whoever took part has it: a <c>model.json</c> like that of <c>demo --out</c>.</summary>
internal static class TaskModelFile
{
    private const int SchemaVersion = 1;

    /// <summary>Null if the task learns a model that can be exported; else what it does instead.</summary>
    public static string? FindObstacle(TaskParameters task) => task.Model.Kind switch
    {
        TaskModelKind.Vector => "sums vectors whose meaning only an application knows",
        TaskModelKind.Statistics => "asks statistics and learns no model",
        _ => null,
    };

    /// <param name="task">A task without an obstacle.</param>
    /// <param name="state">Its last model.</param>
    public static ModelFile Of(TaskParameters task, ModelState state)
    {
        ModelSpecification model = task.Model;
        bool isLinear = model.Kind is TaskModelKind.Linear or TaskModelKind.Logistic;
        double[] parameters = [.. state.Result];
        IEnumerable<ModelFeature> features = model.Features.Select((f, j) => new ModelFeature(f.Name, isLinear ? parameters[j] : null));
        return new ModelFile(
            SchemaVersion,
            task.TaskId.ToString(),
            Digest.Of(state.Encode()).ToString(),
            model.Kind.ToString().ToLowerInvariant(),
            parameters,
            [.. state.Standardisation],
            [.. isLinear ? features.OrderByDescending(f => Math.Abs(f.Coefficient!.Value)) : features],
            new ModelForm(
                [.. model.Features.Select(BoundsOf)],
                BoundsOf(model.Label!),
                OutputOf(model),
                model.Classes,
                model.Hidden,
                model.Activation == NetworkActivation.None ? null : model.Activation.ToString().ToLowerInvariant()),
            model.Trees?.Depth);
    }

    private static string OutputOf(ModelSpecification model) => model.Kind switch
    {
        TaskModelKind.Network => model.Output.ToString().ToLowerInvariant(),
        TaskModelKind.Trees => model.Trees!.Loss == TreeLoss.LogLoss ? "logistic" : "linear",
        _ => model.Kind.ToString().ToLowerInvariant(),
    };

    private static ColumnBounds BoundsOf(FeatureSpecification column) => new(column.Name, column.LowerBound, column.UpperBound);
}
