using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Cli.Demo;
using SecureFed.Learning;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>securefed demo --resume: a run that was interrupted goes on, and what is left of it afterwards.</summary>
[Collection("demo runs")]
public sealed class DemoResumeTests
{
    [Theory(Timeout = 300_000)]
    [InlineData(12, "--privacy", "none", "--rounds", "12")]
    [InlineData(12, "--rounds", "12")]
    [InlineData(12, "--rounds", "12", "--dropout", "0.1", "--clients", "12")]
    [InlineData(8, "--rounds", "8", "--mechanism", "tree")]
    [InlineData(8, "--privacy", "none", "--rounds", "8", "--protection", "encryption")]
    [InlineData(8, "--rounds", "8", "--protection", "encryption-single-key")]
    public async Task Killed_twice_a_demo_goes_on_to_its_last_round(int rounds, params string[] options)
    {
        using TemporaryDirectory directory = new();
        string place = directory.File("demo");
        using (DemoProcess first = new(["--scenario", "medical", "--out", place, .. options]))
            await first.KillInRoundAsync(place, 3, Random.Shared.Next(60));
        byte[][] secrets = SecretsIn(place);
        using (DemoProcess second = new("--resume", place))
            await second.KillInRoundAsync(place, 6, Random.Shared.Next(60));
        Assert.Equal(secrets, SecretsIn(place));

        Transcript last = await Cli.RunAsync("demo", "--json", "--resume", place);
        Assert.True(last.ExitCode == 0, last.Output + last.Diagnostics);
        JsonElement json = last.Json;
        Assert.Equal(Enumerable.Range(1, rounds), json.GetProperty("rounds").EnumerateArray().Select(r => r.GetProperty("round").GetInt32()));
        Assert.True(json.GetProperty("audit").GetProperty("verified").GetBoolean());
        bool isTree = options.Contains("tree");
        Assert.InRange(json.GetProperty("metrics").GetProperty("auc").GetDouble(), isTree ? 0.4 : 0.8, 1);
        if (!options.Contains("none"))
            Assert.InRange(json.GetProperty("privacy").GetProperty("epsilon").GetDouble(), 3, 4);
        JsonElement resumed = json.GetProperty("resumed");
        Assert.Equal(["times", "releasedSums", "comparedSums", "lostLeaves"], resumed.EnumerateObject().Select(p => p.Name));
        Assert.Equal(2, resumed.GetProperty("times").GetInt32());
        Assert.InRange(resumed.GetProperty("releasedSums").GetInt32(), rounds, rounds + 3);
        Assert.InRange(resumed.GetProperty("comparedSums").GetInt32(), 1, resumed.GetProperty("releasedSums").GetInt32() - 4);
        Assert.Equal(isTree, resumed.GetProperty("lostLeaves").GetInt32() > 0);
        Assert.Equal(isTree, last.Diagnostics.Contains("so the model may be poorer", StringComparison.Ordinal));
        AssertNoSecretLeft(place, secrets);

        Transcript verified = await Cli.RunAsync("audit", "verify", place, "--json");
        Assert.True(verified.ExitCode == 0, verified.Output);
        Assert.Contains("has ended", (await Cli.RunAsync("demo", "--json", "--resume", place)).AssertFailure(1, "nothing-to-resume"), StringComparison.Ordinal);
    }

    [Fact(Timeout = 180_000)]
    public async Task What_has_changed_or_is_busy_is_not_resumed()
    {
        using TemporaryDirectory directory = new();
        (string place, string data) = (directory.File("demo"), directory.File("rows.csv"));
        await File.WriteAllTextAsync(data, Rows(600));
        using (CancellationTokenSource stop = new())
        {
            Task<Transcript> running = Cli.RunAsync(stop.Token, "demo", "--json", "--data", data, "--label", "y", "--clients", "5", "--rounds", "14", "--privacy", "none", "--scenario", "medical", "--out", place);
            while (!running.IsCompleted && await DemoProcess.LastRoundAsync(place) < 3)
                await Task.Delay(5);
            Transcript busy = await Cli.RunAsync("demo", "--json", "--resume", place);
            await stop.CancelAsync();
            Transcript interrupted = await running;
            busy.AssertFailure(1, "directory-in-use");
            interrupted.AssertFailure(1, "cancelled");
            Assert.Contains($"securefed demo --resume {place}", interrupted.Diagnostics, StringComparison.Ordinal);
        }

        byte[][] secrets = SecretsIn(place);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(place, "unfinished")));
            foreach (string file in KeyFilesIn(place))
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        foreach (string[] more in (string[][])[["--rounds", "2"], ["--out", directory.File("other")], ["--correct-drift"], ["--accumulate", "1"]])
            Assert.Contains(more[0], (await Cli.RunAsync(["demo", "--json", "--resume", place, .. more])).AssertFailure(2, "bad-usage"), StringComparison.Ordinal);
        await File.AppendAllTextAsync(data, "1,1,1\n");
        Assert.Contains("rows.csv", (await Cli.RunAsync("demo", "--json", "--resume", place)).AssertFailure(1, "data-changed"), StringComparison.Ordinal);
        File.Delete(data);
        (await Cli.RunAsync("demo", "--json", "--resume", place)).AssertFailure(1, "data-changed");

        // Other options than those of the task in the log.
        await File.WriteAllTextAsync(data, Rows(600));
        string runFile = Path.Combine(place, "unfinished", "run.json");
        string run = await File.ReadAllTextAsync(runFile);
        JsonNode other = JsonNode.Parse(run)!;
        other["options"]!["rounds"] = 13;
        await File.WriteAllTextAsync(runFile, other.ToJsonString());
        (await Cli.RunAsync("demo", "--json", "--resume", place)).AssertFailure(1, "plan-changed");

        await File.WriteAllTextAsync(runFile, run);
        Transcript text = await Cli.RunAsync("demo", "--resume", place);
        Assert.True(text.ExitCode == 0, text.Output + text.Diagnostics);
        Assert.Matches(@"Resumed 1 time\(s\): [0-9]+ of 16 released sums were compared", text.Output);
        AssertNoSecretLeft(place, secrets);

        // An interruption while the keys of an ended run are deleted: the next resumption deletes the rest.
        Directory.CreateDirectory(Path.Combine(place, "unfinished"));
        other = JsonNode.Parse(run)!;
        other["hasEnded"] = true;
        await File.WriteAllTextAsync(runFile, other.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(place, "unfinished", "client-1.pem"), "rest");
        (await Cli.RunAsync("demo", "--json", "--resume", place)).AssertFailure(1, "nothing-to-resume");
        Assert.False(Directory.Exists(Path.Combine(place, "unfinished")));
    }

    [Fact(Timeout = 120_000)]
    public async Task A_run_that_was_interrupted_before_its_task_was_created_creates_it()
    {
        using TemporaryDirectory directory = new();
        string place = directory.File("demo");
        DemoOptions options = new() { Scenario = "medical", Clients = 5, Rounds = 2, Privacy = PrivacyUnit.None };
        string task;
        using (DemoFolder folder = DemoFolder.Begin(place, options, 5, ProtectionKind.Masking))
            task = folder.Run.TaskId;
        Transcript resumed = await Cli.RunAsync("demo", "--json", "--resume", place);
        Assert.True(resumed.ExitCode == 0, resumed.Output + resumed.Diagnostics);
        Assert.Equal(2, resumed.Json.GetProperty("rounds").GetArrayLength());
        JsonElement sums = resumed.Json.GetProperty("resumed");
        Assert.Equal(sums.GetProperty("releasedSums").GetInt32(), sums.GetProperty("comparedSums").GetInt32());
        Assert.Contains(task, await File.ReadAllTextAsync(Path.Combine(place, "model.json")), StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_run_that_was_interrupted_after_its_last_round_still_gives_its_result()
    {
        using TemporaryDirectory directory = new();
        (string place, string kept) = (directory.File("demo"), directory.File("kept"));
        Directory.CreateDirectory(kept);
        Task<Transcript> running = Cli.RunAsync("demo", "--json", "--scenario", "medical", "--rounds", "3", "--privacy", "none", "--out", place);
        while (!running.IsCompleted && await DemoProcess.LastRoundAsync(place) < 1)
            await Task.Delay(5);
        byte[][] secrets = SecretsIn(place);
        foreach (string file in KeyFilesIn(place).Concat(new[] { "run.json", "roster.signed", "authority.public" }.Select(name => Path.Combine(place, "unfinished", name))))
            File.Copy(file, Path.Combine(kept, Path.GetFileName(file)));
        Transcript finished = await running;
        Assert.True(finished.ExitCode == 0, finished.Output + finished.Diagnostics);

        // As it was before the log was copied.
        foreach (string folder in (string[])["log", "blobs"])
            Directory.Delete(Path.Combine(place, folder), recursive: true);
        foreach (string file in (string[])["model.json", "report.html", "policy.json"])
            File.Delete(Path.Combine(place, file));
        Directory.Move(kept, Path.Combine(place, "unfinished"));

        Transcript resumed = await Cli.RunAsync("demo", "--json", "--resume", place);
        Assert.True(resumed.ExitCode == 0, resumed.Output + resumed.Diagnostics);
        foreach (string same in (string[])["rounds", "metrics", "baseline", "model", "audit"])
            Assert.Equal(finished.Json.GetProperty(same).GetRawText(), resumed.Json.GetProperty(same).GetRawText());
        JsonElement sums = resumed.Json.GetProperty("resumed");
        Assert.Equal((5, 0), (sums.GetProperty("releasedSums").GetInt32(), sums.GetProperty("comparedSums").GetInt32()));
        Assert.True(File.Exists(Path.Combine(place, "report.html")));
        Assert.Equal(0, (await Cli.RunAsync("audit", "verify", place, "--json")).ExitCode);
        AssertNoSecretLeft(place, secrets);
    }

    [Fact]
    public async Task Where_no_run_is_unfinished_there_is_nothing_to_resume()
    {
        using TemporaryDirectory directory = new();
        foreach (string place in (string[])[directory.Path, directory.File("absent")])
            Assert.Contains("no run", (await Cli.RunAsync("demo", "--json", "--resume", place)).AssertFailure(1, "nothing-to-resume"), StringComparison.Ordinal);

        // Interrupted while its keys were made: they have signed nothing and go.
        string folder = directory.File("unfinished");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "server.pem"), "half");
        (await Cli.RunAsync("demo", "--json", "--resume", directory.Path)).AssertFailure(1, "nothing-to-resume");
        Assert.False(Directory.Exists(folder));
    }

    [Theory(Timeout = 120_000)]
    [InlineData("invalid-task", "--epsilon", "0.001")]
    [InlineData("training-diverged", "--privacy", "none", "--optimizer", "fedsgd", "--learning-rate", "1e300")]
    public async Task A_run_that_ends_without_a_result_leaves_no_key(string code, params string[] options)
    {
        using TemporaryDirectory directory = new();
        Transcript ended = await Cli.RunAsync(["demo", "--json", "--scenario", "medical", "--rounds", "3", "--out", directory.File("demo"), .. options]);
        ended.AssertFailure(1, code);
        Assert.False(Directory.Exists(Path.Combine(directory.File("demo"), "unfinished")));
        Assert.DoesNotContain("--resume", ended.Diagnostics, StringComparison.Ordinal);
        AssertNoSecretLeft(directory.File("demo"), []);
    }

    private static string[] KeyFilesIn(string place) =>
        [.. Directory.GetFiles(Path.Combine(place, "unfinished")).Where(file => Path.GetExtension(file) is ".pem" or ".state-key").Order(StringComparer.Ordinal)];

    /// <summary>The 32 bytes of every secret of the run: private scalars and the keys of holders' states.</summary>
    private static byte[][] SecretsIn(string place)
    {
        byte[][] secrets = [.. KeyFilesIn(place).Select(SecretIn)];
        Assert.InRange(secrets.Length, 3 + 5, 100);
        return secrets;

        static byte[] SecretIn(string file)
        {
            if (Path.GetExtension(file) == ".state-key")
                return File.ReadAllBytes(file);
            using ECDsa key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(file));
            return key.ExportParameters(includePrivateParameters: true).D!;
        }
    }

    private static void AssertNoSecretLeft(string place, byte[][] secrets)
    {
        Assert.False(Directory.Exists(Path.Combine(place, "unfinished")));
        foreach (string file in Directory.GetFiles(place, "*", SearchOption.AllDirectories))
        {
            byte[] bytes = File.ReadAllBytes(file);
            Assert.False(bytes.AsSpan().IndexOf("PRIVATE KEY"u8) >= 0, $"{file} holds a private key.");
            Assert.All(secrets, secret => Assert.False(bytes.AsSpan().IndexOf(secret) >= 0 || bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Convert.ToBase64String(secret))) >= 0, $"{file} holds a secret of the run."));
        }
    }

    private static string Rows(int count)
    {
        DeterministicSequence random = new(5, 0);
        StringBuilder text = new("a,b,y\n");
        for (int row = 0; row < count; row++)
        {
            double a = random.NextUniform(-1, 1);
            text.Append(CultureInfo.InvariantCulture, $"{a:R},{random.NextUniform(0, 5):R},{(random.NextBoolean(a > 0 ? 0.9 : 0.1) ? 1 : 0)}\n");
        }

        return text.ToString();
    }
}
