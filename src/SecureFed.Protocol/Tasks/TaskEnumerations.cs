namespace SecureFed.Protocol.Tasks;

/// <summary>What the global vector means.</summary>
public enum TaskModelKind : byte
{
    /// <summary>Any vector: the application trains by itself and contributes updates of a fixed length.</summary>
    Vector = 1,
    Linear = 2,
    Logistic = 3,

    /// <summary>Softmax regression over the task's classes.</summary>
    Softmax = 4,

    /// <summary>One or two hidden layers.</summary>
    Network = 5,

    /// <summary>Gradient-boosted trees (<see cref="TreeSpecification"/>).</summary>
    Trees = 6,

    /// <summary>No model: questions about the clients' columns, answered by noised sums (<see cref="StatisticsSpecification"/>).</summary>
    Statistics = 7,
}

/// <summary>How the server steps the global model.</summary>
public enum ServerOptimizerKind : byte
{
    /// <summary>θ ← θ + α · Σ w·Δ / Σ w with hidden weights (McMahan et al. 2017, Algorithm 1).</summary>
    FedAvg = 1,

    /// <summary>θ ← θ − α · (1/n) · Σ ∇L_i, the source article's formula.</summary>
    FedSgd = 2,

    /// <summary>FedAvg's direction (the mean gradient at record level) with server momentum (Hsu et al. 2019).</summary>
    FedAvgM = 3,

    /// <summary>The same with Adam at the server (Reddi et al. 2021, Algorithm 2).</summary>
    FedAdam = 4,

    /// <summary>The same with Yogi at the server.</summary>
    FedYogi = 5,

    /// <summary>The same with Adagrad at the server.</summary>
    FedAdagrad = 6,
}

/// <summary>How a client trains between rounds.</summary>
public enum LocalOptimizerKind : byte
{
    Sgd = 1,
    Adam = 2,
}
