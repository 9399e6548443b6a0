using SecureFed.Cli.Demo;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack;

/// <summary>The same server, clients and middleware without a lie: the round must give the exact sum, else a refusal means nothing.</summary>
internal static class AttackControl
{
    public static async Task<bool> IsExactAsync(CancellationToken cancellationToken)
    {
        await using HostileServer server = await HostileServer.StartAsync(new HostileConsortium(), cancellationToken);
        Scene scene = new(server);
        server.Play(scene);
        await server.Operator.CreateTaskAsync(scene.Plan.ToDefinition(scene.TaskId), cancellationToken);
        await Task.WhenAll(scene.Participants.Take(scene.Plan.Clients).Select(p => p.RunAsync(server, scene.TaskId, scene.Plan.Rounds, cancellationToken)));
        SumCheck sums = new();
        foreach (RoundOutcome outcome in scene.Participants.SelectMany(p => p.Outcomes))
            sums.Record(outcome);
        Identifier round = scene.RoundOf(1);
        await foreach (TaskView view in server.Operator.WatchAsync(scene.TaskId, cancellationToken))
        {
            if (view.Round is { Phase: RoundPhase.Aborted })
                return false;
        }

        ManifestView manifest = await server.Operator.GetManifestAsync(scene.TaskId, round, cancellationToken);
        byte[] aggregate = await server.Operator.GetAggregateAsync(scene.TaskId, round, cancellationToken);
        return sums.Compare(manifest, aggregate) && sums.ExactSums == 1;
    }
}
