using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>One entry of a task's log: version, type, task, event body.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Event">What happened.</param>
public sealed record LogEntry(Identifier TaskId, TaskEvent Event)
{
    /// <summary>An entry bundle gives each entry a 16-bit length (C2SP tlog-tiles).</summary>
    public const int GreatestBytes = 65_535;

    private const byte Version = 1;

    /// <exception cref="ArgumentException">The entry could not be read back: longer than 65,535 bytes or a field out of its range. Put the long part into a blob.</exception>
    public byte[] Encode()
    {
        byte[] bytes = CanonicalWriter.Write(writer =>
        {
            writer.UInt8(Version).UInt8((byte)Event.Type).Identifier(TaskId);
            Event.WriteBody(writer);
        });

        // A durable entry that the fold cannot read would end the task for good.
        return TryDecode(bytes, out _) ? bytes : throw new ArgumentException($"An entry {Event.Type} of {bytes.Length} bytes could not be read back.");
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out LogEntry? entry)
    {
        entry = null;
        if (bytes.Length > GreatestBytes)
            return false;
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        EventType type = (EventType)reader.UInt8();
        Identifier taskId = reader.Identifier();
        TaskEvent? body = ReadBody(type, ref reader);
        if (body is null || !reader.IsComplete)
            return false;
        entry = new LogEntry(taskId, body);
        return true;
    }

    private static TaskEvent? ReadBody(EventType type, ref CanonicalReader reader)
    {
        switch (type)
        {
            case EventType.TaskCreated:
                return new TaskEvent.TaskCreated(reader.Digest(), reader.Digest(), reader.Digest());
            case EventType.RoundOpened:
                return RoundParameters.Read(ref reader) is { } round ? new TaskEvent.RoundOpened(round) : null;
            case EventType.KeysAdvertised or EventType.SharesDealt or EventType.UpdateUploaded or EventType.SurvivorsConfirmed or EventType.UnmaskAnswered or EventType.SharesChecked:
                return new TaskEvent.MessageAccepted(type, reader.Identifier(), reader.Identifier(), reader.Digest());
            case EventType.CohortPublished or EventType.DealersListed or EventType.SurvivorsListed or EventType.UnmaskRequested or EventType.UploadsFixed:
                return new TaskEvent.ListPublished(type, reader.Identifier(), reader.Digest(), reader.Count(ShamirSecretSharing.MaxPoint));
            case EventType.RoundClosed:
                return new TaskEvent.RoundClosed(reader.Identifier(), reader.Digest(), reader.Digest(), reader.Count(ShamirSecretSharing.MaxPoint), SuspectList.Read(ref reader));
            case EventType.RoundAborted:
                return new TaskEvent.RoundAborted(reader.Identifier(), reader.Text(64), SuspectList.Read(ref reader));
            case EventType.ModelPublished:
                return new TaskEvent.ModelPublished(reader.Identifier(), reader.Digest(), reader.Digest());
            case EventType.ModelRefused:
                return new TaskEvent.ModelRefused(reader.Identifier(), reader.Text(64));
            case EventType.VectorsDeleted:
                return new TaskEvent.VectorsDeleted(reader.Identifier());
            case EventType.RosterChanged:
                return new TaskEvent.RosterChanged(reader.Digest());
            case EventType.ChangeRequested:
                return new TaskEvent.ChangeRequested(reader.Digest());
            case EventType.ChangeApproved:
                return new TaskEvent.ChangeApproved(reader.Digest(), reader.Digest());
            case EventType.HolderKeyOffered:
                return new TaskEvent.HolderKeyOffered(reader.Digest());
            case EventType.TaskFinished:
                return new TaskEvent.TaskFinished(reader.Text(64));
            default:
                return null;
        }
    }
}
