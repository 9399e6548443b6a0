using SecureFed.Client.State;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>What a client brings to a round: one vector, or records of which a sample or a leaf is summed.</summary>
/// <param name="Values">The vector; empty with records.</param>
/// <param name="Records">The records; null with a vector.</param>
/// <param name="Leaves">What the client holds of the epoch's tree; null if the round releases no node of one.</param>
/// <param name="TrainRound">Training rounds behind the round's model.</param>
/// <param name="ComputedOn">What the vector was computed on, if on another model than the round's (<see cref="RoundRepetition"/>); else null.</param>
internal readonly record struct RoundInput(ReadOnlyMemory<double> Values, IRecordSource? Records, LeafSums? Leaves = null, int TrainRound = 0, Digest? ComputedOn = null)
{
    /// <summary>With the model that the vector was computed on, before the vector leaves: after a restart nobody would know it. No honest round comes back to that model.</summary>
    public SavedRounds RememberIn(SavedRounds saved) =>
        ComputedOn is not { } earlier || saved.Answered?.Contains(earlier) == true ? saved : saved with { Answered = [.. saved.Answered ?? [], earlier] };

    /// <param name="pipeline">Stages.</param>
    /// <param name="task">Task.</param>
    /// <param name="round">Round.</param>
    /// <param name="zeroedRecords">Records that gave no finite vector and counted as zero.</param>
    public QuantizedUpdate Quantize(UpdatePipeline pipeline, TaskParameters task, RoundParameters round, out int zeroedRecords)
    {
        zeroedRecords = 0;
        return this switch
        {
            { Records: null } => pipeline.Quantize(round.Layout, Values.Span),
            { Leaves: null } => pipeline.Quantize(round.Layout, Records, task.Privacy.SamplingRateOf(round.Kind), out zeroedRecords),
            _ => pipeline.Quantize(round.Layout, Records, Leaves, TrainRound, out zeroedRecords),
        };
    }
}
