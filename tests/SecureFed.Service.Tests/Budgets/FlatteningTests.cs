using System.Net;
using System.Text;
using System.Text.Json;
using SecureFed.Client.Rounds;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Budgets;

/// <summary>Spiked records through a ring of 20 bits that could not hold the sum of as many as the task expects.</summary>
public class FlatteningTests(TestConsortium consortium)
{
    private const int Length = 1000;
    private const int RecordsOfClient = 700;

    /// <summary>ln of the odds of a false alarm, 10⁻⁹.</summary>
    private const double LogOfOdds = 21;

    private static TaskDefinition Definition(int ringBits, bool flatten) => Definitions.Records(Length, expectedRecords: 3000, epsilon: 2) with
    {
        RingBits = ringBits,
        Flatten = flatten,
        Training = new TrainingDefinition { Optimizer = ServerOptimizerKind.FedSgd, ClipNorm = 2, AverageIterates = false },
    };

    [Fact]
    public async Task A_flattened_sum_in_20_bits_is_right_within_its_noise_and_its_uploads_are_smaller()
    {
        (Identifier task, RoundOutcome round, int[] uploads) = await RunAsync(Definition(20, flatten: true));
        (_, _, int[] wide) = await RunAsync(Definition(32, flatten: false));
        Assert.All(uploads, bytes => Assert.Equal(183 + 1024 * 20 / 8, bytes));
        Assert.All(wide, bytes => Assert.Equal(183 + 1000 * 32 / 8, bytes));

        ManifestView manifest = await consortium.OperatorApi().GetManifestAsync(task, round.RoundId);
        SegmentView segment = Assert.Single(manifest.Segments);
        Assert.Equal((1024, Length, 20), (segment.Length, segment.FlattenedLength, manifest.RingBits));
        uint[] words = new uint[1024];
        Assert.True(RingVector.TryDecode(await consortium.OperatorApi().GetAggregateAsync(task, round.RoundId), words));
        TaskParameters parameters = await consortium.ClientFor(0, task).GetTaskParametersAsync();
        UpdateLayout layout = parameters.LayoutOf(RoundKind.Train);
        double[] sum = SumDecoder.ToValues(layout, SumDecoder.ToIntegers(layout, words));

        // All records of all clients point the same way: unflattened, that coordinate of the sum would leave ±2^19.
        double spike = 2.0 * 3 * RecordsOfClient;
        Assert.True(spike * layout.Segments[0].Scale > 1 << 19);
        double deviation = manifest.NoiseDeviation / layout.Segments[0].Scale;
        double squares = 0;
        for (int i = 0; i < Length; i++)
        {
            double error = (sum[i] - (i == 17 ? -spike : 0)) / deviation;
            squares += error * error;
        }

        // Laurent and Massart 2000, Lemma 1; 2100 records, each rounded with a variance of at most a quarter of a unit, add to the noise.
        double rounding = 3 * RecordsOfClient / 4.0 / (manifest.NoiseDeviation * manifest.NoiseDeviation);
        Assert.InRange(squares / Length, 1 - 2 * Math.Sqrt(LogOfOdds / Length), (1 + rounding) * (1 + 2 * Math.Sqrt(LogOfOdds / Length) + 2 * LogOfOdds / Length));
        Assert.True(rounding < 0.1);

        // The server has stepped by that very sum.
        ModelView model = (await consortium.OperatorApi().GetModelsAsync(task))[^1];
        Assert.True(Digest.TryParse(model.ModelDigest, out Digest digest));
        ModelState state = await consortium.OperatorApi().GetModelAsync(digest);
        Assert.Equal(Length, state.Parameters.Count);
        Assert.All(Enumerable.Range(0, Length), i => Assert.Equal(-sum[i] / 3000, state.Parameters[i], 1e-12));
    }

    [Theory]
    [InlineData(20, PrivacyUnit.None, "needs noise")]
    [InlineData(16, PrivacyUnit.Record, "use at least 20 bits")]
    [InlineData(32, PrivacyUnit.Record, "Set flatten to false and ring bits to 21")]
    public async Task Flattening_that_cannot_work_or_does_not_pay_is_refused_at_creation(int ringBits, PrivacyUnit unit, string reason)
    {
        TaskDefinition definition = Definition(ringBits, flatten: true);
        if (unit == PrivacyUnit.None)
            definition = definition with { Privacy = PrivacyDefinition.None };
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        using HttpResponseMessage response = await http.PostAsync(Routes.Tasks, new StringContent(JsonSerializer.Serialize(definition, ResourceJson.Options), Encoding.UTF8, MediaTypes.Json));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Contains(reason, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private async Task<(Identifier Task, RoundOutcome Round, int[] Uploads)> RunAsync(TaskDefinition definition)
    {
        Identifier task = await consortium.CreateTaskAsync(definition);
        RecordingHandler[] wires = [new(), new(), new()];
        List<RoundOutcome>[] seen = [[], [], []];
        await Task.WhenAll(wires.Select((wire, i) => consortium.ClientFor(i, task, null, wire).RunAsync(new Spikes(), new Listener(seen[i]))));
        Assert.All(seen, s => Assert.Equal(RoundStatus.Contributed, Assert.Single(s).Status));
        return (task, seen[0][0], [.. wires.Select(w => w.Writes.Single(r => r.Path.Contains("/uploads/", StringComparison.Ordinal)).Body.Length)]);
    }

    private sealed class Listener(List<RoundOutcome> seen) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value) => seen.Add(value);
    }

    /// <summary>Every record: −5 in coordinate 17, which is clipped to −2.</summary>
    private sealed class Spikes : ILocalTrainer, IRecordTrainer, IRecordSource
    {
        public int Count => RecordsOfClient;

        public void Write(int record, Span<double> vector)
        {
            Assert.Equal(Length, vector.Length);
            vector.Clear();
            vector[17] = -5;
        }

        public ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default)
        {
            Assert.Equal(Length, Assert.Single(assignment.Layout.Segments).Length);
            return ValueTask.FromResult<IRecordSource>(this);
        }

        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => throw new InvalidOperationException("A record-level task does not ask for one vector.");
    }
}
