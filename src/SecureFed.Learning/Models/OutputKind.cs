namespace SecureFed.Learning.Models;

/// <summary>How the last scores of a model are read, and with that its loss.</summary>
public enum OutputKind
{
    /// <summary>One score, the predicted number; squared error.</summary>
    Linear,

    /// <summary>One score, the logit of the positive class; log loss.</summary>
    Logistic,

    /// <summary>One score for each class, its probability up to a factor after exp; log loss of the class that was right.</summary>
    Softmax,
}
