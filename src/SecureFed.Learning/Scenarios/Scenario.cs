using System.Diagnostics.CodeAnalysis;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Training;
using SecureFed.Learning.Trees;

namespace SecureFed.Learning.Scenarios;

/// <summary>One kind of consortium: its participants, its hyper-parameters, and a generator of synthetic data.</summary>
/// <remarks>The hyper-parameters were chosen on the real data sets named in the tests, over several partitions; the same serve a user's CSV.</remarks>
public sealed class Scenario
{
    private readonly ISyntheticData generator;

    internal Scenario(ISyntheticData generator) => this.generator = generator;

    /// <summary>Name on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>Who takes part and what is predicted, in one sentence.</summary>
    public required string Description { get; init; }

    /// <summary>Number of clients unless the user says otherwise.</summary>
    public required int DefaultClients { get; init; }

    /// <summary>Number of training rounds unless the user says otherwise.</summary>
    public required int DefaultRounds { get; init; }

    /// <summary>Probability that a client drops out of a round.</summary>
    public double DefaultDropout { get; init; }

    /// <summary>δ_drop of DESIGN section 3: the part of the cohort whose loss the thresholds carry.</summary>
    public double DropoutTolerance { get; init; } = 0.1;

    /// <summary>Model unless the user says otherwise.</summary>
    public ModelKind ModelKind { get; init; } = ModelKind.Logistic;

    /// <summary>λ on the summed loss.</summary>
    public double Penalty { get; init; } = 1;

    /// <summary>Local training between two aggregations (FedAvg).</summary>
    public required LocalTrainingOptions Local { get; init; }

    /// <summary>Server rate of FedAvg.</summary>
    public double ServerRate { get; init; } = 1;

    /// <summary>α of FedSGD, for those who choose it: needs many more rounds.</summary>
    public double FedSgdLearningRate { get; init; } = 1;

    /// <summary>Clip norm of a client's model segment, L2: w·Δ for FedAvg, the gradient for FedSGD. It is above every update of the last rounds.</summary>
    public required double ClipNorm { get; init; }

    /// <summary>How to train when every row is protected.</summary>
    public required RecordLevelSettings RecordLevel { get; init; }

    /// <summary>How to train a network.</summary>
    public required NetworkSettings Network { get; init; }

    /// <summary>Boosted trees where sums are exact: best splits by histograms. Few trees that learn fast, for each level of each costs a round.</summary>
    public TreeSettings ExactTrees { get; init; } = new(10, 4, 32, 0.5, TreeRule.Histogram);

    /// <summary>Boosted trees under noise: splits drawn at random, since only leaf sums are then to be paid for.</summary>
    public TreeSettings NoisedTrees { get; init; } = new(200, 4, 32, 0.1, TreeRule.Random, 20);

    /// <summary>The trees that suit.</summary>
    /// <param name="hasNoise">Whether sums carry noise.</param>
    public TreeSettings TreesFor(bool hasNoise) => hasNoise ? NoisedTrees : ExactTrees;

    /// <summary>All scenarios.</summary>
    public static IReadOnlyList<Scenario> All => ScenarioCatalogue.All;

    /// <summary>Finds a scenario.</summary>
    /// <exception cref="LearningException"><c>unknown-scenario</c>.</exception>
    public static Scenario ByName(string name) => TryByName(name, out Scenario? scenario)
        ? scenario
        : throw new LearningException("unknown-scenario", $"There is no scenario '{name}'.", $"Choose one of {string.Join(", ", All.Select(known => known.Name))}.");

    /// <summary>Finds a scenario by its exact name.</summary>
    public static bool TryByName(string name, [NotNullWhen(true)] out Scenario? scenario)
    {
        scenario = All.FirstOrDefault(known => string.Equals(known.Name, name, StringComparison.Ordinal));
        return scenario is not null;
    }

    /// <summary>Synthetic rows for every client. The generator's documentation says how they come about.</summary>
    /// <param name="clients">At least 1.</param>
    /// <param name="seed">Equal seeds give equal rows.</param>
    /// <param name="dealing">Null: each client keeps the rows of its own kind. Otherwise the training rows of all are dealt anew.</param>
    /// <exception cref="DataException"><c>too-few-values</c> or <c>unknown-column</c>.</exception>
    public ScenarioData Generate(int clients, ulong seed, Dealing? dealing = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clients, 1);
        ScenarioData data = ScenarioData.Split([.. Enumerable.Range(0, clients).Select(client => SyntheticRows.Generate(generator, client, seed))], generator.Schema);
        return dealing is null ? data : data.DealAnew(clients, dealing, seed);
    }

    /// <summary>A user's table, every row dealt evenly to the clients: for statistics, which need no test rows.</summary>
    /// <exception cref="DataException"><c>too-few-rows</c>.</exception>
    public static ScenarioData DealAll(CsvTable table, int clients, ulong seed) =>
        new(Partition.Iid(table.Data, clients, seed), table.Data.Select([]), table.Schema);

    /// <summary>A user's table, dealt to the clients; every fifth row is a test row.</summary>
    /// <param name="table">All rows; read with <see cref="CsvOptions.PartitionBy"/> if they are dealt by a column.</param>
    /// <param name="clients">At least 1.</param>
    /// <param name="seed">Equal seeds deal equally.</param>
    /// <param name="dealing">Null: evenly.</param>
    /// <exception cref="DataException"><c>too-few-rows</c> or <c>too-few-values</c>.</exception>
    public static ScenarioData Deal(CsvTable table, int clients, ulong seed, Dealing? dealing = null)
    {
        TrainTestSplit split = TrainTestSplit.ByIndex(table.Data);
        string[] values = [.. table.PartitionValues.Where((_, row) => !TrainTestSplit.IsTest(row))];
        return new ScenarioData((dealing ?? Dealing.Iid).Deal(split.Train, values, table.Schema.LabelKind, clients, seed), split.Test, table.Schema);
    }
}
