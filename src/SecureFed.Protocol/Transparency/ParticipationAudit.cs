using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>Recomputes from signed entries and published lists whose updates each released sum holds and how near it comes to an earlier one.</summary>
/// <remarks>
/// For an auditor of the cross-round guard who does not believe the server's report. Fed the task's entries in order. Shows nothing about rounds whose entries
/// the server keeps to itself: that takes the Merkle log and its witnesses.
/// </remarks>
/// <param name="taskId">Task.</param>
/// <param name="serverKey">The server's identity key, 65 bytes, from the auditor's own policy.</param>
/// <param name="fetch">The announcement of a list of a round or leaf, as the server serves it.</param>
public sealed class ParticipationAudit(Identifier taskId, ReadOnlyMemory<byte> serverKey, Func<Identifier, EventType, Announcement?> fetch)
{
    private readonly List<Participation> sums = [];
    private readonly Dictionary<Identifier, IReadOnlyList<Identifier>> survivors = [];
    private readonly Dictionary<Identifier, MaskingCohort> leaves = [];
    private readonly HashSet<Identifier> closed = [];
    private SurvivorHistory history = SurvivorHistory.Empty;
    private SurvivorHistory before = SurvivorHistory.Empty;
    private RoundParameters? round;
    private Digest openDigest;
    private ulong next;

    /// <summary>Every released sum so far.</summary>
    public IReadOnlyList<Participation> Sums => sums;

    /// <summary>Takes the next entry.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public string? Add(SignedEntry signed)
    {
        if (signed.Index != next || !signed.TryOpen(taskId, serverKey.Span, out LogEntry? entry))
            return $"Entry {next} is missing or not signed by the server.";
        next++;
        switch (entry!.Event)
        {
            case TaskEvent.RoundOpened opened:
                round = opened.Round;
                openDigest = OpenDigest.Of(signed.Bytes.Span, signed.Index);
                leaves.Clear();
                survivors.Clear();
                closed.Clear();
                before = history;
                return null;
            case TaskEvent.ListPublished { Kind: EventType.CohortPublished } cohort:
                return AddCohort(cohort);
            case TaskEvent.ListPublished { Kind: EventType.SurvivorsListed } list:
                return AddSurvivors(list);
            case TaskEvent.ListPublished { Kind: EventType.UnmaskRequested } asked:
                return Release(asked.RoundId);
            case TaskEvent.RoundClosed end when leaves.Count > 1 && leaves.ContainsKey(end.RoundId):
                closed.Add(end.RoundId);
                return null;
            case TaskEvent.RoundClosed end when end.RoundId == round?.RoundId:
                return ReleaseWhole();
            case TaskEvent.RoundAborted end when end.RoundId == round?.RoundId:
                return ReleaseWhole();
            default:
                return null;
        }
    }

    private string? AddCohort(TaskEvent.ListPublished published)
    {
        if (round is null
            || published.RoundId != round.RoundId
            || round.Cohort.FindFault() is not null
            || BlobOf(published) is not { } blob
            || !CohortList.TryDecode(blob.Span, out CohortList? list)
            || list!.Thresholds != CohortThresholds.TryDerive(round.Cohort, list.Advertisements.Count, out _)
            || !list.Advertisements.All(a => SignedMessage.TryDecode(a, out SignedMessage? message) is null && message!.Body is Advertisement))
        {
            return $"The cohort of entry {next - 1} does not open.";
        }

        foreach (CohortLeaf leaf in CohortLeaf.Cut(list, blob.ToArray(), round))
            leaves[leaf.RoundId] = MaskingCohort.Create(leaf);
        return null;
    }

    private string? AddSurvivors(TaskEvent.ListPublished published)
    {
        if (BlobOf(published) is not { } blob || (round?.Encryption is null ? ReadMasked(published.RoundId, blob) : ReadEncrypted(published, blob)) is not { } listed)
            return $"The survivors of entry {next - 1} do not follow the cohort.";
        survivors[published.RoundId] = listed;
        return null;
    }

    private Identifier[]? ReadMasked(Identifier leafId, ReadOnlyMemory<byte> blob) =>
        leaves.TryGetValue(leafId, out MaskingCohort? leaf)
        && SurvivorList.TryDecode(blob.Span, out SurvivorList? list)
        && list!.CohortDigest == leaf.Digest
        && list.Survivors.All(s => s < leaf.Count)
            ? [.. list.Survivors.Select(s => leaf[s])]
            : null;

    private Identifier[]? ReadEncrypted(TaskEvent.ListPublished published, ReadOnlyMemory<byte> blob) =>
        published.RoundId == round!.RoundId
        && UploadList.TryDecode(blob.Span, out UploadList? list)
        && list!.OpenDigest == openDigest
        && list.Uploads.Count == published.Count
            ? [.. list.Uploads.Select(u => u.Client)]
            : null;

    private string? Release(Identifier leaf)
    {
        if (round is null || !survivors.TryGetValue(leaf, out IReadOnlyList<Identifier>? released))
            return $"Entry {next - 1} asks for shares of a round without survivors.";
        (int Round, int Difference)? nearest = before.Nearest(round.Kind, released);
        sums.Add(new Participation(round.Number, leaf, round.Kind, released.Count, nearest?.Round, nearest?.Difference));
        history = history.Add(round.Number, round.Kind, released);
        return nearest is { } near && near.Difference < round.Cohort.LeastDifference
            ? $"Round {round.Number} and round {near.Round} differ by {near.Difference} clients, the task promises {round.Cohort.LeastDifference}."
            : null;
    }

    /// <summary>The sum of the leaves that closed is one sum more.</summary>
    private string? ReleaseWhole()
    {
        if (closed.Count == 0)
            return null;
        survivors[round!.RoundId] = [.. closed.SelectMany(leaf => survivors.GetValueOrDefault(leaf, []))];
        closed.Clear();
        return Release(round.RoundId);
    }

    private ReadOnlyMemory<byte>? BlobOf(TaskEvent.ListPublished published) =>
        fetch(published.RoundId, published.Kind) is { } announcement && Digest.Of(announcement.Blob.Span) == published.ListDigest ? announcement.Blob : null;
}
