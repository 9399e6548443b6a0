using SecureFed.Client.Holding;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Holding;

/// <summary>A consortium with five key holders, for one class of tests.</summary>
public sealed class HolderConsortium : IDisposable
{
    public const int Holders = 5;
    public const int Clients = 5;

    public TestConsortium Consortium { get; } = new(null, null, keyHolders: Holders);

    /// <param name="threshold">t_h: 4 provides for two corrupt holders, 5 needs everybody.</param>
    /// <param name="rounds">Training rounds.</param>
    /// <param name="phaseMilliseconds">How long the server waits for who is away.</param>
    public Task<Identifier> CreateTaskAsync(int threshold = 4, int rounds = 1, int phaseMilliseconds = 20_000) => Consortium.CreateTaskAsync(Definitions.Vector(clients: Clients, rounds: rounds) with
    {
        Protection = ProtectionKind.Encryption,
        Encryption = new EncryptionDefinition { Threshold = threshold, CorruptHolders = 1 },
        Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 30_000, PhaseMilliseconds = phaseMilliseconds, GraceMilliseconds = 300 },
    });

    /// <summary>Every client contributes to the next round.</summary>
    public Task<RoundOutcome[]> ContributeAsync(Identifier task) => Task.WhenAll(Enumerable.Range(0, Clients).Select(i =>
        Consortium.ClientFor(i, task, options => options.Policy = Consortium.EncryptionPolicy).ContributeAsync(new double[] { i, -1, 0.25 * i, 7 })));

    /// <summary>Runs holders until the task is over or they are told to stop.</summary>
    public Task<HolderOutcome[]>[] Run(Identifier task, IEnumerable<int> holders, CancellationToken cancellationToken) => [.. holders.Select(i => RunAsync(Consortium.HolderFor(i, task), cancellationToken))];

    public static async Task<HolderOutcome[]> RunAsync(SecureFedKeyHolder holder, CancellationToken cancellationToken)
    {
        Collector collector = new();
        try
        {
            await holder.RunAsync(collector, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Told to stop.
        }

        return [.. collector.Outcomes];
    }

    public void Dispose() => Consortium.Dispose();

    private sealed class Collector : IProgress<HolderOutcome>
    {
        public List<HolderOutcome> Outcomes { get; } = [];

        public void Report(HolderOutcome value) => Outcomes.Add(value);
    }
}
