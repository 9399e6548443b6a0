using Microsoft.Extensions.DependencyInjection;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Protocol.Wire;

public static class FirstContribution
{
    public static async Task<RoundOutcome> RunAsync(string server, string pin, string task, string id, string keys)
    {
        ServiceCollection services = new();
        services.AddSecureFedClient(options =>
        {
            options.ServerAddress = new Uri(server);
            options.ServerCertificatePin = pin;
            options.TaskId = Identifier.Parse(task);
            options.ClientId = Identifier.Parse(id);
            options.Signer = IdentityFile.Load(Path.Combine(keys, "client-1.pem"));
            options.Policy = PolicyFile.Load(Path.Combine(keys, "policy.json"));
            options.StateStore = new FileRoundStateStore(Path.Combine(keys, "state"));
        });
        await using ServiceProvider provider = services.BuildServiceProvider();
        SecureFedClient client = provider.GetRequiredService<SecureFedClient>();

        double[] update = [0.25, -0.5, 1.0]; // from your training; clipped, quantised, noised and masked before it leaves
        return await client.ContributeAsync(update, weight: 0.8);
    }
}
