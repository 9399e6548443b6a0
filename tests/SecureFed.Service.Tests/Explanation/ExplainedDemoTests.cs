using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using MathNet.Numerics.LinearAlgebra;
using SecureFed.Cli.Demo;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Explanation;

/// <summary><c>demo --explain</c>: server, clients and auditor over HTTP, against the rows that the clients hold.</summary>
[Collection("demo runs")]
public sealed class ExplainedDemoTests
{
    private static readonly string[] Demo = ["demo", "--json", "--scenario", "finance", "--clients", "6", "--explain", "--fairness-by", "has_mortgage"];

    /// <summary>Masking and encryption, nobody's rows protected: every figure is that of the pooled rows, and the auditor computes the same from the blobs.</summary>
    [Theory]
    [InlineData("masking")]
    [InlineData("encryption")]
    public async Task Without_noise_it_is_that_of_all_rows_and_the_auditors_the_same(string protection)
    {
        using TemporaryDirectory directory = new();
        Transcript transcript = await CommandLine.Cli.RunAsync([.. Demo, "--privacy", "none", "--rounds", "3", "--protection", protection, "--out", directory.File("demo")]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        ExplanationView explanation = ViewOf(transcript.Json.GetProperty("explanation"));
        DataSet raw = DemoPlan.Create(new DemoOptions { Scenario = "finance", Clients = 6, Privacy = PrivacyUnit.None }).Data.Pool();
        Standardizer standardizer = Standardizer.Fit(raw, LabelKind.Binary);
        DataSet rows = standardizer.Apply(raw);
        double[] parameters = [.. transcript.Json.GetProperty("model").GetProperty("parameters").EnumerateArray().Select(p => p.GetDouble())];
        AssertCoefficients(explanation.Coefficients!, rows, parameters);
        AssertGroups(explanation.Fairness!, raw, rows, parameters);
        Assert.Equal((raw.Rows, 0), (explanation.Rows.Value, explanation.Rows.Error));
        Assert.Equal(raw.FeatureNames, explanation.Importance.Select(i => i.Feature));
        Assert.Equal(raw.FeatureNames, explanation.Dependence.Select(i => i.Feature));

        Transcript audit = await CommandLine.Cli.RunAsync("audit", "report", directory.File("demo"), "--out", directory.File("report.html"), "--json");
        Assert.True(audit.ExitCode == 0, audit.Output + audit.Diagnostics);
        Assert.Equal(JsonSerializer.Serialize(explanation), JsonSerializer.Serialize(ViewOf(audit.Json.GetProperty("explanation"))));
        AssertReport(File.ReadAllText(directory.File("report.html")), ["calibration", "coefficients", "importance", "dependence", "fairness"]);
        AssertReport(File.ReadAllText(directory.File("demo/report.html")), ["learning-curve", "calibration", "coefficients", "importance", "dependence", "fairness"]);
    }

    /// <summary>Rows protected and clients that drop out: the round is paid for, counts lie within their errors of what the survivors hold.</summary>
    [Fact]
    public async Task With_rows_protected_and_dropouts_it_keeps_to_the_budget_and_to_its_errors()
    {
        Transcript transcript = await CommandLine.Cli.RunAsync("demo", "--json", "--scenario", "manufacturing", "--clients", "20", "--rounds", "4", "--dropout", "0.1", "--explain", "--explain-share", "0.3");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        JsonElement privacy = transcript.Json.GetProperty("privacy");
        JsonElement release = Assert.Single(privacy.GetProperty("releases").EnumerateArray(), r => r.GetProperty("kind").GetString() == "explain");
        Assert.Equal((1.0, true), (release.GetProperty("samplingRate").GetDouble(), release.GetProperty("count").GetInt32() >= 1));
        Assert.InRange(privacy.GetProperty("epsilon").GetDouble(), 3, 4);
        ExplanationView explanation = ViewOf(transcript.Json.GetProperty("explanation"));
        int[] rows = [.. DemoPlan.Create(new DemoOptions { Scenario = "manufacturing", Clients = 20 }).Data.Clients.Select(c => c.Rows)];
        Assert.True(explanation.Rows.Error > 1);
        Assert.InRange(explanation.Rows.Value, rows.Order().Take(16).Sum() - (6 * explanation.Rows.Error), rows.Sum() + (6 * explanation.Rows.Error));
        Assert.Null(explanation.Fairness);
        Assert.All(explanation.Coefficients!.All, c => Assert.True(c.Lower < c.Value && c.Value < c.Upper));
    }

    [Fact]
    public async Task A_regression_is_explained_too()
    {
        Transcript transcript = await CommandLine.Cli.RunAsync("demo", "--json", "--scenario", "manufacturing", "--model", "linear", "--clients", "5", "--rounds", "2", "--privacy", "none", "--explain", "--dropout", "0");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        ExplanationView explanation = ViewOf(transcript.Json.GetProperty("explanation"));
        Assert.Equal(explanation.Importance.Count + 1, explanation.Coefficients!.All.Count);
        Assert.NotEmpty(explanation.Calibration);
    }

    [Fact]
    public async Task A_task_without_the_round_has_no_explanation()
    {
        Transcript transcript = await CommandLine.Cli.RunAsync("demo", "--json", "--scenario", "medical", "--rounds", "1");
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        Assert.Equal(JsonValueKind.Null, transcript.Json.GetProperty("explanation").ValueKind);
    }

    [Theory]
    [InlineData(1, "unknown-column", "--explain", "--fairness-by", "height")]
    [InlineData(1, "too-many-groups", "--explain", "--fairness-by", "annual_income")]
    [InlineData(1, "no-classes", "--explain", "--fairness-by", "has_mortgage", "--model", "linear")]
    [InlineData(2, "bad-usage", "--fairness-by", "has_mortgage")]
    [InlineData(2, "bad-usage", "--explain-share", "0.2")]
    [InlineData(2, "bad-usage", "--explain", "--explain-share", "0.9")]
    [InlineData(2, "bad-usage", "--explain", "--explain-share", "0.2", "--privacy", "none")]
    public async Task What_cannot_be_explained_is_refused_with_what_would_do(int exitCode, string code, params string[] options) =>
        (await CommandLine.Cli.RunAsync(["demo", "--json", .. options])).AssertFailure(exitCode, code);

    [Fact]
    public async Task Text_shows_intervals_importance_and_groups()
    {
        Transcript transcript = await CommandLine.Cli.RunAsync([.. Demo.Where(o => o != "--json"), "--rounds", "2", "--privacy", "none"]);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
        foreach (string words in (string[])["95 % interval", "Importance: increase of the loss", "has_mortgage = 1", "Demographic parity difference"])
            Assert.Contains(words, transcript.Output, StringComparison.Ordinal);
    }

    private static ExplanationView ViewOf(JsonElement json) => json.Deserialize<ExplanationView>(ResourceJson.Options)!;

    /// <summary>One Newton step on the task's penalised loss, and the sandwich of information and penalty, from the pooled design matrix.</summary>
    private static void AssertCoefficients(CoefficientsView coefficients, DataSet rows, double[] parameters)
    {
        int size = parameters.Length;
        Matrix<double> x = Matrix<double>.Build.Dense(rows.Rows, size, (row, j) => j < size - 1 ? rows.Row(row)[j] : 1);
        Vector<double> theta = Vector<double>.Build.Dense(parameters);
        Vector<double> p = (x * theta).Map(score => 1 / (1 + Math.Exp(-score)));
        Matrix<double> information = x.TransposeThisAndMultiply(Matrix<double>.Build.Dense(rows.Rows, size, (row, j) => p[row] * (1 - p[row]) * x[row, j]));
        double penalty = Learning.Scenarios.Scenario.ByName("finance").Penalty;
        Matrix<double> ridge = Matrix<double>.Build.DenseDiagonal(size, size, j => j < size - 1 ? penalty : 0);
        Matrix<double> inverse = (information + ridge).Inverse();
        Vector<double> step = inverse * (x.TransposeThisAndMultiply(Vector<double>.Build.Dense(rows.Labels.ToArray()) - p) - (ridge * theta));
        Matrix<double> covariance = inverse * information * inverse;
        for (int j = 0; j < size; j++)
        {
            CoefficientView found = coefficients.All[j];
            Assert.Equal(parameters[j], found.Released, 1e-12);
            Assert.Equal(parameters[j] + step[j], found.Value, 1e-4);
            Assert.Equal(Math.Sqrt(covariance[j, j]), found.Error, 1e-5);
            Assert.Equal(found.Value - (1.959963984540054 * found.Error), found.Lower, 1e-9);
            Assert.True(found.Resolved);
        }

        Assert.Equal(0, coefficients.Unresolved);
    }

    private static void AssertGroups(FairnessView fairness, DataSet raw, DataSet rows, double[] parameters)
    {
        int feature = raw.FeatureNames.ToList().IndexOf("has_mortgage");
        Assert.Equal(["has_mortgage = 0", "has_mortgage = 1"], fairness.Groups.Select(g => g.Group));
        for (int value = 0; value < 2; value++)
        {
            int[] own = [.. Enumerable.Range(0, raw.Rows).Where(row => raw.Row(row)[feature].Equals(value))];
            Assert.Equal(own.Length, fairness.Groups[value].Rows.Value);
            Assert.Equal(own.Average(row => raw.Labels[row]), fairness.Groups[value].BaseRate!.Value, 1e-9);
            Assert.Equal(own.Average(row => Objective.Score(parameters, rows.Row(row)) >= 0 ? 1.0 : 0), fairness.Groups[value].PositiveRate!.Value, 2e-3); // A row or two stand on the line.
        }

        Assert.Equal(Math.Abs(fairness.Groups[0].PositiveRate!.Value - fairness.Groups[1].PositiveRate!.Value), fairness.DemographicParityDifference!.Value, 1e-12);
    }

    private static void AssertReport(string html, string[] sections)
    {
        string body = html[html.IndexOf("<body>", StringComparison.Ordinal)..(html.IndexOf("</body>", StringComparison.Ordinal) + "</body>".Length)];
        XElement document = XElement.Parse(body);
        Assert.Equal(sections, document.Descendants("section").Select(s => s.Attribute("id")!.Value).Where(id => sections.Contains(id, StringComparer.Ordinal)));
        foreach (string id in sections.Where(s => s != "fairness"))
        {
            XElement svg = document.Descendants("section").Single(s => s.Attribute("id")!.Value == id).Descendants("svg").Single();
            Assert.NotEqual("", svg.Element("title")!.Value);
            Assert.NotEqual("", svg.Element("desc")!.Value);
        }

        Assert.DoesNotMatch(new Regex("<script| src=| href=|url\\(", RegexOptions.IgnoreCase), html);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
    }
}
