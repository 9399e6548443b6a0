using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>Boosted trees of numbers and classes from the demo, and what can be done with the model that it leaves.</summary>
[Collection("demo runs")]
public class TreesModelTests
{
    [Theory]
    [InlineData("linear")]
    [InlineData("logistic")]
    public async Task Exported_trees_predict_what_the_demo_measured(string output)
    {
        using TemporaryDirectory directory = new();
        string csv = LabelledRows.Write(directory, score => output is "linear" ? LabelledRows.Number(score) : score < -5 ? "0" : "1");
        string home = directory.File("out");
        JsonElement demo = (await RunAsync(csv, "--privacy", "none", "--trees", "5", "--depth", "3", "--learning-rate", "0.5", "--out", home)).Json;
        string[] measures = output is "linear" ? ["loss", "rmse", "r2"] : ["loss", "auc", "accuracy"];

        // Rounding in the ring decides between splits that are nearly as good as each other.
        string quality = output is "linear" ? "r2" : "auc";
        Assert.Equal(demo.GetProperty("baseline").GetProperty(quality).GetDouble(), demo.GetProperty("metrics").GetProperty(quality).GetDouble(), 0.03);
        Assert.InRange(demo.GetProperty("metrics").GetProperty(quality).GetDouble(), 0.8, 1);

        string exported = directory.File("model.json");
        await SucceedAsync("model", "export", "--json", "--in", home, "--out", exported);
        JsonElement model = JsonDocument.Parse(File.ReadAllBytes(exported)).RootElement;
        Assert.Equal(
            ["format", "schemaVersion", "kind", "task", "modelDigest", "features", "label", "labelMean", "labelScale", "layers", "output", "classes", "initialScore", "trees"],
            model.EnumerateObject().Select(p => p.Name));
        Assert.Equal(("trees", output, 5), (model.GetProperty("kind").GetString(), model.GetProperty("output").GetString(), model.GetProperty("trees").GetArrayLength()));

        string test = LabelledRows.TestRows(directory, csv);
        foreach (string source in (string[])[home, exported])
        {
            JsonElement predicted = (await SucceedAsync("model", "predict", "--json", "--model", source, "--data", test)).Json;
            foreach (string measure in measures)
                Assert.Equal(demo.GetProperty("metrics").GetProperty(measure).GetDouble(), predicted.GetProperty("metrics").GetProperty(measure).GetDouble(), 1e-12);
            double[] predictions = [.. predicted.GetProperty("predictions").EnumerateArray().Select(p => p.GetProperty(output is "linear" ? "value" : "probability").GetDouble())];
            Assert.Equal(ByHand(model, test), predictions, (a, b) => Math.Abs(a - b) < 1e-12);
        }

        string again = directory.File("again.json");
        await SucceedAsync("model", "export", "--json", "--in", exported, "--out", again);
        Assert.Equal(File.ReadAllBytes(exported), File.ReadAllBytes(again));
        Assert.Equal(60, (await SucceedAsync("model", "predict", "--model", exported, "--data", test)).Output.Split('\n').Length - 2);
    }

    [Theory]
    [InlineData("record", 0.5)]
    [InlineData("client", -1e9)] // A few participants hidden as wholes leave nothing but noise.
    public async Task Numbers_are_learned_by_trees_under_noise(string privacy, double least)
    {
        using TemporaryDirectory directory = new();
        string csv = LabelledRows.Write(directory, LabelledRows.Number, 5000);
        JsonElement demo = (await RunAsync(csv, ["--privacy", privacy, .. privacy is "record" ? new[] { "--explain" } : []])).Json;
        JsonElement metrics = demo.GetProperty("metrics");
        Assert.True(metrics.GetProperty("r2").GetDouble() > least, metrics.ToString());
        Assert.True(metrics.GetProperty("rmse").GetDouble() > 0);
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (metrics.GetProperty("auc").ValueKind, metrics.GetProperty("accuracy").ValueKind));
        Assert.True(demo.GetProperty("audit").GetProperty("verified").GetBoolean());
        Assert.InRange(demo.GetProperty("privacy").GetProperty("epsilon").GetDouble(), 3, 4);
        if (privacy is "record")
        {
            JsonElement explanation = demo.GetProperty("explanation");
            Assert.Equal(JsonValueKind.Null, explanation.GetProperty("coefficients").ValueKind);
            Assert.Equal(4, explanation.GetProperty("importance").GetArrayLength());
        }
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("logistic")]
    public async Task Trees_are_explained_by_their_score(string output)
    {
        using TemporaryDirectory directory = new();
        string csv = LabelledRows.Write(directory, score => output is "linear" ? LabelledRows.Number(score) : score < -5 ? "0" : "1");
        JsonElement explanation = (await RunAsync(csv, [.. Small, "--explain", .. output is "logistic" ? new[] { "--fairness-by", "site" } : []])).Json.GetProperty("explanation");
        Assert.Equal(JsonValueKind.Null, explanation.GetProperty("coefficients").ValueKind);
        Dictionary<string, double> importance = explanation.GetProperty("importance").EnumerateArray()
            .ToDictionary(i => i.GetProperty("feature").GetString()!, i => i.GetProperty("increase").GetProperty("value").GetDouble(), StringComparer.Ordinal);
        Assert.Equal(["x", "z", "site=north", "site=south"], importance.Keys);
        Assert.True(importance["x"] > 0 && importance["z"] > 0);
        Assert.Equal(4, explanation.GetProperty("dependence").GetArrayLength());
        Assert.Equal(output is "logistic" ? JsonValueKind.Object : JsonValueKind.Null, explanation.GetProperty("fairness").ValueKind);
        if (output is "linear")
            (await Cli.RunAsync(["demo", "--json", "--data", csv, "--label", "y", "--model", "trees", .. Small, "--explain", "--fairness-by", "site"])).AssertFailure(1, "no-classes");
    }

    [Fact]
    public async Task An_explanation_that_noise_hides_is_said_to_be_missing()
    {
        Transcript demo = await SucceedAsync("demo", "--scenario", "medical", "--model", "trees", "--trees", "4", "--depth", "2", "--privacy", "client", "--explain");
        Assert.Contains("No explanation:", demo.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_classes_are_refused_unless_one_is_told_from_the_rest()
    {
        using TemporaryDirectory directory = new();
        string csv = LabelledRows.Write(directory, score => score < -8 ? "low" : score < -3 ? "middle" : "high");
        string words = (await Cli.RunAsync("demo", "--json", "--data", csv, "--label", "y", "--model", "trees")).AssertFailure(1, "trees-of-one-score");
        Assert.Contains("--positive", words, StringComparison.Ordinal);
        Assert.Contains("softmax", words, StringComparison.Ordinal);
        JsonElement metrics = (await RunAsync(csv, [.. Small, "--positive", "high"])).Json.GetProperty("metrics");
        Assert.InRange(metrics.GetProperty("auc").GetDouble(), 0.8, 1);
    }

    /// <summary>A number among more than two is a number; --positive makes a class of it.</summary>
    [Fact]
    public async Task A_positive_value_makes_two_classes_of_numbers()
    {
        using TemporaryDirectory directory = new();
        string csv = LabelledRows.Write(directory, score => score < -8 ? "0" : score < -3 ? "1" : "2");
        Assert.InRange((await RunAsync(csv, Small)).Json.GetProperty("metrics").GetProperty("r2").GetDouble(), 0.4, 1);
        Assert.InRange((await RunAsync(csv, [.. Small, "--positive", "2"])).Json.GetProperty("metrics").GetProperty("auc").GetDouble(), 0.8, 1);
    }

    [Theory]
    [InlineData("trees[0].nodes[0].feature", "2", "Tree 1 ")]
    [InlineData("trees[0].nodes[0].feature", "-1", "Tree 1 ")]
    [InlineData("trees[0].nodes[0].threshold", "1e999", "Tree 1 ")]
    [InlineData("trees[0].nodes[0].threshold", "null", "Tree 1 ")]
    [InlineData("trees[0].nodes[0].atMost", "0", "Tree 1 ")] // A cycle.
    [InlineData("trees[0].nodes[0].above", "1", "Tree 1 ")] // Two parents, and an orphan.
    [InlineData("trees[0].nodes[0].above", "3", "Tree 1 ")] // Missing.
    [InlineData("trees[0].nodes[0].value", "1", "Tree 1 ")] // Split and leaf.
    [InlineData("trees[0].nodes[1].value", "1e999", "Tree 1 ")]
    [InlineData("trees[0].nodes[1].value", "null", "Tree 1 ")]
    [InlineData("trees[0].nodes[2]", "null", "Tree 1 ")]
    [InlineData("trees[0].nodes", "[]", "Tree 1 ")]
    [InlineData("trees[0].nodes", "null", "Tree 1 ")]
    [InlineData("trees[1]", "null", "Tree 2 ")]
    [InlineData("trees", "[]", "initial score")]
    [InlineData("trees", "null", "lacks")]
    [InlineData("initialScore", "null", "initial score")]
    [InlineData("initialScore", "1e999", "initial score")]
    [InlineData("kind", "\"linear\"", "initial score")]
    [InlineData("output", "\"softmax\"", "do not fit")]
    [InlineData("labelScale", "0", "do not fit")]
    [InlineData("features[0].mean", "1", "as they are")]
    [InlineData("layers", "[{\"weights\":[[1,1]],\"biases\":[0],\"activation\":\"none\"}]", "lacks")]
    [InlineData("trees[0].nodes[0].threshold", "\"NaN\"", "Tree 1 ")]
    [InlineData("trees[0].nodes[0].feature", "0.5", "neither")]
    public async Task Trees_that_are_none_are_refused_and_the_file_says_which(string place, string value, string words)
    {
        using TemporaryDirectory directory = new();
        string path = directory.File("model.json");
        File.WriteAllText(path, Sound);
        string rows = directory.File("rows.csv");
        File.WriteAllText(rows, "a,b\n1,2\n0.5,4\n1.5,2\n");
        Assert.Equal("prediction\n14\n15\n18\n", (await SucceedAsync("model", "predict", "--model", path, "--data", rows)).Output);

        JsonNode model = JsonNode.Parse(Sound)!;
        string[] steps = place.Replace("]", "", StringComparison.Ordinal).Split(['.', '[']);
        JsonNode parent = steps[..^1].Aggregate(model, (node, step) => int.TryParse(step, out int index) ? node[index]! : node[step]!);
        string raw = "\"replaced here\"";
        if (int.TryParse(steps[^1], out int last))
            parent[last] = "replaced here";
        else
            parent[steps[^1]] = "replaced here";
        File.WriteAllText(path, model.ToJsonString().Replace(raw, value, StringComparison.Ordinal));
        Assert.Contains(words, (await Cli.RunAsync("model", "predict", "--json", "--model", path, "--data", rows)).AssertFailure(1, "model-unreadable"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Numbers_of_trees_that_do_not_fit_their_depth_are_refused()
    {
        using TemporaryDirectory directory = new();
        string home = directory.File("out");
        await RunAsync(LabelledRows.Write(directory, LabelledRows.Number), [.. Small, "--out", home]);
        string path = Path.Combine(home, "model.json");
        string original = File.ReadAllText(path);
        foreach ((string field, JsonNode? value) in ((string, JsonNode?)[])[("treeDepth", 3), ("treeDepth", 0), ("treeDepth", 40), ("treeDepth", null), ("parameters", new JsonArray(0, 1)), ("parameters", new JsonArray())])
        {
            JsonNode model = JsonNode.Parse(original)!;
            model[field] = value;
            File.WriteAllText(path, model.ToJsonString());
            (await Cli.RunAsync("model", "export", "--json", "--in", path, "--out", directory.File("x"))).AssertFailure(1, "model-unreadable");
        }
    }

    // y = 10 + 2·(1 + the two values); a row with a = 1 lies on a threshold.
    private const string Sound = """
        {
          "format": "securefed-model", "schemaVersion": 1, "kind": "trees", "task": "t", "modelDigest": "d",
          "features": [{ "name": "a", "lowerBound": 0, "upperBound": 2, "mean": 0, "scale": 1 }, { "name": "b", "lowerBound": 0, "upperBound": 9, "mean": 0, "scale": 1 }],
          "label": { "name": "y", "lowerBound": 0, "upperBound": 20 }, "labelMean": 10, "labelScale": 2, "layers": [], "output": "linear", "classes": null, "initialScore": 1,
          "trees": [
            { "nodes": [{ "feature": 0, "threshold": 1, "atMost": 1, "above": 2 }, { "value": 1 }, { "value": 3 }] },
            { "nodes": [{ "feature": 1, "threshold": 3, "atMost": 1, "above": 2 }, { "value": 0 }, { "value": 0.5 }] }
          ]
        }
        """;

    private static readonly string[] Small = ["--privacy", "none", "--trees", "3", "--depth", "2", "--learning-rate", "0.5"];

    /// <summary>Predictions as the exported file documents them, without the library.</summary>
    private static double[] ByHand(JsonElement model, string csv)
    {
        string[][] lines = [.. File.ReadAllLines(csv).Select(line => line.Split(','))];
        return [.. lines.Skip(1).Select(line =>
        {
            double[] features = [.. model.GetProperty("features").EnumerateArray().Select(f =>
            {
                string[] name = f.GetProperty("name").GetString()!.Split('=');
                string text = line[Array.IndexOf(lines[0], name[0])];
                double raw = name.Length > 1 ? text == name[1] ? 1 : 0 : double.Parse(text, CultureInfo.InvariantCulture);
                return (raw - f.GetProperty("mean").GetDouble()) / f.GetProperty("scale").GetDouble();
            })];
            double score = model.GetProperty("initialScore").GetDouble();
            foreach (JsonElement tree in model.GetProperty("trees").EnumerateArray())
            {
                JsonElement node = tree.GetProperty("nodes")[0];
                while (!node.TryGetProperty("value", out _))
                {
                    bool isAtMost = features[node.GetProperty("feature").GetInt32()] <= node.GetProperty("threshold").GetDouble();
                    node = tree.GetProperty("nodes")[node.GetProperty(isAtMost ? "atMost" : "above").GetInt32()];
                }

                score += node.GetProperty("value").GetDouble();
            }

            return model.GetProperty("output").GetString() is "logistic" ? 1 / (1 + Math.Exp(-score)) : (score * model.GetProperty("labelScale").GetDouble()) + model.GetProperty("labelMean").GetDouble();
        })];
    }

    private static Task<Transcript> RunAsync(string csv, params string[] options) => SucceedAsync(["demo", "--json", "--scenario", "medical", "--data", csv, "--label", "y", "--model", "trees", .. options]);

    private static async Task<Transcript> SucceedAsync(params string[] arguments)
    {
        Transcript transcript = await Cli.RunAsync(arguments);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        return transcript;
    }
}
