using System.Net;
using System.Text.RegularExpressions;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Attacks;

/// <summary>A customer before <c>securefed attack --serve</c>, with nothing but what README.txt says.</summary>
internal sealed partial class ServedVictim : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private string readMe = "";

    public string Folder => directory.File("out");

    /// <summary>Serves a deviation, lets the customer act once README.txt is there, and waits for the verdict.</summary>
    public async Task<(Transcript Served, T Customer)> MeetAsync<T>(string deviation, Func<ServedVictim, Task<T>> act)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        CancellationToken cancellationToken = stop.Token;
        Task<Transcript> serving = Task.Run(() => CommandLine.Cli.RunAsync(cancellationToken, "attack", "--serve", deviation, "--out", Folder, "--minutes", "2", "--quiet", "2", "--json"), cancellationToken);
        while (!File.Exists(Path.Combine(Folder, "README.txt")) && !serving.IsCompleted)
            await Task.Delay(20, cancellationToken);
        Assert.False(serving.IsCompleted, serving.IsCompleted ? (await serving).Output : "");
        readMe = await File.ReadAllTextAsync(Path.Combine(Folder, "README.txt"), cancellationToken);
        try
        {
            T customer = await act(this);
            return (await serving, customer);
        }
        finally
        {
            await stop.CancelAsync();
            await serving;
        }
    }

    /// <summary>The command line of README.txt, word for word.</summary>
    public Task<Transcript> RunCommandAsync() =>
        CommandLine.Cli.RunAsync(TestContext.Current.CancellationToken, [.. CommandLineOf().Match(readMe).Groups["arguments"].Value.Split(' '), "--json"]);

    /// <summary>An application with the option values of README.txt that contributes its own numbers.</summary>
    public async Task<RoundOutcome> ContributeAsync(params double[] update)
    {
        using SigningKey key = LoadKey();
        SecureFedClientOptions options = new()
        {
            ServerAddress = new Uri(Quoted("ServerAddress")),
            ServerCertificatePin = Quoted("ServerCertificatePin"),
            TaskId = Identifier.Parse(Quoted("TaskId")),
            ClientId = Identifier.Parse(Quoted("ClientId")),
            Signer = key,
            Policy = PolicyFile.Load(Quoted("Policy")),
        };
        using HttpClient http = SignedHttpClient.Create(options.ServerAddress, options.ServerCertificatePin, options.ClientId, key);
        return await new SecureFedClient(http, options, TimeProvider.System).ContributeAsync(update, 1, TestContext.Current.CancellationToken);
    }

    /// <summary>A client that sends a message of this step into the current round, whatever it was told.</summary>
    public async Task<HttpStatusCode> SendAnywayAsync(string part)
    {
        using SigningKey key = LoadKey();
        Identifier self = Identifier.Parse(Quoted("ClientId"));
        Identifier task = Identifier.Parse(Quoted("TaskId"));
        using HttpClient http = SignedHttpClient.Create(new Uri(Quoted("ServerAddress")), Quoted("ServerCertificatePin"), self, key);
        TaskView view = await HandSteppedClient.WaitForRoundAsync(http, task);
        using ByteArrayContent content = HandSteppedClient.Binary([1, 2, 3]);
        using HttpResponseMessage response = await http.PutAsync(Routes.RoundPart(task, Identifier.Parse(view.Round!.RoundId), part, self), content, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    /// <summary>The customer's client is careless: its owner struck a demand from the policy.</summary>
    public void WeakenPolicy(string demand, string instead)
    {
        string path = Path.Combine(Folder, "policy.json");
        string policy = File.ReadAllText(path);
        Assert.Contains(demand, policy, StringComparison.Ordinal);
        File.WriteAllText(path, policy.Replace(demand, instead, StringComparison.Ordinal));
    }

    public void Dispose() => directory.Dispose();

    private SigningKey LoadKey() => IdentityFile.Load(Path.Combine(Folder, "victim.pem"), Environment.GetEnvironmentVariable("SECUREFED_PASSPHRASE"));

    private string Quoted(string member) => Regex.Match(readMe, $"^{member} = [^\"]*\"(?<value>[^\"]+)\"", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["value"].Value;

    [GeneratedRegex(@"^securefed (?<arguments>client .*\S)\s*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex CommandLineOf();
}
