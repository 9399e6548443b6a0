using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Client.Rounds;

/// <summary>What a client brings to a round: one vector, or records of which a sample is summed.</summary>
internal readonly record struct RoundInput(ReadOnlyMemory<double> Values, IRecordSource? Records)
{
    /// <param name="pipeline">Stages.</param>
    /// <param name="task">Task.</param>
    /// <param name="round">Round.</param>
    /// <param name="zeroedRecords">Records that gave no finite vector and counted as zero.</param>
    public QuantizedUpdate Quantize(UpdatePipeline pipeline, TaskParameters task, RoundParameters round, out int zeroedRecords)
    {
        zeroedRecords = 0;
        return Records is null
            ? pipeline.Quantize(round.Layout, Values.Span)
            : pipeline.Quantize(round.Layout, Records, task.Privacy.SamplingRateOf(round.Kind), out zeroedRecords);
    }
}
