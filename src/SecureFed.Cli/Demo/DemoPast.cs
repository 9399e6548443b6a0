using SecureFed.Client;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>What lay behind a run when this process took it up.</summary>
/// <param name="Times">How often it was resumed; 0 if it was not.</param>
/// <param name="Rounds">Rounds that were over.</param>
/// <param name="Trained">Training rounds among them that gave a model.</param>
/// <param name="LostLeaves">See <see cref="DemoResumption.LostLeaves"/>.</param>
internal sealed record DemoPast(int Times, int Rounds, int Trained, int LostLeaves)
{
    public static DemoPast None { get; } = new(0, 0, 0, 0);

    public static async Task<DemoPast> OfAsync(DemoPlan plan, int times, SecureFedOperator taskOperator, Identifier taskId, CancellationToken cancellationToken)
    {
        IReadOnlyList<RoundView> rounds = await taskOperator.GetRoundsAsync(taskId, cancellationToken);
        IReadOnlyList<ModelView> models = await taskOperator.GetModelsAsync(taskId, cancellationToken);
        int trained = models.Count(model => model.Kind == RoundKind.Train);
        int leaves = plan.Privacy.Definition.TreeLeaves;
        return new DemoPast(times, rounds.Count(round => round.Phase is RoundPhase.Closed or RoundPhase.Aborted), trained, leaves > 0 ? trained % leaves : 0);
    }

    public override string ToString() => FormattableString.Invariant($"Resumed after {Rounds} rounds, {Trained} of them training rounds with a model.") + (LostLeaves == 0
        ? ""
        : FormattableString.Invariant($" With --mechanism tree the clients' sums of {LostLeaves} training rounds were in memory and are lost: the nodes to come lack them, so the model may be poorer; what was promised about privacy stands."));
}
