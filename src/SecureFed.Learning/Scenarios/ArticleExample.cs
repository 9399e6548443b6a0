using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Training;

namespace SecureFed.Learning.Scenarios;

/// <summary>The introductory example of the source article: y = 2x learned from x = 1, 2, 3 by clients that all hold these rows.</summary>
/// <remarks>
/// Linear model without penalty and without standardisation, local Adam, squared error, one epoch of batches of one row per round. Adam starts anew in every
/// round; with its usual ε = 1e-8 every first step is as long as the learning rate, and the order of the rows shows until the rate has decayed (100 rounds at
/// 0.7·0.94^t). With ε = 3 steps shrink with the gradient, and <see cref="Rounds"/> rounds of plain <see cref="Optimizers.FedAvg"/> reach w = 2 ± 0.01
/// and b = 0 ± 0.02 whatever the order of the rows (the test asks for half of that over 300 seeds; 40 rounds only just do).
/// </remarks>
public static class ArticleExample
{
    /// <summary>Clients, each with all three rows.</summary>
    public const int Clients = 3;

    /// <summary>Training rounds.</summary>
    public const int Rounds = 60;

    /// <summary>λ.</summary>
    public const double Penalty = 0;

    /// <summary>Clip norm of w·Δ: a round of three Adam steps of at most 0.7 in two parameters stays below.</summary>
    public const double ClipNorm = 4;

    /// <summary>Model of one weight and the intercept.</summary>
    public const ModelKind Model = ModelKind.Linear;

    /// <summary>The rows of every client.</summary>
    public static DataSet Data { get; } = DataSet.Create(["x"], [1, 2, 3], [2, 4, 6]);

    /// <summary>Public bounds.</summary>
    public static DataSchema Schema { get; } = new([new FeatureSchema("x", 0, 4)], new FeatureSchema("y", 0, 8), LabelKind.Numeric);

    /// <summary>Local training.</summary>
    public static LocalTrainingOptions Local { get; } = new()
    {
        Optimizer = LocalOptimizer.Adam,
        Epochs = 1,
        BatchSize = 1,
        LearningRate = 0.7,
        AdamEpsilon = 3,
    };
}
