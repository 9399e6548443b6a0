using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Scenarios;

/// <summary>How a scenario trains when every row is protected: DP-SGD over the union of the rows, one server step per round, the second half's models averaged.</summary>
/// <remarks>
/// <para>Noise is not stated here: the accountant derives it from ε, δ, rate, rounds and the standardisation's part. All were chosen for ε = 4 and δ = 10⁻⁵,
/// standardisation included and evaluation not, on the real and the synthetic data, over 40 or more seeds; at ε = 2 they still meet the same targets on average.</para>
/// <para>Few rounds with many rows each: at a given ε the noise of one full-batch step grows as the root of the number of rounds and averages out as the root of it, so
/// rounds beyond those that the optimisation needs gain nothing and cost time.</para>
/// </remarks>
public sealed record RecordLevelSettings
{
    /// <summary>q in (0, 1]: probability with which a client draws each of its rows in a training round. 1 takes all rows and needs no secret draw.</summary>
    public required double SamplingRate { get; init; }

    /// <summary>T: training rounds, scheduled in advance; each costs budget.</summary>
    public required int Rounds { get; init; }

    /// <summary>The server's rule.</summary>
    public required ServerRuleKind Rule { get; init; }

    /// <summary>η of the rule.</summary>
    public required double ServerRate { get; init; }

    /// <summary>Clip norm of one row's gradient at standardised features, L2. The noise is proportional to it.</summary>
    public required double ClipNorm { get; init; }

    /// <summary>Default noised.</summary>
    public StandardisationKind Standardisation { get; init; } = StandardisationKind.Noised;

    /// <summary>Part of the budget's divergence that the standardisation round takes, in [0, 1); 0 by public bounds. Default 0.3: costs training about a sixth more noise.</summary>
    public double StandardisationShare { get; init; } = 0.3;

    /// <summary>The server's rule with its rate.</summary>
    public IServerRule CreateRule() => ServerRules.Create(Rule, ServerRate);
}
