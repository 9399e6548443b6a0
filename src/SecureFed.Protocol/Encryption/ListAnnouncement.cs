using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What client and key holder demand of the announcement of any list of a round.</summary>
internal static class ListAnnouncement
{
    /// <param name="announcement">Entry and blob.</param>
    /// <param name="task">The task.</param>
    /// <param name="policy">Pins the server's key.</param>
    /// <param name="kind">Kind of entry that is due.</param>
    /// <param name="roundId">The round.</param>
    /// <param name="earlier">Log index of the announcement before which this one cannot come.</param>
    /// <returns>Null, or why the announcement is refused.</returns>
    public static RoundRejection? FindFault(Announcement announcement, TaskParameters task, ClientPolicy policy, EventType kind, Identifier roundId, ulong earlier)
    {
        if (!announcement.Entry.TryOpen(task.TaskId, policy.ServerKey.Span, out LogEntry? entry))
            return new RoundRejection(ErrorCodes.ServerUntrusted, "The announcement is not signed by the server that the policy pins.");
        return entry!.Event is TaskEvent.ListPublished published
            && published.Kind == kind
            && published.RoundId == roundId
            && published.ListDigest == Digest.Of(announcement.Blob.Span)
            && announcement.Entry.Index > earlier
            ? null
            : new RoundRejection(ErrorCodes.HistoryRewritten, $"The announcement is not a later {kind} entry of this round with this list; it is refused.");
    }
}
