using System.Globalization;
using System.Text.Json;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>The demo with softmax regression, networks and regression, and what can be done with the model that it leaves.</summary>
[Collection("demo runs")]
public class ModelDemoTests
{
    [Theory]
    [InlineData("softmax", "none", "masking")]
    [InlineData("network", "none", "encryption")]
    [InlineData("softmax", "record", "encryption")]
    [InlineData("network", "record", "masking", "--hidden", "5,3", "--activation", "relu")]
    [InlineData("network", "client", "masking")]
    public async Task Every_model_runs_under_every_protection_and_its_log_is_verified(string model, string privacy, string protection, params string[] more)
    {
        Transcript transcript = await Cli.RunAsync(["demo", "--json", "--scenario", "medical", "--model", model, "--privacy", privacy, "--protection", protection, "--rounds", "2", .. more]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement json = transcript.Json;
        Assert.True(json.GetProperty("audit").GetProperty("verified").GetBoolean());
        Assert.Equal(model, json.GetProperty("model").GetProperty("kind").GetString());
        Assert.Equal(["kind", "parameters", "features"], json.GetProperty("model").EnumerateObject().Select(p => p.Name));
        Assert.All(json.GetProperty("model").GetProperty("features").EnumerateArray(), f => Assert.Equal(JsonValueKind.Null, f.GetProperty("coefficient").ValueKind));
        Assert.InRange(json.GetProperty("baseline").GetProperty("auc").GetDouble(), 0.85, 1);
        Assert.InRange(json.GetProperty("metrics").GetProperty("auc").GetDouble(), privacy is "none" ? 0.8 : 0, 1); // Two noisy rounds from a random start need not have learned anything.
        int features = json.GetProperty("model").GetProperty("features").GetArrayLength();
        int expected = model is "softmax" ? 2 * (features + 1) : more.Length > 0 ? (5 * (features + 1)) + (3 * 6) + 4 : (16 * (features + 1)) + 17;
        Assert.Equal(expected, json.GetProperty("model").GetProperty("parameters").GetArrayLength());
    }

    [Theory]
    [InlineData("linear", "none")]
    [InlineData("network", "none")]
    [InlineData("linear", "record")]
    public async Task A_numeric_label_is_a_regression(string model, string privacy)
    {
        using TemporaryDirectory directory = new();
        Transcript transcript = await RunAsync(directory, LabelledRows.Write(directory, LabelledRows.Number), ["--model", model, "--privacy", privacy, .. privacy is "none" ? new[] { "--rounds", "15", "--learning-rate", "0.05" } : ["--rounds", "5"]]);
        JsonElement metrics = transcript.Json.GetProperty("metrics");
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (metrics.GetProperty("auc").ValueKind, metrics.GetProperty("accuracy").ValueKind));
        if (privacy is "none")
            Assert.InRange(metrics.GetProperty("r2").GetDouble(), transcript.Json.GetProperty("baseline").GetProperty("r2").GetDouble() - 0.05, 1);
    }

    [Fact]
    public async Task Several_classes_are_learned_exported_and_predicted()
    {
        using TemporaryDirectory directory = new();
        string csv = LabelledRows.Write(directory, ClassOf);
        string home = directory.File("out");
        Transcript demo = await RunAsync(directory, csv, "--model", "network", "--privacy", "none", "--rounds", "20", "--learning-rate", "0.05", "--out", home);
        double accuracy = demo.Json.GetProperty("metrics").GetProperty("accuracy").GetDouble();
        Assert.InRange(accuracy, 0.8, 1);
        Assert.InRange(demo.Json.GetProperty("metrics").GetProperty("auc").GetDouble(), 0.9, 1);

        string exported = directory.File("model.json");
        Transcript export = await Cli.RunAsync("model", "export", "--json", "--in", home, "--out", exported);
        Assert.True(export.ExitCode == 0, export.Output);
        JsonElement model = JsonDocument.Parse(File.ReadAllBytes(exported)).RootElement;
        Assert.Equal(["format", "schemaVersion", "kind", "task", "modelDigest", "features", "label", "labelMean", "labelScale", "layers", "output", "classes"], model.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["a b, c", "high", "low"], model.GetProperty("classes").EnumerateArray().Select(c => c.GetString()));

        Transcript predicted = await Cli.RunAsync("model", "predict", "--json", "--model", exported, "--data", csv);
        Assert.True(predicted.ExitCode == 0, predicted.Output);
        JsonElement[] predictions = [.. predicted.Json.GetProperty("predictions").EnumerateArray()];
        Assert.Equal(300, predictions.Length);
        double[] probabilities = ByHand(model, csv);
        for (int row = 0; row < 300; row++)
        {
            double[] ours = [.. predictions[row].GetProperty("probabilities").EnumerateArray().Select(p => p.GetDouble())];
            Assert.Equal(1, ours.Sum(), 1e-12);
            for (int k = 0; k < 3; k++)
                Assert.Equal(probabilities[(3 * row) + k], ours[k], 1e-12);
        }

        // Every fifth row is a test row: on those the demo has measured the same model.
        string test = LabelledRows.TestRows(directory, csv);
        Transcript measured = await Cli.RunAsync("model", "predict", "--json", "--model", home, "--data", test, "--out", directory.File("predictions.csv"));
        Assert.Equal(accuracy, measured.Json.GetProperty("metrics").GetProperty("accuracy").GetDouble(), 1e-12);
        Assert.Equal(61, File.ReadAllLines(directory.File("predictions.csv")).Length);
        Assert.Equal("prediction,\"probability=a b, c\",probability=high,probability=low", File.ReadLines(directory.File("predictions.csv")).First());
    }

    [Fact]
    public async Task Rows_and_files_that_do_not_fit_are_refused_with_their_code()
    {
        using TemporaryDirectory directory = new();
        string home = directory.File("out");
        string csv = LabelledRows.Write(directory, ClassOf);
        await RunAsync(directory, csv, "--model", "softmax", "--privacy", "none", "--rounds", "1", "--out", home);
        async Task AssertRefusedAsync(string code, string content)
        {
            string path = directory.File("bad.csv");
            File.WriteAllText(path, content);
            (await Cli.RunAsync("model", "predict", "--json", "--model", home, "--data", path)).AssertFailure(1, code);
        }

        await AssertRefusedAsync("column-missing", "x,site\n1,north\n");
        await AssertRefusedAsync("unknown-category", "x,z,site\n1,1,west\n");
        await AssertRefusedAsync("out-of-bounds", "x,z,site\n1e6,1,north\n");
        await AssertRefusedAsync("missing-value", "x,z,site\n,1,north\n");
        await AssertRefusedAsync("unknown-class", "x,z,site,y\n1,1,north,medium\n");
        string broken = directory.File("broken.json");
        File.WriteAllText(broken, "{\"format\":\"securefed-model\",\"schemaVersion\":1}");
        (await Cli.RunAsync("model", "predict", "--json", "--model", broken, "--data", csv)).AssertFailure(1, "model-unreadable");
        File.WriteAllText(broken, "[]");
        (await Cli.RunAsync("model", "export", "--json", "--in", broken, "--out", directory.File("x"))).AssertFailure(1, "model-unreadable");
    }

    [Theory]
    [InlineData("--model", "logistic", "--hidden", "8")]
    [InlineData("--model", "network", "--hidden", "0")]
    [InlineData("--model", "network", "--hidden", "8,8,8")]
    [InlineData("--model", "network", "--hidden", "many")]
    public async Task Hidden_layers_that_no_network_has_are_bad_usage(params string[] options) =>
        (await Cli.RunAsync(["demo", "--json", .. options])).AssertFailure(2, "bad-usage");

    [Fact]
    public async Task Training_that_runs_away_ends_with_the_round_the_loss_and_what_to_try()
    {
        string words = (await Cli.RunAsync("demo", "--json", "--scenario", "medical", "--privacy", "none", "--model", "network", "--network-output", "linear", "--activation", "relu", "--learning-rate", "1e6"))
            .AssertFailure(1, "training-diverged");
        Assert.Contains("round 1", words, StringComparison.Ordinal);
        Assert.Contains("learning rate", words, StringComparison.Ordinal);
    }

    /// <summary>The forward pass as the exported file documents it, without the library.</summary>
    private static double[] ByHand(JsonElement model, string csv)
    {
        string[][] lines = [.. File.ReadAllLines(csv).Select(line => line.Split(',', 4))];
        List<double> probabilities = [];
        foreach (string[] line in lines.Skip(1))
        {
            double[] values =
            [
                .. model.GetProperty("features").EnumerateArray().Select(f =>
                {
                    string[] name = f.GetProperty("name").GetString()!.Split('=');
                    string text = line[Array.IndexOf(lines[0], name[0])];
                    double raw = name.Length > 1 ? text == name[1] ? 1 : 0 : double.Parse(text, CultureInfo.InvariantCulture);
                    return (raw - f.GetProperty("mean").GetDouble()) / f.GetProperty("scale").GetDouble();
                }),
            ];
            foreach (JsonElement layer in model.GetProperty("layers").EnumerateArray())
            {
                double[] input = values;
                values = [.. layer.GetProperty("weights").EnumerateArray().Zip(layer.GetProperty("biases").EnumerateArray(), (row, bias) => bias.GetDouble() + row.EnumerateArray().Select((w, j) => w.GetDouble() * input[j]).Sum())];
                if (layer.GetProperty("activation").GetString() == "tanh")
                    values = [.. values.Select(Math.Tanh)];
            }

            double sum = values.Sum(Math.Exp);
            probabilities.AddRange(values.Select(x => Math.Exp(x) / sum));
        }

        return [.. probabilities];
    }

    private static async Task<Transcript> RunAsync(TemporaryDirectory directory, string csv, params string[] options)
    {
        Assert.True(File.Exists(Path.Combine(directory.Path, Path.GetFileName(csv))));
        Transcript transcript = await Cli.RunAsync(["demo", "--json", "--scenario", "medical", "--data", csv, "--label", "y", .. options]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        return transcript;
    }

    private static string ClassOf(double score) => score < -8 ? "low" : score < -3 ? "\"a b, c\"" : "high";
}
