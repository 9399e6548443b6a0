using SecureFed.Cryptography.Randomness;
using SecureFed.Learning;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Enrolment;

namespace SecureFed.Server.Tasks;

/// <summary>What a task does next by itself: step the model, move a phase on, take a newer roster over, open a round or end.</summary>
internal sealed class TaskDecisions(TaskLog log, RosterDesk rosters, PhaseClocks clocks, Attendance attendance, IRandomSource random, ILogger logger)
{
    private Digest unfitRoster;

    /// <summary>The event that is due; null while the task waits for clients or time, and after its end.</summary>
    public async Task<PendingEvent?> NextAsync(TaskState state, CancellationToken cancellationToken)
    {
        if (state.AwaitsModel)
            return StepModel(state);
        if (state.HasOpenRound)
            return state.Round!.Advance(clocks.PatienceWith);
        IReadOnlyList<Identifier>? present = Attendance.IsAsked(state.Parameters) ? attendance.Invite(state) : [];
        if (state.Next(random, present) is not { } next || (present is null && next.Event is TaskEvent.RoundOpened))
            return null;
        await rosters.RefreshAsync(cancellationToken); // Another replica may have acknowledged one that is to precede this round.
        return next.Event is TaskEvent.RoundOpened && ChangeRoster(state) is { } change ? change : next;
    }

    /// <summary>The entry that puts the newest roster in force for the task, if there is a newer one and it fits.</summary>
    private PendingEvent? ChangeRoster(TaskState state)
    {
        Roster newest = rosters.Newest;
        if (newest.Sequence <= state.Roster.Sequence || newest.Digest == unfitRoster)
            return null;
        if (state.FindFault(newest) is not { } fault)
            return state.ChangeRoster(newest);
        unfitRoster = newest.Digest;
        Log.RosterDoesNotFit(logger, state.Parameters.TaskId, newest.Sequence, fault.Code, state.Roster.Sequence);
        return null;
    }

    private PendingEvent StepModel(TaskState state)
    {
        ServerRound round = state.Round!;
        try
        {
            return state.Publish(ModelStep.Apply(state, log));
        }
        catch (LearningException exception)
        {
            // One client can bring a sum without weight about (a negative one is within the clip norm), so that costs the round and not the task.
            Log.ModelStepFailed(logger, state.Parameters.TaskId, round.Parameters.Number, exception.Code);
            return state.Refuse(string.Equals(exception.Code, LearningException.ModelNotFinite, StringComparison.Ordinal) ? ErrorCodes.TrainingDiverged : ErrorCodes.InvalidAggregate);
        }
    }
}
