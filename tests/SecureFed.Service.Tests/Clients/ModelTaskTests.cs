using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SecureFed.Client.Rounds;
using SecureFed.Learning;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Whole tasks of softmax regression and networks over HTTP: standardise, train, evaluate.</summary>
public class ModelTaskTests(TestConsortium consortium)
{
    private static readonly string[] Classes = ["left", "middle", "right"];

    public static TheoryData<string> Models => ["softmax", "network of a number", "network of two classes", "network of three classes"];

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Exact_sums_train_every_model_and_measure_it(string name)
    {
        (ModelState[] models, MetricsView metrics, _) = await RunAsync(name, Definitions.Vector() with
        {
            Training = new TrainingDefinition { LocalLearningRate = 0.03, LearningRateDecay = 0.9, LocalEpochs = 3, BatchSize = 16, ClipNorm = 60, GreatestRows = 1000 },
            Schedule = new ScheduleDefinition { Standardise = true, TrainRounds = 8, Evaluate = true },
        });
        Assert.All(models, m => Assert.Equal(models[0].Parameters, m.Parameters));
        Assert.Equal(1800, metrics.Rows);
        AssertGood(name, metrics, 0.93);
        if (name is "softmax" or "network of three classes")
        {
            Assert.Equal(Classes, metrics.Classes!.Select(c => c.Name));
            Assert.Equal(1800, metrics.Classes!.Sum(c => c.Rows));
            Assert.All(metrics.Classes!, c => Assert.Equal(c.Rows, c.Predicted!.Sum()));
            Assert.Equal(metrics.Accuracy!.Value * 1800, metrics.Classes!.Sum(c => c.Correct), 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Noised_sums_of_rows_train_every_model_and_measure_it(string name)
    {
        (_, MetricsView metrics, _) = await RunAsync(name, Definitions.Vector() with
        {
            Training = new TrainingDefinition { Optimizer = ServerOptimizerKind.FedAdam, ServerLearningRate = 0.15, ClipNorm = 2, GreatestRows = 1000, AverageIterates = false },
            Schedule = new ScheduleDefinition { Standardise = true, TrainRounds = 25, Evaluate = true },
            Privacy = new PrivacyDefinition { Unit = PrivacyUnit.Record, Epsilon = 8, Delta = 1e-5, ExpectedRecords = 1800, DataSet = Definitions.NewId() },
        });
        Assert.InRange(metrics.Rows, 1600, 2000);
        Assert.Null(metrics.Classes);
        AssertGood(name, metrics, 0.75);
    }

    [Fact]
    public async Task A_network_starts_from_the_weights_that_its_tasks_identifier_gives()
    {
        (_, _, Identifier task) = await RunAsync("network of two classes", Definitions.Vector() with
        {
            Training = new TrainingDefinition { Optimizer = ServerOptimizerKind.FedSgd, ServerLearningRate = 0.1, ClipNorm = 60, GreatestRows = 1000, ScaleByBounds = true },
        });
        ModelView first = (await consortium.OperatorApi().GetModelsAsync(task))[0];
        Assert.True(Digest.TryParse(first.ModelDigest, out Digest digest));
        ModelState stepped = await consortium.OperatorApi().GetModelAsync(digest);
        ulong seed = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData([.. Encoding.ASCII.GetBytes("securefed initial model"), .. task.ToArray()]));
        double[] initial = LayeredModel.Network(2, [6], Activation.Tanh, OutputKind.Logistic).InitialParameters(seed);

        // One step of at most 0.1 of a gradient that is small beside the weights.
        Assert.True(Math.Sqrt(stepped.Parameters.Zip(initial, (a, b) => (a - b) * (a - b)).Sum()) < 0.15 * Math.Sqrt(initial.Sum(x => x * x)));
        Assert.NotEqual(initial, stepped.Parameters);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("4097")]
    [InlineData("8,8,8")]
    [InlineData("")]
    public async Task Hidden_layers_out_of_range_are_refused_at_creation(string hidden) => await AssertRefusedAsync(ModelOf("network of two classes") with
    {
        Hidden = [.. hidden.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)],
    });

    [Fact]
    public async Task Classes_that_no_task_can_have_are_refused_at_creation()
    {
        ModelDefinition softmax = ModelOf("softmax");
        await AssertRefusedAsync(softmax with { Classes = ["right", "middle", "left"] });
        await AssertRefusedAsync(softmax with { Classes = ["left", "left", "right"] });
        await AssertRefusedAsync(softmax with { Classes = ["left"] });
        await AssertRefusedAsync(softmax with { Classes = ["left", "right"] }); // The label's bounds say three.
        await AssertRefusedAsync(softmax with { Hidden = [3] });
        await AssertRefusedAsync(ModelOf("network of two classes") with { Classes = Classes });
    }

    private async Task AssertRefusedAsync(ModelDefinition model)
    {
        SecureFedException refused = await Assert.ThrowsAsync<SecureFedException>(() => consortium.OperatorApi().CreateTaskAsync(Definitions.Vector() with { Model = model }));
        Assert.Equal("invalid-task", refused.Code);
    }

    private async Task<(ModelState[] Models, MetricsView Metrics, Identifier Task)> RunAsync(string name, TaskDefinition definition)
    {
        Identifier task = await consortium.CreateTaskAsync(definition with { Name = name, Model = ModelOf(name) });
        List<RoundOutcome> seen = [];
        ModelState[] models = await Task.WhenAll(Enumerable.Range(0, 3).Select(i =>
            consortium.ClientFor(i, task).RunAsync(new DataSetTrainer(Rows(name, (ulong)i), (ulong)i), i == 0 ? new Listener(seen) : null)));
        return (models, (await consortium.OperatorApi().GetManifestAsync(task, seen[^1].RoundId)).Metrics!, task);
    }

    private static void AssertGood(string name, MetricsView metrics, double least)
    {
        switch (name)
        {
            case "network of a number":
                Assert.InRange(metrics.R2!.Value, least, 1);
                Assert.Null(metrics.Accuracy);
                break;
            case "network of two classes":
                Assert.InRange(metrics.Auc!.Value, least, 1);
                break;
            default:
                Assert.InRange(metrics.Accuracy!.Value, least, 1);
                Assert.Null(metrics.Auc);
                break;
        }
    }

    private static ModelDefinition ModelOf(string name) => new()
    {
        Kind = name is "softmax" ? TaskModelKind.Softmax : TaskModelKind.Network,
        Features = [new("a", -2, 2), new("b", -2, 2)],
        Label = name switch { "network of a number" => new("y", -5, 5), "network of two classes" => new("y", 0, 1), _ => new("y", 0, 2) },
        L2Penalty = 0.1,
        Hidden = name is "softmax" ? [] : [6],
        Classes = name is "softmax" or "network of three classes" ? Classes : [],
        Output = name is "network of a number" ? NetworkOutput.Linear : null,
    };

    // A parabola that no line tells apart; for softmax regression three stripes.
    private static DataSet Rows(string name, ulong client)
    {
        DeterministicSequence random = new(78, client);
        double[] features = new double[1200];
        double[] labels = new double[600];
        for (int row = 0; row < 600; row++)
        {
            (double a, double b) = (random.NextUniform(-2, 2), random.NextUniform(-2, 2));
            (features[2 * row], features[(2 * row) + 1]) = (a, b);
            double height = (a * a) - 1.3 + (0.5 * b);
            double stripe = a + (0.5 * b);
            labels[row] = name switch
            {
                "network of a number" => height,
                "network of two classes" => height > 0 ? 1 : 0,
                _ => stripe < -0.7 ? 0 : stripe < 0.7 ? 1 : 2,
            };
        }

        return DataSet.Create(["a", "b"], features, labels);
    }

    private sealed class Listener(List<RoundOutcome> outcomes) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value) => outcomes.Add(value);
    }
}
