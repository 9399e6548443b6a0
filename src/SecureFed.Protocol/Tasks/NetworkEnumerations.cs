namespace SecureFed.Protocol.Tasks;

/// <summary>Function after every hidden layer of a network.</summary>
public enum NetworkActivation : byte
{
    /// <summary>The model is no network.</summary>
    None = 0,
    Tanh = 1,
    Relu = 2,
}

/// <summary>What a network predicts.</summary>
public enum NetworkOutput : byte
{
    /// <summary>The model is no network.</summary>
    None = 0,

    /// <summary>A number; squared error.</summary>
    Linear = 1,

    /// <summary>The probability of the positive class; log loss.</summary>
    Logistic = 2,

    /// <summary>The probabilities of the task's classes; log loss.</summary>
    Softmax = 3,
}
