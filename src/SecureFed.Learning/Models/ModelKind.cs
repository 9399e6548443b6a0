namespace SecureFed.Learning.Models;

/// <summary>What a model predicts and how.</summary>
public enum ModelKind
{
    /// <summary>A number: the score itself.</summary>
    Linear,

    /// <summary>The probability of the positive class: the logistic function of the score.</summary>
    Logistic,
}
