using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Client.Rounds;

/// <summary>What a client brings to a round: one vector, or records of which a sample or a leaf is summed.</summary>
/// <param name="Values">The vector; empty with records.</param>
/// <param name="Records">The records; null with a vector.</param>
/// <param name="Leaves">What the client holds of the epoch's tree; null if the round releases no node of one.</param>
/// <param name="TrainRound">Training rounds behind the round's model.</param>
internal readonly record struct RoundInput(ReadOnlyMemory<double> Values, IRecordSource? Records, LeafSums? Leaves = null, int TrainRound = 0)
{
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
