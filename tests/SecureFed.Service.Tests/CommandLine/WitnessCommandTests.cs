using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SecureFed.Client.Http;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Server.Witnessing;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Witnessing;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>keys witness and witness, as a second party sets its witness up.</summary>
public sealed class WitnessCommandTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly GrowingLog log = new GrowingLog().GrowTo(20);

    public void Dispose() => directory.Dispose();

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_key_is_made_and_its_witness_cosigns_until_it_is_stopped(string scheme)
    {
        (string key, NoteVerifier verifier) = await NewKeyAsync();
        using CancellationTokenSource stop = new();
        using StringWriter output = new();
        Task<int> running = Task.Run(() => SecureFed.Cli.SecureFedCommand.RunAsync(
            ["witness", "--json", "--key", key, "--log", $"{log.Verifier},{new GrowingLog().Verifier}", "--urls", $"{scheme}://127.0.0.1:0", "--state", directory.File("state")],
            TextWriter.Synchronized(output),
            TextWriter.Null,
            stop.Token));
        JsonElement started = await StartedAsync(running, output);
        Assert.Equal(verifier.ToString(), started.GetProperty("vkey").GetString());
        Assert.Equal(GrowingLog.Origin, started.GetProperty("logs")[0].GetString());

        WitnessEndpoint endpoint = new(new Uri(started.GetProperty("address").GetString()!), verifier);
        Assert.Equal(scheme, endpoint.Address.Scheme);
        string? pin = started.GetProperty("certificatePin").GetString();
        Assert.Equal(scheme == "https", pin is not null);
        using WitnessClient client = new([endpoint], NullLogger.Instance, TimeSpan.FromSeconds(30), handler: PinnedHandler.Create(pin));
        SignedNote cosigned = await client.CosignAsync(log.Checkpoint, log.Prove);
        Assert.Null(TlogPolicy.Of(log.Verifier, 1, verifier).Open(cosigned.Encode(), out _));
        await stop.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task Keys_are_private_are_never_overwritten_and_have_a_proper_name()
    {
        (string key, NoteVerifier verifier) = await NewKeyAsync();
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(key) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        string secret = await File.ReadAllTextAsync(key);
        Assert.StartsWith("PRIVATE+KEY+witness.test/w1+", secret, StringComparison.Ordinal);
        using (WitnessKey read = WitnessKeyFile.Load(key))
            Assert.Equal(verifier, read.Verifier);
        (await Cli.RunAsync("keys", "witness", "--name", "witness.test/w1", "--out", key, "--json")).AssertFailure(1, "input-output");
        Assert.Equal(secret, await File.ReadAllTextAsync(key));
        File.Delete(key);
        (await Cli.RunAsync("keys", "witness", "--name", "witness.test/w1", "--out", key, "--json")).AssertFailure(1, "input-output");
        Assert.False(File.Exists(key));
        (await Cli.RunAsync("keys", "witness", "--name", "witness.test/w1", "--out", directory.File("own.vkey"), "--json")).AssertFailure(1, "input-output");
        foreach (string name in (string[])["two words", "a+b"])
            (await Cli.RunAsync("keys", "witness", "--name", name, "--out", directory.File("fresh.key"), "--json")).AssertFailure(2, "bad-usage");
        Assert.False(File.Exists(directory.File("fresh.key")));
    }

    [Fact]
    public async Task Wrong_options_are_refused_before_anything_is_served()
    {
        (string key, NoteVerifier verifier) = await NewKeyAsync();
        string logKey = log.Verifier.ToString();
        await RefusedAsync(2, "bad-usage", key, "nonsense", "http://127.0.0.1:0");
        await RefusedAsync(2, "bad-usage", key, $"{logKey},", "http://127.0.0.1:0");
        await RefusedAsync(2, "bad-usage", key, verifier.ToString(), "http://127.0.0.1:0");
        foreach (string urls in (string[])["127.0.0.1:0", "ftp://127.0.0.1:0", "http://127.0.0.1:0/path", "http://witness.example:80"])
            await RefusedAsync(2, "bad-usage", key, logKey, urls);
        await RefusedAsync(1, "invalid-configuration", directory.File("missing.key"), logKey, "http://127.0.0.1:0");
        string pem = directory.File("identity.pem");
        Assert.Equal(0, (await Cli.RunAsync("keys", "new", "--out", pem)).ExitCode);
        await RefusedAsync(1, "invalid-configuration", pem, logKey, "http://127.0.0.1:0");
        Assert.False(Directory.Exists(directory.File("state")));

        using WitnessStore other = WitnessStore.Open(directory.File("state"));
        await RefusedAsync(1, "storage-unavailable", key, logKey, "http://127.0.0.1:0");
    }

    private async Task RefusedAsync(int exitCode, string code, string key, string logs, string urls) =>
        (await Cli.RunAsync("witness", "--json", "--key", key, "--log", logs, "--urls", urls, "--state", directory.File("state"))).AssertFailure(exitCode, code);

    private async Task<(string Path, NoteVerifier Verifier)> NewKeyAsync()
    {
        string path = directory.File("witness.key");
        Transcript made = await Cli.RunAsync("keys", "witness", "--name", "witness.test/w1", "--out", path, "--json");
        Assert.True(made.ExitCode == 0, made.Output);
        Assert.Equal(made.Json.GetProperty("vkey").GetString() + "\n", await File.ReadAllTextAsync(made.Json.GetProperty("publicFile").GetString()!));
        Assert.True(NoteVerifier.TryParse(made.Json.GetProperty("vkey").GetString(), out NoteVerifier? verifier));
        return (path, verifier!);
    }

    private static async Task<JsonElement> StartedAsync(Task running, StringWriter output)
    {
        for (int i = 0; i < 3000 && !running.IsCompleted; i++)
        {
            string text = output.ToString();
            if (text.TrimEnd().EndsWith('}'))
                return JsonDocument.Parse(text).RootElement;
            await Task.Delay(20);
        }

        throw new InvalidOperationException($"The witness did not start: {output}");
    }
}
