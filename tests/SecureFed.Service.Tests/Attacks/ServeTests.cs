using SecureFed.Cli.Attack;
using SecureFed.Cli.Attack.Serving;
using SecureFed.Client.Configuration;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Attacks;

/// <summary>securefed attack --serve: a client of the customer's own is the victim.</summary>
[Collection("demo runs")]
public sealed class ServeTests
{
    [Theory]
    [InlineData("roster-rolled-back", ErrorCodes.RosterUntrusted)]
    [InlineData("task-trains-another-model", ErrorCodes.PolicyViolated)]
    [InlineData("tiny-cohort", ErrorCodes.InvalidParameters)]
    [InlineData("threshold-lowered", ErrorCodes.InvalidCohort)]
    [InlineData("dealers-too-few", ErrorCodes.InvalidDealers)]
    [InlineData("survivors-victim-alone", ErrorCodes.TooFewSurvivors)]
    [InlineData("certificate-below-the-quorum", ErrorCodes.InvalidCertificate)]
    [InlineData("differing-survivor-lists", ErrorCodes.SecondList)]
    [InlineData("survivors-differ-by-one", ErrorCodes.SurvivorsTooSimilar)]
    public async Task The_command_line_client_refuses(string deviation, string code)
    {
        using ServedVictim victim = new();
        (Transcript served, Transcript client) = await victim.MeetAsync(deviation, v => v.RunCommandAsync());
        client.AssertFailure(1, code);
        AssertVerdict(served, 0, deviation, ServeResult.Refused);
        Assert.Equal(0, served.Json.GetProperty("messagesAfter").GetInt32());
        Assert.Equal(DeviationCatalogue.Find(deviation)!.Claim, served.Json.GetProperty("claim").GetString());
        Assert.Contains(code, served.Json.GetProperty("hint").GetString(), StringComparison.Ordinal);
        Assert.Contains($"the library stops with {code}", served.Diagnostics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_line_client_takes_part_in_the_control()
    {
        using ServedVictim victim = new();
        (Transcript served, Transcript client) = await victim.MeetAsync(ServeOptions.Honest, v => v.RunCommandAsync());
        Assert.True(client.ExitCode == 0, client.Output + client.Diagnostics);
        AssertVerdict(served, 0, ServeOptions.Honest, ServeResult.Contributed);
        Assert.Equal(["schemaVersion", "deviation", "claim", "verdict", "messagesAfter", "hint"], served.Json.EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public async Task An_application_that_contributes_vectors_is_served_too()
    {
        using ServedVictim victim = new();
        (Transcript served, RoundOutcome outcome) = await victim.MeetAsync(ServeOptions.Honest, v => v.ContributeAsync(1, 2, 3, 4, 5, 6, 7, 8));
        Assert.Equal(RoundStatus.Contributed, outcome.Status);
        AssertVerdict(served, 0, ServeOptions.Honest, ServeResult.Contributed);
    }

    [Fact]
    public async Task A_careless_client_is_not_refusing()
    {
        using ServedVictim victim = new();
        (Transcript served, Transcript client) = await victim.MeetAsync("task-without-noise", v =>
        {
            v.WeakenPolicy("\"requiresNoise\": true", "\"requiresNoise\": false");
            return v.RunCommandAsync();
        });
        Assert.True(client.ExitCode == 0, client.Output + client.Diagnostics);
        AssertVerdict(served, 3, "task-without-noise", ServeResult.NotRefused);
        Assert.Equal(5, served.Json.GetProperty("messagesAfter").GetInt32());
        Assert.Contains("keys, shares, uploads, confirmations, unmask", served.Json.GetProperty("hint").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("threshold-lowered", "shares")]
    [InlineData("survivors-victim-alone", "confirmations")]
    [InlineData("certificate-below-the-quorum", "unmask")]
    public async Task A_client_that_answers_after_the_lie_is_not_refusing(string deviation, string part)
    {
        using ServedVictim victim = new();
        (Transcript served, Transcript client) = await victim.MeetAsync(deviation, async v =>
        {
            Transcript refused = await v.RunCommandAsync();
            await v.SendAnywayAsync(part);
            return refused;
        });
        client.AssertFailure(1, DeviationCatalogue.Find(deviation)!.Expected);
        AssertVerdict(served, 3, deviation, ServeResult.NotRefused);
        Assert.Equal(1, served.Json.GetProperty("messagesAfter").GetInt32());
        Assert.Contains($"the client sent: {part}.", served.Json.GetProperty("hint").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_folder_holds_fresh_keys_that_only_their_owner_reads()
    {
        using ServedVictim one = new();
        using ServedVictim other = new();
        await one.MeetAsync("tiny-cohort", v => v.RunCommandAsync());
        await other.MeetAsync("tiny-cohort", v => v.RunCommandAsync());
        ClientPolicy[] policies = [.. new[] { one, other }.Select(v => PolicyFile.Load(Path.Combine(v.Folder, "policy.json")))];
        Assert.NotEqual(policies[0].ServerKey.ToArray(), policies[1].ServerKey.ToArray());
        Assert.NotEqual(policies[0].RosterAuthorityKey.ToArray(), policies[1].RosterAuthorityKey.ToArray());
        Assert.NotEqual(await File.ReadAllTextAsync(Path.Combine(one.Folder, "victim.pem")), await File.ReadAllTextAsync(Path.Combine(other.Folder, "victim.pem")));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(Path.Combine(one.Folder, "victim.pem")) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Equal(["README.txt", "data.csv", "policy.json", "victim.pem"], Directory.GetFiles(one.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        (await CommandLine.Cli.RunAsync("attack", "--serve", "tiny-cohort", "--out", one.Folder, "--json")).AssertFailure(1, "not-empty");
    }

    [Fact]
    public async Task A_client_that_never_came_is_reported()
    {
        using TemporaryDirectory directory = new();
        using StringWriter output = new();
        ServeOptions options = new(DeviationCatalogue.Find("tiny-cohort"), directory.File("out"), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        ServeResult result = await new ServeRun(options, new Cli.Output.Terminal(output, output, isJson: true)).ExecuteAsync(TestContext.Current.CancellationToken);
        Assert.Equal((ServeResult.NeverCame, 1), (result.Verdict, result.ExitCode));
    }

    [Theory]
    [InlineData("--serve", "no-such-lie", "--out", "never-made")]
    [InlineData("--serve", "upload-held-back", "--out", "never-made")]
    [InlineData("--serve", "second-cohort-after-restart", "--out", "never-made")]
    [InlineData("--serve", "impostor-certificate", "--out", "never-made")]
    [InlineData("--serve", "tiny-cohort")]
    [InlineData("--serve", "tiny-cohort", "--out", "never-made", "--minutes", "0")]
    [InlineData("--serve", "tiny-cohort", "--out", "never-made", "--quiet", "601")]
    [InlineData("--serve", "tiny-cohort", "--out", "never-made", "--list")]
    [InlineData("--serve", "tiny-cohort", "--out", "never-made", "--only", "tiny-cohort")]
    [InlineData("--out", "never-made")]
    [InlineData("--minutes", "5")]
    public async Task What_cannot_be_served_is_bad_usage(params string[] options)
    {
        string message = (await CommandLine.Cli.RunAsync(["attack", .. options, "--json"])).AssertFailure(2, "bad-usage");
        Assert.False(Directory.Exists("never-made"));
        if (options is ["--serve", "no-such-lie" or "upload-held-back" or "second-cohort-after-restart" or "impostor-certificate", ..])
            Assert.Contains("honest, redirected-elsewhere, roster-signed-by-the-server, ", message, StringComparison.Ordinal);
    }

    private static void AssertVerdict(Transcript served, int exitCode, string deviation, string verdict)
    {
        Assert.True(served.ExitCode == exitCode, served.Output + served.Diagnostics);
        Assert.Equal(
            (1, deviation, verdict),
            (served.Json.GetProperty("schemaVersion").GetInt32(), served.Json.GetProperty("deviation").GetString(), served.Json.GetProperty("verdict").GetString()));
    }
}
