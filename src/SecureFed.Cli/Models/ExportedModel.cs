using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Output;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Trees;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Models;

/// <summary>A model by itself, for programs that know nothing of tasks: <c>securefed model export --format json</c>.</summary>
/// <remarks>
/// <para>To predict: take the features in their order, subtract <c>mean</c> and divide by <c>scale</c>; then for each layer multiply by <c>weights</c> (one row for each output), add
/// <c>biases</c> and apply <c>activation</c> (tanh, relu or none). The last numbers are read by <c>output</c>: <c>linear</c> times <c>labelScale</c> plus <c>labelMean</c> is the number;
/// <c>logistic</c>: 1/(1 + e^-x) is the probability of the positive class; <c>softmax</c>: e^x over their sum are the probabilities of <c>classes</c>.</para>
/// <para>Boosted trees have no layers, and take features as they are (<c>mean</c> 0, <c>scale</c> 1). Start with <c>initialScore</c>; in each of <c>trees</c> begin at node 0 and go on to
/// node <c>atMost</c> if the feature's value is at most the threshold (equality included), else to node <c>above</c>, until a node has a <c>value</c>; add that. <c>output</c> reads the sum as above.
/// No value may be missing.</para>
/// <para>A feature <c>name=value</c> is 1 in rows whose column <c>name</c> holds the value and 0 in others. Rows outside the bounds are outside of what the model was trained on.</para>
/// </remarks>
/// <param name="Format">Always <c>securefed-model</c>.</param>
/// <param name="SchemaVersion">1.</param>
/// <param name="Kind">linear, logistic, softmax, network or trees.</param>
/// <param name="Task">Task that made it.</param>
/// <param name="ModelDigest">SHA-256 of the model's blob, as the task's log names it.</param>
/// <param name="Features">In the order of the first layer's inputs.</param>
/// <param name="Label">What is predicted; bounds are those of its numbers, 0 and 1, or 0 and the last class.</param>
/// <param name="LabelMean">Of a linear output; else 0.</param>
/// <param name="LabelScale">Of a linear output; else 1.</param>
/// <param name="Layers">First layer first; empty for trees.</param>
/// <param name="Output">linear, logistic or softmax.</param>
/// <param name="Classes">In the order of the last layer's outputs; null unless the output is softmax.</param>
/// <param name="InitialScore">Of trees; left out for other models.</param>
/// <param name="Trees">Of trees; left out for other models.</param>
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
    IReadOnlyList<string>? Classes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? InitialScore = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ExportedTree>? Trees = null)
{
    public const string FormatName = "securefed-model";
    private const string TreesKind = "trees";
    private const int Version = 1;

    /// <summary>Weights and biases, or thresholds and leaf values.</summary>
    [JsonIgnore]
    public int ParameterCount => Layers.Sum(layer => layer.Biases.Count + layer.Weights.Sum(row => row.Count)) + (Trees?.Sum(tree => tree.Nodes.Count) ?? 0);

    /// <summary>Numbers that a prediction has.</summary>
    [JsonIgnore]
    public int OutputCount => Classes?.Count ?? 1;

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
        if (file.Form is not { } form)
            throw Unreadable(path, "It does not say what its parameters mean, for an earlier version wrote it.");
        ExportedModel converted;
        try
        {
            converted = file.Kind is TreesKind ? ConvertTrees(file, form) : Convert(file, form);
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

    public IScoringModel ToModel() => Trees is null ? ToLayers() : ExportedTree.ToEnsemble(Trees, TreesLink, Features.Count, InitialScore ?? 0);

    private ModelKind TreesLink => Output is "logistic" ? ModelKind.Logistic : ModelKind.Linear;

    private GlobalModel ToLayers()
    {
        double[] parameters = [.. Layers.SelectMany(layer => layer.Weights.SelectMany(row => row).Concat(layer.Biases))];
        return new GlobalModel(ShapeOf(Kind, Features.Count, [.. Layers.SkipLast(1).Select(layer => layer.Biases.Count)], Layers[0].Activation, Output, Layers[^1].Biases.Count), parameters);
    }

    /// <summary>A linear score is kept in units of the factor, so that reading it is what the trees do themselves.</summary>
    private static ExportedModel ConvertTrees(ModelFile file, ModelForm form)
    {
        double[] parameters = [.. file.Parameters];
        ModelKind link = form.Output is "logistic" ? ModelKind.Logistic : ModelKind.Linear;
        TreeOptions one = ExportedTree.OptionsOf(link, form.Features.Count, 1, file.TreeDepth ?? 0);
        if (one.FindFault() is { } fault)
            throw new ArgumentException(fault, nameof(file));
        TreeEnsemble ensemble = new(one with { Trees = (parameters.Length - TreeEnsemble.HeaderLength) / one.TreeLength }, parameters);
        bool isLinear = link == ModelKind.Linear;
        return new ExportedModel(
            FormatName,
            Version,
            TreesKind,
            file.Task,
            file.ModelDigest,
            [.. form.Features.Select(f => new ExportedFeature(f.Name, f.LowerBound, f.UpperBound, 0, 1))],
            form.Label,
            isLinear ? ensemble.Offset : 0,
            isLinear ? ensemble.Factor : 1,
            [],
            form.Output,
            null,
            isLinear ? 0 : ensemble.Offset,
            [.. parameters[TreeEnsemble.HeaderLength..].Chunk(one.TreeLength).Select(numbers => ExportedTree.Of(one, numbers))]);
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
        if (SchemaVersion != Version || Features is null or { Count: 0 } || Layers is null || (Layers.Count == 0) != (Trees is not null) || Label is null)
            return "It is of another version, or lacks features, label, layers or trees.";
        try
        {
            if (Trees is not null && FindTreeFault() is { } treeFault)
                return treeFault;
            IScoringModel model = ToModel();
            _ = ToStandardizer();
            _ = ToSchema();
            bool hasClasses = model.Output == OutputKind.Softmax;
            return !string.Equals(model.Output.ToString(), Output, StringComparison.OrdinalIgnoreCase) || hasClasses != (Classes is not null) || (model is GlobalModel layers && !HasShapesOf(layers.Shape))
                ? "Its layers, output and classes do not fit each other."
                : null;
        }
        catch (Exception exception) when (exception is ArgumentException or NullReferenceException)
        {
            return "Its numbers do not fit its features and layers.";
        }
    }

    private bool HasShapesOf(IDifferentiableModel shape) => OutputCount == shape.OutputCount
        && Layers.Zip(shape.Layers).All(pair => pair.First.Weights.All(row => row.Count == pair.Second.Inputs) && pair.First.Weights.Count == pair.Second.Outputs);

    private string? FindTreeFault()
    {
        if (Kind is not TreesKind || Trees!.Count is 0 or > TreeOptions.GreatestTrees || InitialScore is not { } score || !double.IsFinite(score) || Features.Any(f => f is not { Mean: 0, Scale: 1 }))
            return $"Trees have an initial score, number 1 to {TreeOptions.GreatestTrees}, and take features as they are: mean 0 and scale 1.";
        int faulty = Trees.Select(tree => tree?.IsSound(Features.Count) ?? false).ToList().IndexOf(false);
        return faulty < 0 ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"Tree {faulty + 1} is none: a split has a feature from 0, a finite threshold and two nodes behind it, a leaf a finite value; every node but the first follows from one, by at most {TreeOptions.GreatestDepth} splits.");
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
