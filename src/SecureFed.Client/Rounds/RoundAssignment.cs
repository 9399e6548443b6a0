using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Client.Rounds;

/// <summary>What a round asks of a client's trainer, after the policy was checked.</summary>
/// <param name="Task">Task parameters.</param>
/// <param name="Round">Round parameters; their layout says which segments to fill.</param>
/// <param name="Model">The global model that the update refers to.</param>
public sealed record RoundAssignment(TaskParameters Task, RoundParameters Round, ModelState Model)
{
    /// <summary>The segments to fill. A count for adaptive clipping is not among them: the pipeline makes it.</summary>
    public UpdateLayout Layout => Round.Layout.Computed;
}
