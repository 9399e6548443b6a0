using Microsoft.Extensions.DependencyInjection;
using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Several clients in one service collection.</summary>
public class RegistrationTests(TestConsortium consortium)
{
    [Fact]
    public async Task Each_client_that_is_added_keeps_its_own_task_identity_and_handlers()
    {
        Identifier[] tasks = [await consortium.CreateTaskAsync(Definitions.Vector(length: 1)), await consortium.CreateTaskAsync(Definitions.Vector(length: 2))];
        ServiceCollection services = new();
        List<RecordingHandler> wires = [];
        foreach (Identifier task in tasks)
        {
            for (int i = 0; i < 3; i++)
            {
                SecureFedClientOptions own = consortium.OptionsFor(i, task);
                RecordingHandler wire = new() { InnerHandler = consortium.CreateHandler() };
                wires.Add(wire);
                services.AddSecureFedClient(o =>
                {
                    (o.ServerAddress, o.TaskId, o.ClientId, o.Signer, o.Policy) = (own.ServerAddress, own.TaskId, own.ClientId, own.Signer, own.Policy);
                }).ConfigurePrimaryHttpMessageHandler(() => wire);
            }
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        SecureFedClient[] clients = [.. provider.GetServices<SecureFedClient>()];
        Assert.Equal(6, clients.Length);
        RoundOutcome[] outcomes = await Task.WhenAll(clients.Select((client, i) => client.ContributeAsync(new double[1 + i / 3].Select(_ => i + 1.0).ToArray())));
        await Sums.AssertExactAsync(consortium, tasks[0], outcomes[..3]);
        await Sums.AssertExactAsync(consortium, tasks[1], outcomes[3..]);
        for (int i = 0; i < 6; i++)
        {
            (string task, string self) = (tasks[i / 3].ToString(), consortium.Clients[i % 3].Id.ToString());
            Assert.All(wires[i].Writes, w => Assert.True(w.Path.Contains(task, StringComparison.Ordinal) && w.Path.EndsWith(self, StringComparison.Ordinal), w.Path));
        }
    }
}
