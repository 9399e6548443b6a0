using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>An encrypted round with the clients that it invites, and what follows from both.</summary>
/// <param name="Parameters">The round.</param>
/// <param name="OpenDigest">What every message of the round binds.</param>
/// <param name="Invited">Ascending.</param>
/// <param name="Thresholds">c, S_min and h of n invited clients.</param>
internal sealed record OpenedRound(RoundParameters Parameters, Digest OpenDigest, IReadOnlyList<Identifier> Invited, CohortThresholds Thresholds)
{
    public RoundEncryption Encryption => Parameters.Encryption!;

    /// <summary>Rebuilds a round that was examined before, from saved bytes; null if they are none.</summary>
    public static OpenedRound? TryRead(TaskParameters task, ReadOnlySpan<byte> openEntry, ulong openIndex, ReadOnlySpan<byte> invited) =>
        LogEntry.TryDecode(openEntry, out LogEntry? entry)
        && entry!.Event is TaskEvent.RoundOpened { Round.Encryption: not null } opened
        && InvitedList.TryDecode(invited, out InvitedList? list)
        && CohortThresholds.TryDeriveEncrypted(opened.Round.Cohort, list!.Clients.Count, out _) is { } thresholds
            ? new OpenedRound(task.Complete(opened.Round), Rounds.OpenDigest.Of(openEntry, openIndex), list.Clients, thresholds)
            : null;

    /// <summary>Reads a list of this round's uploads: of invited clients only, and not fewer than the round promises.</summary>
    /// <returns>Null, or why the list is refused.</returns>
    public RoundRejection? TryReadList(ReadOnlySpan<byte> blob, out UploadList? list)
    {
        if (!UploadList.TryDecode(blob, out list) || list!.OpenDigest != OpenDigest)
            return new RoundRejection(ErrorCodes.InvalidSurvivors, "The list of uploads is malformed or belongs to another opening of the round; it is refused.");
        if (list.Uploads.Count < Thresholds.LeastSurvivors)
            return new RoundRejection(ErrorCodes.TooFewSurvivors, $"{list.Uploads.Count} uploads are fewer than the {Thresholds.LeastSurvivors} that this round promised; the list is refused.");
        HashSet<Identifier> invited = [.. Invited];
        return list.Uploads.All(u => invited.Contains(u.Client))
            ? null
            : new RoundRejection(ErrorCodes.InvalidSurvivors, "The list names a client that the round does not invite; it is refused.");
    }
}
