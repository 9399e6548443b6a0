namespace SecureFed.Learning.Optimizers;

/// <summary>Makes server rules from settings.</summary>
public static class ServerRules
{
    /// <summary>The rule of a kind with its default constants.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="rate">η, positive.</param>
    public static IServerRule Create(ServerRuleKind kind, double rate) => kind switch
    {
        ServerRuleKind.Plain => new PlainRule(rate),
        ServerRuleKind.Momentum => new MomentumRule(rate),
        ServerRuleKind.Adam => new AdamRule(rate),
        ServerRuleKind.Yogi => new YogiRule(rate),
        ServerRuleKind.Adagrad => new AdagradRule(rate),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
