namespace SecureFed.Learning.Models;

/// <summary>What a model predicts and how.</summary>
public enum ModelKind
{
    /// <summary>A number: the score itself.</summary>
    Linear,

    /// <summary>The probability of the positive class: the logistic function of the score.</summary>
    Logistic,

    /// <summary>The probabilities of several classes: one linear score each, made positive and normed by the softmax function.</summary>
    Softmax,

    /// <summary>A network with one or two hidden layers, whose output is one of the three above.</summary>
    Network,
}
