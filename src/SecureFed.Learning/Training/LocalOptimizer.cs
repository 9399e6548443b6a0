namespace SecureFed.Learning.Training;

/// <summary>How a client steps along its batch gradients.</summary>
public enum LocalOptimizer
{
    /// <summary>Plain stochastic gradient descent.</summary>
    Sgd,

    /// <summary>Adam (Kingma and Ba 2015, Algorithm 1) with β1 = 0.9, β2 = 0.999 and ε of the options; its moments start anew in every round.</summary>
    Adam,
}
