namespace SecureFed.Learning.Models;

/// <summary>The function between two layers of a network.</summary>
public enum Activation
{
    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>max(0, x); derivative 0 at 0.</summary>
    Relu,
}
