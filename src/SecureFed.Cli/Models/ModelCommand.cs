using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Models;

/// <summary><c>securefed model</c>: a finished model outside of SecureFed.</summary>
internal static class ModelCommand
{
    private static readonly JsonSerializerOptions Indented = new(ResourceJson.Options) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    public static Command Create(Terminal terminal) => new("model", "Exports a finished model, and predicts with it.") { CreateExport(terminal), CreatePredict(terminal) };

    private static Command CreateExport(Terminal terminal)
    {
        Option<string> source = CommandOptions.Required("--in", "Directory of 'demo --out', or its model.json.");
        Option<string> output = CommandOptions.Required("--out", "File to write; an existing one is overwritten.");
        Option<string> format = new("--format") { Description = "json (documented, exact) or onnx (single precision). Default json.", DefaultValueFactory = _ => "json" };
        format.AcceptOnlyFromAmong("json", "onnx");
        Command command = new("export", "Writes the model with its features and standardisation, and its layers or trees, as JSON or ONNX.") { source, output, format, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            ExportedModel model = ExportedModel.Load(parsed.GetValue(source)!);
            string path = parsed.GetValue(output)!;
            string chosen = parsed.GetValue(format)!;
            byte[] bytes = chosen is "onnx" ? OnnxModel.Encode(model) : JsonSerializer.SerializeToUtf8Bytes(model, Indented);
            File.WriteAllBytes(path, bytes);
            if (terminal.IsJson)
                terminal.WriteJson(new { @out = path, format = chosen, kind = model.Kind, features = model.Features.Count, parameters = model.ParameterCount, bytes = bytes.Length });
            else
                terminal.WriteLine($"{path}: {model.Kind} model of {model.Features.Count} features and {model.ParameterCount} parameters as {chosen}, {bytes.Length} bytes");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static Command CreatePredict(Terminal terminal)
    {
        Option<string> source = CommandOptions.Required("--model", "File of 'model export --format json', model.json, or the directory of 'demo --out'.");
        Option<string> data = CommandOptions.Required("--data", "CSV file with the model's features by name; with the label too, the predictions are measured.");
        Option<string> output = CommandOptions.Optional("--out", "CSV file for the predictions, overwritten. Default: standard output.");
        Option<string> positive = CommandOptions.Optional("--positive", "Label value that counts as positive. Default 1.");
        Command command = new("predict", "Predicts the rows of a CSV file.") { source, data, output, positive, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            ModelPredictions predictions = ModelPredictions.Of(ExportedModel.Load(parsed.GetValue(source)!), parsed.GetValue(data)!, parsed.GetValue(positive) ?? "1");
            string? path = parsed.GetValue(output);
            if (path is not null)
                File.WriteAllText(path, predictions.ToCsv());
            if (terminal.IsJson)
                terminal.WriteJson(predictions.ToDocument(path));
            else if (path is null)
                terminal.WriteText(predictions.ToCsv());
            else
                terminal.WriteLine($"{path}: {predictions.Rows} predictions{predictions.Quality}");
            return SecureFedCommand.Done;
        });
        return command;
    }
}
