using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Budgets;

/// <summary>A user's own vectors, one for each record, through the client to the released sum.</summary>
public class RecordLevelTests(TestConsortium consortium)
{
    /// <summary>ln of the odds of a false alarm, 10⁻⁹.</summary>
    private const double LogOfOdds = 21;

    [Fact]
    public async Task The_sum_of_all_records_differs_from_the_exact_one_by_the_stated_noise()
    {
        const int length = 500;
        Identifier task = await consortium.CreateTaskAsync(Definitions.Records(length, expectedRecords: 60));
        Records[] data = [new(length, 10, 1), new(length, 20, 2), new(length, 30, 3)];
        RoundOutcome[] outcomes = await RunAsync(task, data);
        ManifestView manifest = await consortium.OperatorApi().GetManifestAsync(task, outcomes[0].RoundId);
        SegmentView segment = Assert.Single(manifest.Segments);
        UpdateLayout layout = new([new UpdateSegment(segment.Name, segment.Length, segment.ClipNorm, segment.ScaleExponent)], manifest.RingBits);
        uint[] words = new uint[length];
        Assert.True(RingVector.TryDecode(await consortium.OperatorApi().GetAggregateAsync(task, outcomes[0].RoundId), words));
        long[] released = [.. SumDecoder.ToIntegers(layout, words).Select(v => (long)v)];

        double squares = 0;
        for (int i = 0; i < length; i++)
        {
            long own = outcomes.Sum(o => (long)o.Quantized.Span[i]);
            double exact = data.Sum(d => d.SumOf(i)) * Math.ScaleB(1, segment.ScaleExponent);
            Assert.Equal(exact, own, 60.0); // Each of the 60 records is rounded by less than one unit.
            squares += (released[i] - own) / manifest.NoiseDeviation * ((released[i] - own) / manifest.NoiseDeviation);
        }

        // Laurent and Massart 2000, Lemma 1.
        Assert.InRange(squares / length, 1 - 2 * Math.Sqrt(LogOfOdds / length), 1 + 2 * Math.Sqrt(LogOfOdds / length) + 2 * LogOfOdds / length);
        Assert.True(manifest.NoiseDeviation > 10);
    }

    [Fact]
    public async Task A_record_enters_a_sum_with_the_tasks_probability()
    {
        const int records = 4000;
        Identifier task = await consortium.CreateTaskAsync(Definitions.Records(length: 1, expectedRecords: 3 * records, samplingRate: 0.1));
        RoundOutcome[] outcomes = await RunAsync(task, [.. Enumerable.Range(0, 3).Select(i => new Records(1, records, 5))]);
        ManifestView manifest = await consortium.OperatorApi().GetManifestAsync(task, outcomes[0].RoundId);
        double one = 5 * Math.ScaleB(1, manifest.Segments[0].ScaleExponent);
        Assert.All(outcomes, o => Assert.InRange(o.Quantized.Span[0] / one, 400 - 6.5 * 19, 400 + 6.5 * 19)); // Binomial(4000, 0.1): deviation 19, 10⁻⁹ is within 6.5.
        Assert.Equal(3, outcomes.Select(o => o.Quantized.Span[0]).Distinct().Count());
    }

    [Fact]
    public async Task A_finished_update_is_refused_where_the_task_needs_records()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Records());
        foreach (bool isTrainer in new[] { false, true })
        {
            RecordingHandler wire = new();
            SecureFedClient client = consortium.ClientFor(0, task, null, wire);
            SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(async () =>
            {
                if (isTrainer)
                    await client.RunAsync(new VectorTrainer());
                else
                    await client.ContributeAsync(new double[4]);
            });
            Assert.Equal(("records-needed", false), (exception.Code, exception.IsTransient));
            Assert.Contains("IRecordTrainer", exception.Message, StringComparison.Ordinal);
            Assert.Empty(wire.Writes);
        }
    }

    [Fact]
    public async Task What_is_sent_does_not_depend_on_how_many_records_there_are()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Records(length: 50, expectedRecords: 1000, samplingRate: 0.5));
        RecordingHandler[] wires = [new(), new(), new()];
        await RunAsync(task, [new(50, 0, 1), new(50, 3, 1), new(50, 900, 1)], wires);
        (string, int)[][] sizes = [.. wires.Select(w => w.Writes.Select(r => (r.Path.Split('/')[^2], r.Body.Length)).ToArray())];
        Assert.Equal(["keys", "shares", "uploads", "confirmations", "unmask"], sizes[0].Select(s => s.Item1));
        Assert.Equal(sizes[0], sizes[1]);
        Assert.Equal(sizes[0], sizes[2]);
    }

    [Fact]
    public async Task A_record_that_is_no_number_is_refused_before_an_update_leaves()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Records());
        RecordingHandler wire = new();
        InvalidUpdateException exception = await Assert.ThrowsAsync<InvalidUpdateException>(
            () => consortium.ClientFor(0, task, null, wire).RunAsync(new Records(4, 3, double.NaN)));
        Assert.Equal(InvalidUpdateException.NotFinite, exception.Code);
        Assert.Empty(wire.Writes);
    }

    private async Task<RoundOutcome[]> RunAsync(Identifier task, Records[] data, RecordingHandler[]? wires = null)
    {
        List<RoundOutcome>[] seen = [[], [], []];
        await Task.WhenAll(data.Select((d, i) => consortium.ClientFor(i, task, null, wires?[i]).RunAsync(d, new Listener(seen[i]))));
        RoundOutcome[] outcomes = [.. seen.Select(s => Assert.Single(s))];
        Assert.All(outcomes, o => Assert.Equal(RoundStatus.Contributed, o.Status));
        return outcomes;
    }

    private sealed class Listener(List<RoundOutcome> seen) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value) => seen.Add(value);
    }

    private sealed class VectorTrainer : ILocalTrainer
    {
        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => ValueTask.FromResult(new double[4]);
    }

    /// <summary>Records in closed form, well within the clip norm: ±size/√length in turn.</summary>
    private sealed class Records(int length, int count, double size) : ILocalTrainer, IRecordTrainer, IRecordSource
    {
        public int Count => count;

        public double SumOf(int coordinate) => Enumerable.Range(0, count).Sum(record => Value(record, coordinate));

        public void Write(int record, Span<double> vector)
        {
            for (int i = 0; i < vector.Length; i++)
                vector[i] = Value(record, i);
        }

        public ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => ValueTask.FromResult<IRecordSource>(this);

        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => throw new InvalidOperationException("A record-level task does not ask for one vector.");

        private double Value(int record, int coordinate) => (length > 1 && (record + coordinate) % 3 == 0 ? -1 : 1) * size / Math.Sqrt(length);
    }
}
