using System.Globalization;
using System.Text;
using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Cli.Models;

/// <summary>What a model says about the rows of a file.</summary>
internal sealed class ModelPredictions
{
    private readonly ExportedModel model;
    private readonly OutputKind output;
    private readonly double[] outputs;
    private readonly int count;

    private ModelPredictions(ExportedModel model, OutputKind output, double[] outputs, int count, ModelMetrics? metrics)
    {
        this.model = model;
        this.output = output;
        this.outputs = outputs;
        this.count = count;
        Metrics = metrics;
    }

    public int Rows => outputs.Length / count;

    /// <summary>Null if the file has no label.</summary>
    public ModelMetrics? Metrics { get; }

    public string Quality => Metrics is null ? "" : string.Create(
        CultureInfo.InvariantCulture,
        $"; {(Metrics.Auc is { } auc ? $"AUC {auc:0.0000}, " : "")}{(Metrics.Accuracy is { } accuracy ? $"accuracy {accuracy:0.0000}, " : "")}{(Metrics.Rmse is { } rmse ? $"RMSE {rmse:0.####}, " : "")}loss {Metrics.Loss:0.0000}");

    /// <exception cref="DataException">A column is missing, or a row does not fit the model's schema.</exception>
    public static ModelPredictions Of(ExportedModel exported, string path, string positive)
    {
        DataSchema schema = exported.ToSchema();
        Standardizer standardizer = exported.ToStandardizer();
        IScoringModel fitted = exported.ToModel();
        bool isLabelled = Read(path, sources => SchemaTable.HasColumn(sources, schema.LabelName));
        DataSet rows = Read(path, sources => isLabelled ? SchemaTable.Read(sources, schema, exported.Classes ?? [], positive) : SchemaTable.ReadFeatures(sources, schema));
        double[] numbers = fitted.Outputs(standardizer.Apply(rows));
        int width = exported.OutputCount;
        for (int row = 0; row < rows.Rows; row++)
        {
            Span<double> ofRow = numbers.AsSpan(row * width, width);
            if (fitted.Output == OutputKind.Softmax)
                OutputLoss.Softmax(ofRow);
            else
                ofRow[0] = fitted.Output == OutputKind.Logistic ? Objective.Sigmoid(ofRow[0]) : standardizer.RestoreLabel(ofRow[0]);
        }

        return new ModelPredictions(exported, fitted.Output, numbers, width, isLabelled ? ModelEvaluation.Evaluate(fitted, rows, standardizer) : null);
    }

    /// <summary>One line for each row in the file's order: the prediction, then probabilities.</summary>
    public string ToCsv()
    {
        StringBuilder csv = new();
        csv.Append(output switch
        {
            OutputKind.Linear => "prediction",
            OutputKind.Logistic => "prediction,probability",
            _ => "prediction," + string.Join(',', model.Classes!.Select(name => Quote($"probability={name}"))),
        }).Append('\n');
        for (int row = 0; row < Rows; row++)
        {
            ReadOnlySpan<double> ofRow = outputs.AsSpan(row * count, count);
            if (output == OutputKind.Logistic)
                csv.Append(ofRow[0] >= 0.5 ? "1," : "0,");
            else if (output == OutputKind.Softmax)
                csv.Append(Quote(model.Classes![OutputLoss.BestClass(ofRow)])).Append(',');
            csv.AppendJoin(',', ofRow.ToArray().Select(x => x.ToString("R", CultureInfo.InvariantCulture))).Append('\n');
        }

        return csv.ToString();
    }

    /// <summary>The document of <c>--json</c>; predictions stand in the file that was asked for, if one was.</summary>
    public object ToDocument(string? path) => new
    {
        kind = model.Kind,
        output = model.Output,
        rows = Rows,
        @out = path,
        classes = model.Classes,
        metrics = Metrics is null ? null : new { auc = Metrics.Auc, accuracy = Metrics.Accuracy, loss = Metrics.Loss, rmse = Metrics.Rmse, r2 = Metrics.R2 },
        predictions = path is not null ? null : Enumerable.Range(0, Rows).Select(row => new
        {
            value = output == OutputKind.Linear ? outputs[row] : (double?)null,
            probability = output == OutputKind.Logistic ? outputs[row] : (double?)null,
            @class = output == OutputKind.Softmax ? model.Classes![OutputLoss.BestClass(outputs.AsSpan(row * count, count))] : null,
            probabilities = output == OutputKind.Softmax ? outputs[(row * count)..((row + 1) * count)] : null,
        }),
    };

    private static string Quote(string text) => text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static T Read<T>(string path, Func<IReadOnlyList<CsvSource>, T> read)
    {
        using StreamReader reader = new(path);
        return read([new CsvSource(Path.GetFileName(path), reader)]);
    }
}
