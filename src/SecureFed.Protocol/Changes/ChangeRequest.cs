using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Changes;

/// <summary>What an operator asks for; worth nothing until a second person approves it.</summary>
/// <param name="TaskId">Task.</param>
/// <param name="ChangeId">16 random bytes, used for one change of the task only.</param>
/// <param name="Kind">What changes.</param>
/// <param name="Epsilon">The task's whole ε afterwards, for <see cref="ChangeKind.RaiseBudget"/>; 0 otherwise.</param>
/// <param name="TrainRounds">The schedule's training rounds afterwards, for <see cref="ChangeKind.ExtendSchedule"/>; 0 otherwise.</param>
/// <param name="Requester">Operator who signs.</param>
/// <param name="ExpiresAt">
/// Unix time in seconds after which no approval is accepted. Judged by the server's clock when the approval arrives: entries carry no time, so a log cannot show that a
/// server has kept an approval back beyond it.
/// </param>
/// <param name="Reason">For people, 1 to 512 bytes of UTF-8.</param>
public sealed record ChangeRequest(
    Identifier TaskId, Identifier ChangeId, ChangeKind Kind, double Epsilon, int TrainRounds, Identifier Requester, ulong ExpiresAt, string Reason)
{
    public const int GreatestReasonBytes = 512;

    /// <summary>A server accepts no request that is valid for longer.</summary>
    public static TimeSpan GreatestLifetime { get; } = TimeSpan.FromHours(24);

    private const byte Version = 1;
    private const int GreatestTrainRounds = 1_000_000;

    /// <summary>In words, as an approver and an auditor read it.</summary>
    public string Effect => Kind switch
    {
        ChangeKind.Start => "the first round may open",
        ChangeKind.RaiseBudget => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the privacy budget is raised to epsilon {Epsilon}"),
        _ => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the schedule is extended to {TrainRounds} training rounds"),
    };

    internal bool IsWellFormed =>
        Enum.IsDefined(Kind)
        && (Kind == ChangeKind.RaiseBudget ? double.IsFinite(Epsilon) && Epsilon > 0 : Epsilon == 0)
        && (Kind == ChangeKind.ExtendSchedule ? TrainRounds is >= 1 and <= GreatestTrainRounds : TrainRounds == 0)
        && Utf8.Fits(Reason, GreatestReasonBytes);

    internal byte[] Encode() => CanonicalWriter.Write(writer =>
    {
        writer.UInt8(Version).Identifier(TaskId).Identifier(ChangeId).UInt8((byte)Kind);
        if (Kind == ChangeKind.RaiseBudget)
            writer.Double(Epsilon);
        if (Kind == ChangeKind.ExtendSchedule)
            writer.Count(TrainRounds);
        writer.Identifier(Requester).UInt64(ExpiresAt).Text(Reason);
    });

    internal static ChangeRequest? TryDecode(ReadOnlySpan<byte> content)
    {
        CanonicalReader reader = new(content);
        reader.Require(reader.UInt8() == Version);
        Identifier task = reader.Identifier();
        Identifier change = reader.Identifier();
        ChangeKind kind = (ChangeKind)reader.UInt8();
        ChangeRequest read = new(
            task,
            change,
            kind,
            kind == ChangeKind.RaiseBudget ? reader.Double() : 0,
            kind == ChangeKind.ExtendSchedule ? reader.Count(GreatestTrainRounds) : 0,
            reader.Identifier(),
            reader.UInt64(),
            reader.Text(GreatestReasonBytes));
        return reader.IsComplete && read.IsWellFormed ? read : null;
    }
}
