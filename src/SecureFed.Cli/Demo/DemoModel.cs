using SecureFed.Cli.Audit;
using SecureFed.Cli.Output;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Scenarios;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary>The model of a demo.</summary>
/// <param name="Shape">Model.</param>
/// <param name="Schema">Features and label.</param>
/// <param name="Classes">Names of the classes; empty for models without.</param>
internal sealed record DemoModel(IDifferentiableModel Shape, DataSchema Schema, IReadOnlyList<string> Classes)
{
    // Text of the two labels that synthetic rows have.
    private static readonly string[] SyntheticClasses = ["0", "1"];

    public bool IsNetwork => Shape.Kind == ModelKind.Network;

    public IReadOnlyList<int> Hidden => IsNetwork ? [.. Shape.Layers.SkipLast(1).Select(layer => layer.Outputs)] : [];

    public Activation? Activation => IsNetwork ? ((LayeredModel)Shape).Activation : null;

    /// <summary>The model, and what the label column is read as. That of a network or of trees follows from its values, unless the user says it.</summary>
    /// <param name="options">Options.</param>
    /// <param name="scenario">Scenario.</param>
    /// <param name="suggest">Kind of label that the values suggest.</param>
    public static (ModelKind Kind, LabelKind Label) KindOf(DemoOptions options, Scenario scenario, Func<LabelKind> suggest)
    {
        if (string.Equals(options.Model, "trees", StringComparison.Ordinal))
        {
            LabelKind label = options.Positive is null ? suggest() : LabelKind.Binary;
            return (DemoTrees.LossOf(label), label);
        }

        ModelKind kind = KindOf(options, scenario);
        return (kind, LabelOf(options, kind, suggest));
    }

    private static ModelKind KindOf(DemoOptions options, Scenario scenario) => options.Model switch
    {
        "linear" => ModelKind.Linear,
        "logistic" => ModelKind.Logistic,
        "softmax" => ModelKind.Softmax,
        "network" => ModelKind.Network,
        _ => scenario.ModelKind,
    };

    private static LabelKind LabelOf(DemoOptions options, ModelKind kind, Func<LabelKind> suggest) => (kind, options.NetworkOutput) switch
    {
        (ModelKind.Linear, _) or (ModelKind.Network, "linear") => LabelKind.Numeric,
        (ModelKind.Logistic, _) or (ModelKind.Network, "logistic") => LabelKind.Binary,
        (ModelKind.Softmax, _) or (ModelKind.Network, "softmax") => LabelKind.Class,
        _ => options.Positive is null ? suggest() : LabelKind.Binary,
    };

    /// <param name="options">Options.</param>
    /// <param name="kind">Model.</param>
    /// <param name="label">What the label column was read as.</param>
    /// <param name="data">Who holds which rows.</param>
    /// <param name="classes">Names of the classes, if the label is one.</param>
    /// <param name="defaultHidden">Widths unless the user gives them.</param>
    public static DemoModel Create(DemoOptions options, ModelKind kind, LabelKind label, DataSchema data, IReadOnlyList<string> classes, IReadOnlyList<int> defaultHidden)
    {
        if (kind != ModelKind.Network && (options.Hidden.Count > 0 || options.Activation is not null || options.NetworkOutput is not null))
            throw CommandException.Misuse("--hidden, --activation and --network-output go with --model network.", "Leave them out, or choose --model network.");
        int features = data.Features.Count;
        IReadOnlyList<string> names = label != LabelKind.Class ? [] : classes.Count > 0 ? classes : SyntheticClasses;
        try
        {
            IDifferentiableModel shape = kind switch
            {
                ModelKind.Softmax => LayeredModel.Softmax(features, names.Count),
                ModelKind.Network => LayeredModel.Network(
                    features,
                    options.Hidden.Count > 0 ? options.Hidden : defaultHidden,
                    options.Activation is "relu" ? Learning.Models.Activation.Relu : Learning.Models.Activation.Tanh,
                    label switch { LabelKind.Numeric => OutputKind.Linear, LabelKind.Binary => OutputKind.Logistic, _ => OutputKind.Softmax },
                    Math.Max(2, names.Count)),
                _ => new LinearModel(kind, features),
            };
            return new DemoModel(shape, data, names);
        }
        catch (ArgumentException outOfRange)
        {
            throw CommandException.Misuse(outOfRange.Message, $"--hidden takes one or two widths of 1 to {LayeredModel.GreatestWidth}, comma-separated.");
        }
    }

    /// <summary>What the operator posts.</summary>
    public ModelDefinition ToDefinition(double penalty) => new()
    {
        Kind = Shape.Kind switch
        {
            ModelKind.Linear => TaskModelKind.Linear,
            ModelKind.Logistic => TaskModelKind.Logistic,
            ModelKind.Softmax => TaskModelKind.Softmax,
            _ => TaskModelKind.Network,
        },
        Features = [.. Schema.Features.Select(ToFeature)],
        Label = ToFeature(Schema.Label),
        L2Penalty = penalty,
        Classes = Classes,
        Hidden = Hidden,
        Activation = Activation switch { null => null, Learning.Models.Activation.Relu => NetworkActivation.Relu, _ => NetworkActivation.Tanh },
        Output = !IsNetwork ? null : Shape.Output switch { OutputKind.Linear => NetworkOutput.Linear, OutputKind.Logistic => NetworkOutput.Logistic, _ => NetworkOutput.Softmax },
    };

    /// <summary>What <c>model.json</c> says about it.</summary>
    public ModelForm ToForm() => new(
        [.. Schema.Features.Select(ToBounds)],
        ToBounds(Schema.Label),
        Shape.Output.ToString().ToLowerInvariant(),
        Classes,
        Hidden,
        Activation?.ToString().ToLowerInvariant());

    private static ColumnBounds ToBounds(FeatureSchema column) => new(column.Name, column.LowerBound, column.UpperBound);

    private static FeatureDefinition ToFeature(FeatureSchema feature) => new(feature.Name, feature.LowerBound, feature.UpperBound);
}
