using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>What a client demands of a ROUND_OPENED entry before it makes a key for the round: everything must follow from the task, the roster and the policy.</summary>
internal static class RoundExamination
{
    /// <returns>Null, or why the client abstains.</returns>
    public static RoundRejection? FindFault(ClientContext context, SignedEntry opening, int lastRoundNumber, out RoundParameters? round)
    {
        round = null;
        if (!opening.TryOpen(context.Task.TaskId, context.Policy.ServerKey.Span, out LogEntry? entry) || entry!.Event is not TaskEvent.RoundOpened opened)
            return Refuse(ErrorCodes.ServerUntrusted, "The opening of the round is not signed by the server that the policy pins.");
        RoundParameters read = opened.Round;
        if (read.Number <= lastRoundNumber)
            return Refuse(ErrorCodes.RoundReplayed, $"Round {read.Number} is not later than round {lastRoundNumber}, which this client joined before.");
        if (read.Number > context.InForce.Schedule.GreatestRoundNumber)
            return Refuse(ErrorCodes.InvalidParameters, $"Round {read.Number} lies beyond the {context.InForce.Schedule.GreatestRoundNumber} that the task's schedule allows, failures included.");
        if (read.TaskDigest != Digest.Of(context.Task.Encode()))
            return Refuse(ErrorCodes.InvalidParameters, "The round refers to other task parameters than those this client accepted.");
        if (read.RosterDigest != context.Roster.Digest)
            return Refuse(ErrorCodes.RosterUntrusted, "The round refers to another roster than the one this client holds; fetch the roster again.");
        if (read.Cohort != context.Task.Cohort || read.Cohort.Organisations < context.Roster.ClientOrganisations || read.Protection != context.Task.Protection)
            return Refuse(ErrorCodes.InvalidParameters, "The round's cohort bounds or protection differ from the task's or from the roster.");
        if (!context.Task.Schedule.Kinds.Contains(read.Kind) || !context.Task.Allows(read.Kind, read.Layout))
            return Refuse(ErrorCodes.InvalidParameters, "The round's segments, clip norms or scales differ from those that follow from the task.");
        if (!context.Task.Allows(read.Kind, read.Noise))
            return Refuse(ErrorCodes.InvalidParameters, "The round's noise or its charge differs from the task's.");
        if (context.Policy.Check(context.InForce) is { } violation)
            return violation;
        round = context.Task.Complete(read);
        return null;
    }

    /// <summary>What can be told only with the model that the round names: whether the round is the one that follows from it.</summary>
    /// <remarks>
    /// The charge of a node is c in the rounds 1, 2, 4, 8, … of an epoch, and c or 0 in the others: c if an earlier round for the node was committed, which a client that was not in it
    /// cannot know. Nor does it believe the model's count of rounds: its own ledger counts the nodes that each leaf of its own records is in.
    /// </remarks>
    /// <returns>Null, or why the client abstains.</returns>
    public static RoundRejection? FindFault(TaskParameters task, RoundParameters round, ModelState model)
    {
        if (task.ClipsAdaptively(round.Kind) && round.Layout.Segments[0].ClipNorm != model.ClipNorm)
            return Refuse(ErrorCodes.InvalidParameters, $"The round clips to {round.Layout.Segments[0].ClipNorm}, its model to {model.ClipNorm}.");
        if (round.Kind != RoundKind.Train || !task.Privacy.IsTree)
            return null;
        if (model.CompletedTrainRounds >= task.Schedule.TrainRounds)
            return Refuse(ErrorCodes.InvalidParameters, $"The model has all {task.Schedule.TrainRounds} training rounds of the schedule behind it; no node of a tree is left to release.");
        int node = task.Privacy.NodeOf(round.Kind, model.CompletedTrainRounds);
        long least = task.Privacy.NoiseOf(round.Kind, node, isReleased: false)!.Charge;
        return round.Noise is { } noise && noise.Charge >= least
            ? null
            : Refuse(ErrorCodes.InvalidParameters, $"The round releases node {node} of its tree and charges {round.Noise?.Charge ?? 0} units where {least} are due.");
    }

    private static RoundRejection Refuse(string code, string detail) => new(code, detail);
}
