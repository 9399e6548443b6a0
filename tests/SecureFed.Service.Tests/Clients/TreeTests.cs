using SecureFed.Client;
using SecureFed.Client.Ledger;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Learning.Optimizers;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Tree aggregation from a client's records to the server's model, and what the client's own ledger charges for it.</summary>
public class TreeTests(TestConsortium consortium)
{
    private const int Leaves = 4;
    private const int Length = 400;

    [Fact]
    public void Prefix_sums_of_the_real_pipeline_without_noise_are_the_sums_of_all_leaves_so_far()
    {
        UpdateLayout layout = new([new UpdateSegment(RecordSgd.Gradient, 2, 1000, 8)], 32);
        UpdatePipeline pipeline = new(OperatingSystemRandomSource.Instance);
        LeafSums[] clients = [.. Enumerable.Range(0, 3).Select(_ => new LeafSums(5))];
        TreeSgd server = new(new PlainRule(1), 5, 1, 0);
        (double[] model, double[] state, double[] expected) = ([0, 0], [], [0, 0]);
        for (int round = 0; round < 2 * 5; round++)
        {
            uint[] ring = new uint[2];
            for (int client = 0; client < clients.Length; client++)
            {
                // What a record gives depends on the round: a leaf that were computed again would show.
                CountedRecords records = new(11 + client, record => [(client + 1) * record + round, -round]);
                uint[] upload = new uint[2];
                pipeline.AddNoise(pipeline.Quantize(layout, records, clients[client], round, out _), Rational.Zero).CopyTo(upload);
                for (int i = 0; i < 2; i++)
                    ring[i] = unchecked(ring[i] + upload[i]);
                Assert.Equal(Enumerable.Range(0, 11 + client).Where(r => r % 5 == round % 5), records.Read);
                expected[0] -= records.Read.Sum(record => (double)((client + 1) * record + round));
                expected[1] += records.Read.Count * (double)round;
            }

            double[] node = SumDecoder.ToValues(layout, SumDecoder.ToIntegers(layout, ring));
            (model, state) = (server.Step(model, state, node, 3).Parameters, server.Step(model, state, node, 3).State);
            Assert.Equal(expected, model);
        }
    }

    [Fact]
    public async Task A_task_with_a_tree_steps_by_prefix_sums_with_fresh_noise_in_every_node_and_pays_for_the_levels()
    {
        TaskDefinition definition = Definitions.Vector(Length, rounds: 2 * Leaves, clipNorm: 1) with
        {
            Training = new TrainingDefinition { Optimizer = ServerOptimizerKind.FedSgd, ClipNorm = 1, AverageIterates = false },
            Privacy = new PrivacyDefinition { Unit = PrivacyUnit.Record, Epsilon = 4, Delta = 1e-5, ExpectedRecords = 30, DataSet = Definitions.NewId(), TreeLeaves = Leaves },
        };
        Identifier task = await consortium.CreateTaskAsync(definition);
        List<RoundOutcome>[] seen = [[], [], []];
        MemoryPrivacyLedger[] ledgers = [new(), new(), new()];
        ModelState[] models = await Task.WhenAll(Enumerable.Range(0, 3).Select(i =>
            consortium.ClientFor(i, task, o => o.Ledger = ledgers[i]).RunAsync(new RecordTrainer(10), new Listener(seen[i]))));

        TaskParameters parameters = await consortium.ClientFor(0, task).GetTaskParametersAsync();
        BudgetView budget = await consortium.OperatorApi().GetBudgetAsync(task);
        long c = parameters.Privacy.Releases[0].Charge;
        Assert.Equal([c, c, 0, c, c, c, 0, c], budget.Entries.Select(e => e.Units));
        foreach (MemoryPrivacyLedger ledger in ledgers)
            Assert.Equal(budget.EpsilonSpent, Assert.Single(await ledger.ReadAsync()).Epsilon, 1e-9);

        UpdateLayout layout = parameters.LayoutOf(RoundKind.Train);
        TreeSgd server = new(new PlainRule(1), Leaves, 30.0 / Leaves, 0);
        (double[] model, double[] state) = (new double[Length], []);
        List<double[]> noises = [];
        for (int round = 0; round < 2 * Leaves; round++)
        {
            uint[] words = new uint[Length];
            Assert.True(RingVector.TryDecode(await consortium.OperatorApi().GetAggregateAsync(task, seen[0][round].RoundId), words));
            int[] released = SumDecoder.ToIntegers(layout, words);
            double deviation = (await consortium.OperatorApi().GetManifestAsync(task, seen[0][round].RoundId)).NoiseDeviation;
            noises.Add([.. released.Select((v, i) => (v - seen.Sum(s => (long)s[round].Quantized.Span[i])) / deviation)]);
            ServerStep step = server.Step(model, state, SumDecoder.ToValues(layout, released), 3);
            (model, state) = (step.Parameters, step.State);
        }

        Assert.All(models, m => Assert.Equal(model, m.Parameters));

        // Standard normal and independent: six standard errors each.
        double error = 6 / Math.Sqrt(Length);
        for (int one = 0; one < noises.Count; one++)
        {
            Assert.InRange(noises[one].Average(v => v * v), 1 - error * Math.Sqrt(2), 1 + error * Math.Sqrt(2));
            for (int other = 0; other < one; other++)
                Assert.InRange(noises[one].Zip(noises[other], (x, y) => x * y).Average(), -error, error);
        }
    }

    [Fact]
    public async Task A_clients_own_ledger_charges_the_most_that_any_of_its_records_is_in_whatever_nodes_a_server_opens()
    {
        TaskParameters task = await TreeTaskAsync(spares: 100);
        long c = task.Privacy.Releases[0].Charge;
        Random random = new(4711);
        using TemporaryDirectory directory = new();
        int[] counts = new int[Leaves + 1];
        PrivacyLimits limits = PrivacyLimits.Default;
        for (int round = 1; round <= 60; round++)
        {
            int node = random.Next(1, Leaves + 1);
            PrivacyCharge charge = new(task, round, PartOf(round), c, node);

            // Every time another process: what was charged stands in the file.
            await new FilePrivacyLedger(directory.Path).ChargeAsync(charge, limits);
            await new FilePrivacyLedger(directory.Path).ChargeAsync(charge, limits);
            for (int leaf = 1; leaf <= Leaves; leaf++)
                counts[leaf] += FenwickTree.NodesTouching(leaf, Leaves).Contains(node) ? 1 : 0;
            TaskSpending spending = Assert.Single(await new FilePrivacyLedger(directory.Path).ReadAsync());
            Assert.Equal(CapOf(task).EpsilonOf(c * counts.Max()), spending.Epsilon, 1e-9);
        }
    }

    [Fact]
    public async Task A_client_that_missed_no_node_pays_what_the_task_states_and_leaving_out_the_paid_nodes_saves_a_server_nothing()
    {
        TaskParameters task = await TreeTaskAsync(spares: 0);
        long c = task.Privacy.Releases[0].Charge;
        MemoryPrivacyLedger honest = new();
        MemoryPrivacyLedger cheated = new();
        double spent = 0;
        for (int t = 1; t <= Leaves; t++)
        {
            await honest.ChargeAsync(new PrivacyCharge(task, t, PartOf(t), c, t), PrivacyLimits.Default);
            spent += TreeAggregationAccountant.UnitsOfRound(t, false, c);
            Assert.Equal(CapOf(task).EpsilonOf((long)spent), Assert.Single(await honest.ReadAsync()).Epsilon, 1e-9);

            // Node 3 is free in its place; opened again and again it is not.
            await cheated.ChargeAsync(new PrivacyCharge(task, t, PartOf(t), c, 3), PrivacyLimits.Default);
            Assert.Equal(CapOf(task).EpsilonOf(t * c), Assert.Single(await cheated.ReadAsync()).Epsilon, 1e-9);
        }
    }

    private static Digest PartOf(int round) => Digest.Of([(byte)round]);

    private static BudgetCap CapOf(TaskParameters task) => new(task.Privacy.Epsilon, task.Privacy.Delta, task.Privacy.Order);

    private async Task<TaskParameters> TreeTaskAsync(int spares)
    {
        Identifier id = await consortium.CreateTaskAsync(Definitions.Vector(clipNorm: 1, rounds: Leaves) with
        {
            Training = new TrainingDefinition { Optimizer = ServerOptimizerKind.FedSgd, ClipNorm = 1 },
            Privacy = new PrivacyDefinition
            {
                Unit = PrivacyUnit.Record,
                Epsilon = 4,
                Delta = 1e-5,
                ExpectedRecords = 30,
                DataSet = Definitions.NewId(),
                TreeLeaves = Leaves,
                SpareRounds = spares,
            },
        });
        return await consortium.ClientFor(0, id).GetTaskParametersAsync();
    }

    /// <summary>Records as a function of their place; remembers which were read.</summary>
    private sealed class CountedRecords(int count, Func<int, double[]> vectorOf) : IRecordSource
    {
        public List<int> Read { get; } = [];

        public int Count => count;

        public void Write(int record, Span<double> vector)
        {
            Read.Add(record);
            vectorOf(record).CopyTo(vector);
        }
    }

    /// <summary>Each record pulls one coordinate.</summary>
    private sealed class RecordTrainer(int count) : ILocalTrainer, IRecordTrainer
    {
        public ValueTask<double[]> ComputeAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask<IRecordSource> OpenRecordsAsync(RoundAssignment assignment, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IRecordSource>(new CountedRecords(count, record => [.. Enumerable.Range(0, Length).Select(i => i == record ? 1.0 : 0)]));
    }

    private sealed class Listener(List<RoundOutcome> outcomes) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value) => outcomes.Add(value);
    }
}
