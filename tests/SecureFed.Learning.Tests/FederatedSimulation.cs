using SecureFed.Learning.Data;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Scenarios;
using SecureFed.Learning.Training;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

/// <summary>The whole loop in one process, without cryptography: what the service does, with sums in the clear.</summary>
internal sealed class FederatedSimulation(ScenarioData data, Scenario scenario, ulong seed)
{
    private readonly DeterministicSequence drops = new(seed, 0x64726f70);

    public List<double> LargestNorms { get; } = [];

    public double Dropout { get; init; } = scenario.DefaultDropout;

    public LocalTrainingOptions Local { get; init; } = scenario.Local;

    public int Rounds { get; init; } = scenario.DefaultRounds;

    public double ServerRate { get; init; } = scenario.ServerRate;

    public bool Clip { get; init; } = true;

    public double ClipNorm { get; init; } = scenario.ClipNorm;

    public GlobalModel Start { get; init; } = GlobalModel.Zero(scenario.ModelKind, data.Schema.Features.Count);

    public (GlobalModel Model, Standardizer Standardizer) Run()
    {
        DataSchema schema = data.Schema;
        double[] moments = Sum(data.Clients.Select(client => MomentVector.Create(client, schema, data.MaxRows)));
        Standardizer standardizer = Standardizer.FromSum(schema, moments, data.MaxRows);
        DataSet[] clients = [.. data.Clients.Select(standardizer.Apply)];
        var optimizer = new FedAvg(ServerRate);
        var objective = new Objective(Start.Shape, scenario.Penalty, standardizer.TotalRows);
        GlobalModel model = Start;
        double[] state = optimizer.InitialState(model.Parameters.Length);
        for (int round = 1; round <= Rounds; round++)
        {
            var vectors = new List<double[]>();
            double largest = 0;
            for (int client = 0; client < clients.Length; client++)
            {
                if (!drops.NextBoolean(Dropout))
                {
                    LocalUpdate update = LocalTrainer.Train(model, clients[client], objective, Local, round, unchecked((seed * 1_000) + (ulong)client));
                    double[] vector = FedAvg.CreateVector(update, data.MaxRows);
                    largest = Math.Max(largest, Norm(vector.AsSpan(..^1)));
                    vectors.Add(Clip ? Clipped(vector) : vector);
                }
            }

            LargestNorms.Add(largest);
            ServerStep step = optimizer.Step(model.Parameters, state, Sum(vectors), vectors.Count);
            (model, state) = (model.With(step.Parameters), step.State);
        }

        return (model, standardizer);
    }

    public static double[] Sum(IEnumerable<double[]> vectors) =>
        vectors.Aggregate((sum, vector) => [.. sum.Zip(vector, (a, b) => a + b)]);

    private double[] Clipped(double[] vector)
    {
        VectorLayout layout = new FedAvg().Layout(vector.Length - 1, ClipNorm);
        Span<double> delta = layout.Slice(vector.AsSpan(), FedAvg.WeightedDelta);
        double norm = Norm(delta);
        for (int j = 0; norm > ClipNorm && j < delta.Length; j++)
        {
            delta[j] *= ClipNorm / norm;
        }

        return vector;
    }

    private static double Norm(ReadOnlySpan<double> vector)
    {
        double square = 0;
        foreach (double x in vector)
        {
            square += x * x;
        }

        return Math.Sqrt(square);
    }
}
