using System.Text.Json;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Output;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Models;

/// <summary>A model by itself, for programs that know nothing of tasks: <c>securefed model export --format json</c>.</summary>
/// <remarks>
/// <para>To predict: take the features in their order, subtract <c>mean</c> and divide by <c>scale</c>; then for each layer multiply by <c>weights</c> (one row for each output), add
/// <c>biases</c> and apply <c>activation</c> (tanh, relu or none). The last numbers are read by <c>output</c>: <c>linear</c> times <c>labelScale</c> plus <c>labelMean</c> is the number;
/// <c>logistic</c>: 1/(1 + e^-x) is the probability of the positive class; <c>softmax</c>: e^x over their sum are the probabilities of <c>classes</c>.</para>
/// <para>A feature <c>name=value</c> is 1 in rows whose column <c>name</c> holds the value and 0 in others. Rows outside the bounds are outside of what the model was trained on.</para>
/// </remarks>
/// <param name="Format">Always <c>securefed-model</c>.</param>
/// <param name="SchemaVersion">1.</param>
/// <param name="Kind">linear, logistic, softmax or network.</param>
/// <param name="Task">Task that made it.</param>
/// <param name="ModelDigest">SHA-256 of the model's blob, as the task's log names it.</param>
/// <param name="Features">In the order of the first layer's inputs.</param>
/// <param name="Label">What is predicted; bounds are those of its numbers, 0 and 1, or 0 and the last class.</param>
/// <param name="LabelMean">Of a linear output; else 0.</param>
/// <param name="LabelScale">Of a linear output; else 1.</param>
/// <param name="Layers">First layer first.</param>
/// <param name="Output">linear, logistic or softmax.</param>
/// <param name="Classes">In the order of the last layer's outputs; null unless the output is softmax.</param>
internal sealed record ExportedModel(
    string Format,
    int SchemaVersion,
    string Kind,
    string Task,
    string ModelDigest,
    IReadOnlyList<ExportedFeature> Features,
    ColumnBounds Label,
    double LabelMean,
    double LabelScale,
    IReadOnlyList<ExportedLayer> Layers,
    string Output,
    IReadOnlyList<string>? Classes)
{
    public const string FormatName = "securefed-model";
    private const int Version = 1;

    /// <summary>Reads an exported model, or the model of <c>demo --out</c>.</summary>
    /// <param name="path">File, or directory with a <c>model.json</c>.</param>
    /// <exception cref="CommandException">It is neither.</exception>
    public static ExportedModel Load(string path)
    {
        byte[] json = File.ReadAllBytes(Directory.Exists(path) ? Path.Combine(path, ModelFile.Name) : path);
        if (TryParse(json) is { } exported)
            return exported.FindFault() is { } fault ? throw Unreadable(path, fault) : exported;
        if (ModelFile.TryParse(json) is not { } file)
            throw Unreadable(path, "It is neither an exported model nor a model.json.");
        if (file.Kind is "trees")
            throw CommandException.Refuse("trees-unsupported", $"{Path.GetFileName(path)} holds boosted trees, which are neither exported nor used to predict.", "Read the trees from its parameters, or train a linear, logistic, softmax or network model.");
        if (file.Form is not { } form)
            throw Unreadable(path, "It does not say what its parameters mean, for an earlier version wrote it.");
        ExportedModel converted;
        try
        {
            converted = Convert(file, form);
        }
        catch (Exception exception) when (exception is ArgumentException or NullReferenceException)
        {
            throw Unreadable(path, "Its parameters do not fit its features and layers.");
        }

        return converted.FindFault() is { } wrong ? throw Unreadable(path, wrong) : converted;
    }

    /// <summary>The schema that rows have to fit.</summary>
    public DataSchema ToSchema() => new(
        [.. Features.Select(f => new FeatureSchema(f.Name, f.LowerBound, f.UpperBound))],
        new FeatureSchema(Label.Name, Label.LowerBound, Label.UpperBound),
        Output switch { "linear" => LabelKind.Numeric, "logistic" => LabelKind.Binary, _ => LabelKind.Class });

    public Standardizer ToStandardizer() =>
        Standardizer.FromArray([.. Features.Select(f => f.Mean), LabelMean, .. Features.Select(f => f.Scale), LabelScale, 1]);

    public GlobalModel ToModel()
    {
        double[] parameters = [.. Layers.SelectMany(layer => layer.Weights.SelectMany(row => row).Concat(layer.Biases))];
        return new GlobalModel(ShapeOf(Kind, Features.Count, [.. Layers.SkipLast(1).Select(layer => layer.Biases.Count)], Layers[0].Activation, Output, Layers[^1].Biases.Count), parameters);
    }

    private static ExportedModel Convert(ModelFile file, ModelForm form)
    {
        IDifferentiableModel shape = ShapeOf(file.Kind, form.Features.Count, form.Hidden, form.Activation, form.Output, form.Classes.Count);
        Standardizer standardizer = file.Standardisation.Count > 0 ? Standardizer.FromArray([.. file.Standardisation]) : Standardizer.Identity(form.Features.Count, 1);
        double[] parameters = [.. file.Parameters];
        double[] means = standardizer.Means.ToArray();
        double[] scales = standardizer.Scales.ToArray();
        return new ExportedModel(
            FormatName,
            Version,
            file.Kind,
            file.Task,
            file.ModelDigest,
            [.. form.Features.Select((f, j) => new ExportedFeature(f.Name, f.LowerBound, f.UpperBound, means[j], scales[j]))],
            form.Label,
            standardizer.LabelMean,
            standardizer.LabelScale,
            [.. shape.Layers.Select((layer, l) => new ExportedLayer(
                [.. layer.Weights(parameters).ToArray().Chunk(layer.Inputs)],
                layer.Biases(parameters).ToArray(),
                l < shape.Layers.Count - 1 ? form.Activation! : "none"))],
            form.Output,
            form.Classes.Count > 0 ? form.Classes : null);
    }

    private static IDifferentiableModel ShapeOf(string kind, int features, IReadOnlyList<int> hidden, string? activation, string output, int outputs) => kind switch
    {
        "linear" => new LinearModel(ModelKind.Linear, features),
        "logistic" => new LinearModel(ModelKind.Logistic, features),
        "softmax" => LayeredModel.Softmax(features, outputs),
        "network" => LayeredModel.Network(
            features,
            hidden,
            activation is "relu" ? Activation.Relu : Activation.Tanh,
            output switch { "linear" => OutputKind.Linear, "logistic" => OutputKind.Logistic, _ => OutputKind.Softmax },
            Math.Max(2, outputs)),
        _ => throw new ArgumentException("The model is of no kind that this version knows.", nameof(kind)),
    };

    private static ExportedModel? TryParse(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize<ExportedModel>(json, ResourceJson.Options) is { Format: FormatName } model ? model : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string? FindFault()
    {
        if (SchemaVersion != Version || Features is null or { Count: 0 } || Layers is null or { Count: 0 } || Label is null)
            return "It is of another version, or lacks features, label or layers.";
        try
        {
            GlobalModel model = ToModel();
            _ = ToStandardizer();
            _ = ToSchema();
            string output = model.Shape.Output.ToString();
            bool hasClasses = model.Shape.Output == OutputKind.Softmax;
            return !string.Equals(output, Output, StringComparison.OrdinalIgnoreCase) || hasClasses != (Classes is not null) || (hasClasses && Classes!.Count != model.Shape.OutputCount)
                    || Layers.Zip(model.Shape.Layers).Any(pair => pair.First.Weights.Any(row => row.Count != pair.Second.Inputs) || pair.First.Weights.Count != pair.Second.Outputs)
                ? "Its layers, output and classes do not fit each other."
                : null;
        }
        catch (Exception exception) when (exception is ArgumentException or NullReferenceException)
        {
            return "Its numbers do not fit its features and layers.";
        }
    }

    private static CommandException Unreadable(string path, string fault) =>
        CommandException.Refuse("model-unreadable", $"{Path.GetFileName(path)} holds no model. {fault}", "Give a file of 'model export --format json', or the model.json of 'demo --out'.");
}

/// <summary>One input of the first layer.</summary>
/// <param name="Name">Column, or column=value.</param>
/// <param name="LowerBound">Public least value.</param>
/// <param name="UpperBound">Public greatest value.</param>
/// <param name="Mean">To be subtracted.</param>
/// <param name="Scale">To divide by after that; positive.</param>
internal sealed record ExportedFeature(string Name, double LowerBound, double UpperBound, double Mean, double Scale);

/// <summary>One layer.</summary>
/// <param name="Weights">A row for each output, with a number for each input.</param>
/// <param name="Biases">One for each output.</param>
/// <param name="Activation">tanh, relu or none.</param>
internal sealed record ExportedLayer(IReadOnlyList<IReadOnlyList<double>> Weights, IReadOnlyList<double> Biases, string Activation);
