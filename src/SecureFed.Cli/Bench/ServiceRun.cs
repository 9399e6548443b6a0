using System.Diagnostics;
using SecureFed.Cli.Demo;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Learning;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>One round of a real server and n real clients over HTTPS on loopback; some vanish between their shares and their upload.</summary>
internal sealed class ServiceRun(RoundPlan plan, Action<string, double> report)
{
    private const ulong Seed = 20_261_120;
    private readonly PeerKeyCache peerKeys = new(8 * plan.Clients);
    private readonly CohortMemory cohorts = new();
    private readonly SumCheck sums = new();
    private int finished;

    public async Task<ServiceFigures> ExecuteAsync(CancellationToken cancellationToken)
    {
        CohortThresholds thresholds = plan.RequireThresholds();
        await using DemoConsortium consortium = await DemoConsortium.StartAsync(plan.Clients, store: null, ProtectionKind.Masking, cancellationToken);
        using HttpClient operatorHttp = SignedHttpClient.Create(consortium.Address, consortium.CertificatePin, consortium.Operator.Id, consortium.Operator.Key);
        SecureFedOperator taskOperator = new(operatorHttp);
        Identifier taskId = Identifier.Random(OperatingSystemRandomSource.Instance);
        Stopwatch watch = Stopwatch.StartNew();
        await taskOperator.CreateTaskAsync(ToDefinition(taskId), cancellationToken);
        (long Up, long Down)[] bytes = await Task.WhenAll(
            Enumerable.Range(0, plan.Clients).Select(i => Task.Run(() => RunClientAsync(consortium, taskId, i, cancellationToken), cancellationToken)));
        await foreach (TaskView _ in taskOperator.WatchAsync(taskId, cancellationToken))
        {
            // Until the round has its sum and the task is finished.
        }

        double seconds = watch.Elapsed.TotalSeconds;
        RoundView round = (await taskOperator.GetRoundsAsync(taskId, cancellationToken))[^1];
        Identifier roundId = Identifier.Parse(round.RoundId);
        bool isExact = round.Phase == RoundPhase.Closed
            && sums.Compare(await taskOperator.GetManifestAsync(taskId, roundId, cancellationToken), await taskOperator.GetAggregateAsync(taskId, roundId, cancellationToken))
            && sums.ExactSums == 1;
        return new ServiceFigures(thresholds, round.Survivors, isExact, seconds, bytes.Average(b => b.Up), bytes.Average(b => b.Down));
    }

    private async Task<(long Up, long Down)> RunClientAsync(DemoConsortium consortium, Identifier taskId, int index, CancellationToken cancellationToken)
    {
        SecureFedClientOptions options = new()
        {
            ServerAddress = consortium.Address,
            ServerCertificatePin = consortium.CertificatePin,
            TaskId = taskId,
            ClientId = consortium.Clients[index].Id,
            Signer = consortium.Clients[index].Key,
            Policy = consortium.PolicyFor(plan.Bounds, PrivacyDefinition.None) with { Models = [TaskModelKind.Vector] },
            PeerKeys = peerKeys,
            Cohorts = cohorts,
            GreatestAttempts = 10,
        };
        if (index < plan.DroppedPerLeaf * plan.Leaves)
            options.StateStore = new VanishingStore(RoundPhase.Upload);
        using HttpClient http = SignedHttpClient.Create(consortium.Address, consortium.CertificatePin, options.ClientId, options.Signer);
        SecureFedClient client = new(http, options, TimeProvider.System);
        DeterministicSequence values = new(Seed, (ulong)index);
        double[] update = [.. Enumerable.Range(0, plan.Dimension).Select(_ => values.NextUniform(-1, 1) / Math.Sqrt(plan.Dimension))];
        try
        {
            sums.Record(await client.ContributeAsync(update, 1, cancellationToken));
        }
        catch (SimulatedDropoutException)
        {
            // It does not come back in this round.
        }

        report("clients", (double)Interlocked.Increment(ref finished) / plan.Clients);
        return (client.BytesUp, client.BytesDown);
    }

    private TaskDefinition ToDefinition(Identifier taskId) => new()
    {
        TaskId = taskId.ToString(),
        Name = "service benchmark",
        Model = new ModelDefinition { Kind = TaskModelKind.Vector, Length = plan.Dimension },
        Training = new TrainingDefinition { ClipNorm = 1 },
        Schedule = new ScheduleDefinition { TrainRounds = 1, GreatestFailures = 0 },
        Cohort = new CohortDefinition
        {
            Least = plan.Clients,
            Greatest = plan.Clients,
            Gamma = plan.Gamma.ToDecimal(),
            DeltaDrop = plan.DeltaDrop.ToDecimal(),
            ServerClass = plan.ServerClass,
            Leaves = plan.Leaves,
        },
        Privacy = PrivacyDefinition.None,
        Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 600_000, PhaseMilliseconds = 600_000, GraceMilliseconds = 3_000 },
    };
}
