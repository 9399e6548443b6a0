using SecureFed.Client.Rounds;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Adaptive clipping from the norms of records to the model's clip norm, over the wire.</summary>
public class AdaptiveClipTests(TestConsortium consortium)
{
    private const int Records = 200;

    [Fact]
    public async Task The_clip_norm_comes_to_the_quantile_of_the_records_norms()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(4, rounds: 25) with
        {
            Training = new TrainingDefinition
            {
                Optimizer = ServerOptimizerKind.FedSgd,
                ServerLearningRate = 1e-3,
                ClipNorm = 4,
                AdaptiveClip = new AdaptiveClipDefinition { Quantile = 0.5, Lowest = 0.01, Greatest = 4, Rate = 0.5 },
            },
            Privacy = new PrivacyDefinition { Unit = PrivacyUnit.Record, Epsilon = 8, Delta = 1e-5, ExpectedRecords = 3 * Records, DataSet = Definitions.NewId() },
        });
        ModelState[] models = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task).RunAsync(new NormTrainer())));

        // Norms are 0.01, 0.02, …, 2.00 at each client, so the median is 1; noise moves the fraction by about 0.02 a round.
        Assert.All(models, m => Assert.InRange(m.ClipNorm, 0.85, 1.18));
    }

    /// <summary>Record i has norm (i + 1)/100.</summary>
    private sealed class NormTrainer : ILocalTrainer, IRecordTrainer, IRecordSource
    {
        public int Count => Records;

        public void Write(int record, Span<double> vector)
        {
            Assert.Equal(4, vector.Length);
            vector.Fill((record + 1) / 200.0);
        }

        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
        {
            Assert.Single(assignment.Layout.Segments);
            return ValueTask.FromResult<IRecordSource>(this);
        }
    }
}
