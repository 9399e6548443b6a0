using System.Globalization;
using System.Text.Json;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>The privacy commands: names, documents and exit codes of DESIGN section 8. Figures are those of the accountants' golden file.</summary>
public sealed class PrivacyCommandTests
{
    [Fact]
    public async Task Epsilon_is_the_Renyi_figure_with_its_order()
    {
        Transcript transcript = await RunAsync("epsilon --noise-multiplier 1.0 --sampling-rate 0.01 --steps 10000 --delta 1e-5");
        AssertDocument(transcript, ["epsilon", "accountant", "order"]);
        Assert.Equal(6.712738297544812, Number(transcript, "epsilon"), 1e-8);
        Assert.Equal("rdp", transcript.Json.GetProperty("accountant").GetString());
        Assert.Equal(4.1, Number(transcript, "order"));
    }

    [Fact]
    public async Task Epsilon_of_a_million_rare_steps_comes_from_the_loss_distribution()
    {
        Transcript transcript = await RunAsync("epsilon --noise-multiplier 1 --sampling-rate 1e-5 --steps 1e6 --delta 1e-9 --accountant pld");
        AssertDocument(transcript, ["epsilon", "accountant", "order"]);
        Assert.InRange(Number(transcript, "epsilon"), 0.01956501436835686, 0.0684401386183316 * 1.001);
        Assert.Equal(JsonValueKind.Null, transcript.Json.GetProperty("order").ValueKind);
    }

    [Theory]
    [InlineData("noise --epsilon 2 --delta 1e-5 --sampling-rate 0.01 --steps 10000", "noiseMultiplier", 2.2780579054852743, 1e-6)]
    [InlineData("gaussian --epsilon 8 --delta 1e-6 --sensitivity 1", "sigma", 0.65293538435821595, 1e-6)]
    [InlineData("discrete-gaussian --sigma 3 --sensitivity 1 --epsilon 0.5", "delta", 0.011915654391177509822, 1e-10)]
    [InlineData("discrete-gaussian --sigma 5 --sensitivity 1 --epsilon 0", "delta", 0.079788456080286535588, 1e-10)]
    [InlineData("zcdp --rho 0.025 --delta 1e-6", "epsilon", 1.014074254726128, 1e-9)]
    public async Task One_number_is_one_field(string command, string field, double expected, double relative)
    {
        Transcript transcript = await RunAsync(command);
        AssertDocument(transcript, [field]);
        Assert.Equal(expected, Number(transcript, field), expected * relative);
    }

    [Fact]
    public async Task Distributed_noise_reports_epsilon_order_tau_and_the_concentrated_figure()
    {
        Transcript transcript = await RunAsync("distributed --clients 100 --dimension 1048576 --local-sigma 0.8 --l2 200 --l1 40000 --steps 1 --delta 1e-6");
        AssertDocument(transcript, ["epsilon", "order", "tau", "epsilonCdpSquared"]);
        Assert.Equal(1636.125844322749, Number(transcript, "epsilon"), 1e-6);
        Assert.Equal(2, Number(transcript, "order"));
        Assert.Equal(0.0264593195216914541, Number(transcript, "tau"), 1e-11);
        Assert.Equal(1623.6966281259045, Number(transcript, "epsilonCdpSquared"), 1e-6);
        Transcript sampled = await RunAsync("distributed --clients 100 --dimension 1048576 --local-sigma 0.8 --l2 200 --l1 40000 --steps 100 --delta 1e-6 --sampling-rate 0.02");
        Assert.Equal(161599.68742770163, Number(sampled, "epsilon"), 1e-3);
    }

    [Theory]
    [InlineData("epsilon --noise-multiplier 1 --sampling-rate 1.5 --steps 10 --delta 1e-5", "[0, 1]")]
    [InlineData("epsilon --noise-multiplier -1 --sampling-rate 0.1 --steps 10 --delta 1e-5", "[0.01, 1E+06]")]
    [InlineData("epsilon --noise-multiplier NaN --sampling-rate 0.1 --steps 10 --delta 1e-5", "[0.01, 1E+06]")]
    [InlineData("epsilon --noise-multiplier Infinity --sampling-rate 0.1 --steps 10 --delta 1e-5 --accountant pld", "[0.01, 1E+06]")]
    [InlineData("epsilon --noise-multiplier 1 --sampling-rate 0.1 --steps 0 --delta 1e-5", "1 to 1,000,000,000")]
    [InlineData("epsilon --noise-multiplier 1 --sampling-rate 0.1 --steps 99999999999999999999 --delta 1e-5", "1 to 1,000,000,000")]
    [InlineData("epsilon --noise-multiplier 1 --sampling-rate 0.1 --steps 10 --delta 1", "[1e-100, 1)")]
    [InlineData("epsilon --noise-multiplier 1 --sampling-rate 0.1 --steps 10 --delta 0 --accountant pld", "[1e-100, 1)")]
    [InlineData("epsilon --noise-multiplier many --sampling-rate 0.1 --steps 10 --delta 1e-5", "a number in [0.01, 1e6]")]
    [InlineData("noise --epsilon 0 --delta 1e-5 --sampling-rate 0.1 --steps 10", "(0, 1e6]")]
    [InlineData("noise --epsilon -3 --delta 1e-5 --sampling-rate 0.1 --steps 10", "(0, 1e6]")]
    [InlineData("gaussian --epsilon 1 --delta 2 --sensitivity 1", "[1e-100, 1)")]
    [InlineData("gaussian --epsilon 1 --delta 1e-5 --sensitivity 0", "(0, 1E+100]")]
    [InlineData("discrete-gaussian --sigma 0 --sensitivity 1 --epsilon 1", "(0, 1E+07]")]
    [InlineData("discrete-gaussian --sigma 1 --sensitivity 0.5 --epsilon 1", "1 to 2,147,483,647")]
    [InlineData("distributed --clients 0 --dimension 10 --local-sigma 1 --l2 1 --l1 1 --steps 1 --delta 1e-5", "1 to 10,000,000")]
    [InlineData("distributed --clients 10 --dimension 10 --local-sigma 1 --l2 1 --l1 1 --steps 1 --delta 1e-5 --sampling-rate -0.1", "[0, 1]")]
    [InlineData("zcdp --rho -1 --delta 1e-5", "[0, 1E+09]")]
    public async Task Bad_input_is_bad_usage_with_the_range_that_is_allowed(string command, string range) =>
        Assert.Contains(range, (await RunAsync(command)).AssertFailure(2, "bad-usage"), StringComparison.Ordinal);

    [Theory]
    [InlineData("epsilon --noise-multiplier 1")]
    [InlineData("epsilon --noise-multiplier 1 --sampling-rate 0.1 --steps 10 --delta 1e-5 --accountant moments")]
    public async Task What_does_not_parse_is_bad_usage(string command) => (await RunAsync(command)).AssertFailure(2, "bad-usage");

    [Fact]
    public async Task A_target_out_of_reach_is_refused_and_says_what_would_do() => Assert.Contains(
        "Ask for epsilon",
        (await RunAsync("noise --epsilon 1e-4 --delta 1e-9 --sampling-rate 1 --steps 1")).AssertFailure(1, "privacy-target-out-of-reach"),
        StringComparison.Ordinal);

    [Fact]
    public async Task A_plan_says_noise_scale_and_ring_and_what_other_accountants_say()
    {
        Transcript transcript = await RunAsync("plan --rows 30000 --clients 100 --dimension 30 --epsilon 4 --sampling-rate 0.05 --steps 300");
        AssertDocument(
            transcript,
            ["feasible", "epsilon", "delta", "order", "noiseMultiplier", "scale", "sensitivity", "localSigma", "ringBits", "rowCap", "honestClients", "references", "findings"]);
        Assert.InRange(Number(transcript, "epsilon"), 3.9, 4);
        Assert.Equal(80, Number(transcript, "honestClients"));
        Assert.Equal(64, Number(transcript, "scale"));
        (await RunAsync("plan --rows 30000 --clients 3 --dimension 30 --epsilon 4 --sampling-rate 0.05 --steps 300 --dropout 0.5")).AssertFailure(1, "infeasible");
        (await RunAsync("plan --rows 30000000 --clients 100 --dimension 1000000 --epsilon 4 --sampling-rate 0.5 --steps 300")).AssertFailure(1, "privacy-target-out-of-reach");
    }

    [Fact]
    public async Task The_explanation_is_a_page_of_paragraphs()
    {
        Transcript transcript = await RunAsync("explain --epsilon 4 --delta 1e-5");
        AssertDocument(transcript, ["unit", "epsilon", "delta", "oddsFactor", "beliefFromEven", "page"]);
        Assert.InRange(transcript.Json.GetProperty("page").GetArrayLength(), 6, 12);
        (await RunAsync("explain --epsilon 4 --delta 2")).AssertFailure(2, "bad-usage");
        (await RunAsync("explain --epsilon 1e6 --delta 1e-5 --unit client")).Json.GetProperty("page");
    }

    [Fact]
    public async Task Without_json_the_figure_is_a_line_of_text()
    {
        Transcript transcript = await Cli.RunAsync("privacy", "zcdp", "--rho", "0.025", "--delta", "1e-6");
        Assert.Equal(0, transcript.ExitCode);
        Assert.StartsWith("epsilon 1.01407", transcript.Output, StringComparison.Ordinal);
    }

    private static Task<Transcript> RunAsync(string command) => Cli.RunAsync(["privacy", .. command.Split(' '), "--json"]);

    private static double Number(Transcript transcript, string field) => transcript.Json.GetProperty(field).GetDouble();

    private static void AssertDocument(Transcript transcript, string[] fields)
    {
        Assert.True(transcript.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{transcript.ExitCode}: {transcript.Output} {transcript.Diagnostics}"));
        Assert.Equal(fields, transcript.Json.EnumerateObject().Select(p => p.Name));
    }
}
