using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Auditing;
using SecureFed.Privacy.Updates;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary><c>privacy audit</c>: document, exit codes and defaults. What it finds in broken pipelines is tested beside the audit itself.</summary>
public sealed class PrivacyAuditCommandTests
{
    private static readonly AuditPlan Plan = new(AuditedUnit.Record, 1, 1e-5, 0.5, 2, 20, 16, 16, 1000, 0.99);

    /// <summary>Confidence 0.9999 twice: this test may fail once in 5,000 times on a build that spends its claim to the last digit, and ours leaves room.</summary>
    [Theory]
    [InlineData("", "client", 1, 1e-5)]
    [InlineData("--unit record --epsilon 2 --delta 1e-4 --sampling-rate 0.5 --steps 3 --clients 10 --honest 5 --dimension 4", "record", 2, 1e-4)]
    public async Task A_good_build_passes_with_one_document(string options, string unit, double epsilon, double delta)
    {
        Transcript transcript = await RunAsync($"{options} --trials 1000 --confidence 0.9999 --json");
        Assert.Equal(0, transcript.ExitCode);
        JsonElement document = transcript.Json;
        Assert.Equal(["unit", "claimed", "distinguishing", "oneRun", "passed"], Names(document));
        Assert.Equal(["epsilon", "delta"], Names(document.GetProperty("claimed")));
        Assert.Equal(["epsilonLower", "confidence", "trials"], Names(document.GetProperty("distinguishing")));
        Assert.Equal(["epsilonLower", "confidence", "canaries", "guesses", "correct"], Names(document.GetProperty("oneRun")));
        Assert.Equal(unit, document.GetProperty("unit").GetString());
        Assert.Equal(epsilon, document.GetProperty("claimed").GetProperty("epsilon").GetDouble());
        Assert.Equal(delta, document.GetProperty("claimed").GetProperty("delta").GetDouble());
        Assert.Equal(1000, document.GetProperty("distinguishing").GetProperty("trials").GetInt32());
        Assert.Equal(0.9999, document.GetProperty("oneRun").GetProperty("confidence").GetDouble());
        Assert.InRange(document.GetProperty("distinguishing").GetProperty("epsilonLower").GetDouble(), 0, epsilon);
        Assert.True(document.GetProperty("passed").GetBoolean());
    }

    /// <summary>The class that clients run, with a fixed seed; confidence 0.999. Its noise is what makes the difference.</summary>
    [Theory]
    [InlineData(AuditedUnit.Client, 1, 2)]
    [InlineData(AuditedUnit.Record, 0.5, 4)]
    public void The_pipeline_of_clients_keeps_its_claim_and_without_its_noise_does_not(AuditedUnit unit, double samplingRate, int steps)
    {
        AuditPlan plan = new(unit, 1, 1e-5, samplingRate, steps, 20, 16, 16, 1000, 0.999);
        using KeyedRandomSource random = new(SHA256.HashData("audit of the client's pipeline"u8));
        AuditedPipeline pipeline = new(plan, random);
        AuditReport report = PrivacyAudit.Run(plan, pipeline, random);
        Assert.True(report.Passed);
        AuditReport broken = PrivacyAudit.Run(plan, new Noiseless(pipeline), random);
        Assert.InRange(broken.Distinguishing.EpsilonLower, plan.Epsilon, 10);
        Assert.InRange(broken.OneRun.EpsilonLower, plan.Epsilon, 10);
        Assert.Equal(3, Show(broken, isJson: true).ExitCode);
    }

    [Theory]
    [InlineData(1.5, 0, true, "distinguishing")]
    [InlineData(0, 1.5, true, "one run")]
    [InlineData(0, 0, false, "norm")]
    public void A_bound_above_the_claim_or_a_norm_too_long_fails_verification(double many, double one, bool normHolds, string what)
    {
        AuditReport report = new(Plan, new DistinguishingFinding(many, 0.99, 1000), new OneRunFinding(one, 0.99, 1000, 250, 240), normHolds);
        (int exitCode, string output, string diagnostics) = Show(report, isJson: true);
        Assert.True(exitCode == 3, what);
        Assert.False(JsonDocument.Parse(output).RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal(!normHolds, diagnostics.Contains("longer than the noise was made for", StringComparison.Ordinal));
        Assert.Contains("FAILED", Show(report, isJson: false).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Bounds_up_to_the_claim_pass()
    {
        AuditReport report = new(Plan, new DistinguishingFinding(1, 0.99, 1000), new OneRunFinding(1, 0.99, 1000, 250, 240), NormHolds: true);
        (int exitCode, string output, _) = Show(report, isJson: false);
        Assert.Equal(0, exitCode);
        Assert.Contains("passed", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--unit client --sampling-rate 0.5", "sampling rate")]
    [InlineData("--clients 10 --honest 11", "[2, 10]")]
    [InlineData("--trials 10", "100 to 1,000,000")]
    [InlineData("--confidence 1", "confidence")]
    [InlineData("--epsilon 0", "(0, 1e6]")]
    [InlineData("--unit row", "row")]
    public async Task Bad_input_is_bad_usage_with_the_range_that_is_allowed(string options, string range) =>
        Assert.Contains(range, (await RunAsync($"{options} --json")).AssertFailure(2, "bad-usage"), StringComparison.Ordinal);

    [Fact]
    public async Task A_claim_that_no_noise_meets_is_refused() =>
        (await RunAsync("--epsilon 1e-4 --delta 1e-9 --json")).AssertFailure(1, "privacy-target-out-of-reach");

    private static Task<Transcript> RunAsync(string options) =>
        Cli.RunAsync(["privacy", "audit", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(p => p.Name);

    private static (int ExitCode, string Output, string Diagnostics) Show(AuditReport report, bool isJson)
    {
        using StringWriter output = new(CultureInfo.InvariantCulture);
        using StringWriter diagnostics = new(CultureInfo.InvariantCulture);
        int exitCode = PrivacyAuditCommand.Show(new Terminal(output, diagnostics, isJson), report);
        return (exitCode, output.ToString(), diagnostics.ToString());
    }

    private sealed class Noiseless(IAuditedClient client) : IAuditedClient
    {
        public NoisedUpdate Contribute(UpdateLayout layout, IReadOnlyList<double[]> units, Rational shareVariance) => client.Contribute(layout, units, Rational.Zero);
    }
}
