namespace SecureFed.Learning.Optimizers;

/// <summary>Which <see cref="IServerRule"/>, for settings that are written down.</summary>
public enum ServerRuleKind
{
    /// <summary><see cref="PlainRule"/>.</summary>
    Plain,

    /// <summary><see cref="MomentumRule"/> with its default momentum.</summary>
    Momentum,

    /// <summary><see cref="AdamRule"/> with its default decays and τ.</summary>
    Adam,

    /// <summary><see cref="YogiRule"/> with its default decays and τ.</summary>
    Yogi,

    /// <summary><see cref="AdagradRule"/> without momentum, with its default τ.</summary>
    Adagrad,
}
