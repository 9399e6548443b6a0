using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>The server's learning rate from round to round: a factor on the task's rate that follows from the training rounds behind the model and those of the schedule.</summary>
/// <remarks>The formulas are <c>ServerRateSchedule</c>'s in the learning library. Costs no privacy: nothing but public counts enters.</remarks>
/// <param name="Kind">How the rate goes on after the warm-up.</param>
/// <param name="WarmUpRounds">Training rounds of the linear warm-up; fewer than the schedule has.</param>
/// <param name="Floor">Cosine: least factor, 0 to 1.</param>
/// <param name="StepRounds">Step: training rounds between two steps, at least 1.</param>
/// <param name="StepFactor">Step: factor of each, in (0, 1].</param>
public sealed record ServerScheduleSpecification(ServerScheduleKind Kind, int WarmUpRounds = 0, double Floor = 0, int StepRounds = 10, double StepFactor = 0.5)
{
    internal const int EncodedBytes = 1 + 4 + 8 + 4 + 8;

    internal string? FindFault()
    {
        if (!Enum.IsDefined(Kind))
            return "The server's schedule is none that this version knows.";
        return WarmUpRounds >= 0 && StepRounds >= 1 && Floor is >= 0 and <= 1 && StepFactor is > 0 and <= 1
            ? null
            : "The server's schedule: 0 or more rounds of warm-up, a floor of 0 to 1, steps after 1 or more rounds by a factor in (0, 1].";
    }

    internal void Write(CanonicalWriter writer) => writer.UInt8((byte)Kind).Count(WarmUpRounds).Double(Floor).Count(StepRounds).Double(StepFactor);

    internal static ServerScheduleSpecification Read(ref CanonicalReader reader) =>
        new((ServerScheduleKind)reader.UInt8(), reader.Count(int.MaxValue), reader.Double(), reader.Count(int.MaxValue), reader.Double());
}
