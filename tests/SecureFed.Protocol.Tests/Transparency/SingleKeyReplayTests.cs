using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Encryption;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>What an auditor can compute again of a task under a single key: everything but the decryption, for which the holder's signature stands.</summary>
public sealed class SingleKeyReplayTests
{
    private readonly SingleKeyConsortium all = new("replayed single key");

    public SingleKeyReplayTests()
    {
        all.Open();
        all.Upload(all.Clients.Take(4));
        all.PassDeadline();
        all.Release();
        Assert.Equal(RoundPhase.Closed, all.Round.Phase);
    }

    [Fact]
    public void An_honest_log_passes_by_its_entries_and_its_sum_of_ciphertexts_is_computed_again()
    {
        Assert.Null(FaultOf(Entries, all.Server.Blobs, out TaskReplay replay));
        Assert.Equal((1, 0), (replay.RecomputedSums, replay.SumsWithoutVectors));
        EntryAudit audit = new(null);
        Assert.All(all.Server.Entries, e => Assert.Null(audit.Add(e.Index, e.Bytes.Span)));
        Assert.Equal((5, 4), (Assert.Single(audit.Rounds).Cohort, audit.Rounds[0].Survivors));
    }

    [Fact]
    public void An_aggregate_that_the_holder_has_not_signed_is_found()
    {
        int place = PlaceOf(e => e is TaskEvent.RoundClosed);
        TaskEvent.RoundClosed closed = (TaskEvent.RoundClosed)EventOf(place);
        byte[] sum = all.Server.Blobs.Get(closed.AggregateDigest).ToArray();
        sum[^1] ^= 1;
        all.Server.Blobs.Put(sum);
        Assert.StartsWith($"Entry {place}: RoundClosed", FaultOf(Replaced(place, closed with { AggregateDigest = Digest.Of(sum) }), all.Server.Blobs, out _), StringComparison.Ordinal);
    }

    /// <summary>Server and holder together: a signed answer about another sum than the uploads give.</summary>
    [Fact]
    public void A_holder_that_signs_for_another_sum_of_ciphertexts_is_found_while_the_uploads_are_held()
    {
        int place = PlaceOf(e => e.Type == EventType.UnmaskAnswered);
        TaskEvent.MessageAccepted accepted = (TaskEvent.MessageAccepted)EventOf(place);
        Assert.Null(SignedMessage.TryDecodeRecord(all.Server.Blobs.Get(accepted.MessageDigest), out SignedMessage? message));
        byte[] name = new byte[64];
        SingleKeyAnswer lie = new(((SingleKeyAnswerStatement)message!.Body).ListDigest, Digest.Of(name), all.Server.Blobs.Get(((SingleKeyAnswerStatement)message.Body).ValuesDigest));
        SignedMessage signed = SignedMessage.Sign(all.Header(all.HolderId), lie, all.HolderKey);
        all.Server.Blobs.Put(signed.Record);
        all.Server.Blobs.Put(name);
        List<(ulong, byte[])> entries = Replaced(place, accepted with { MessageDigest = signed.Digest });
        int end = PlaceOf(e => e is TaskEvent.RoundClosed);
        entries[end] = ((ulong)end, new LogEntry(all.Task.TaskId, (TaskEvent.RoundClosed)EventOf(end) with { MaskTotalDigest = Digest.Of(name) }).Encode());
        Assert.StartsWith($"Entry {end}: RoundClosed", FaultOf(entries, all.Server.Blobs, out _), StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_logged_deletion_the_digests_that_the_holder_signed_are_compared()
    {
        all.Server.Append(all.Server.State.DeleteVectors(all.Round.Parameters.RoundId)!);
        HashSet<Digest> deleted = [];
        foreach (SingleKeyConsortium.Client client in all.Clients.Take(4))
            deleted.Add(Digest.Of(SingleKeyConsortium.BodyOf(client.Role!.UploadBytes).Ciphertexts.Span));
        Assert.Null(SignedMessage.TryDecodeRecord(all.Server.Blobs.Get(((TaskEvent.MessageAccepted)EventOf(PlaceOf(e => e.Type == EventType.UnmaskAnswered))).MessageDigest), out SignedMessage? answer));
        deleted.Add(((SingleKeyAnswerStatement)answer!.Body).ValuesDigest);
        Without held = new(all.Server.Blobs, deleted);
        Assert.Null(FaultOf(Entries, held, out TaskReplay replay));
        Assert.Equal((0, 1), (replay.RecomputedSums, replay.SumsWithoutVectors));

        int place = PlaceOf(e => e is TaskEvent.RoundClosed);
        TaskEvent.RoundClosed closed = (TaskEvent.RoundClosed)EventOf(place);
        byte[] sum = all.Server.Blobs.Get(closed.AggregateDigest).ToArray();
        sum[^1] ^= 1;
        all.Server.Blobs.Put(sum);
        foreach (TaskEvent lie in (TaskEvent[])[closed with { MaskTotalDigest = Digest.Of("other"u8) }, closed with { AggregateDigest = Digest.Of(sum) }])
            Assert.StartsWith($"Entry {place}: RoundClosed", FaultOf(Replaced(place, lie), held, out _), StringComparison.Ordinal);
    }

    private List<(ulong, byte[])> Entries => [.. all.Server.Entries.Select(e => (e.Index, e.Bytes.ToArray()))];

    private int PlaceOf(Func<TaskEvent, bool> isWanted) => Enumerable.Range(0, all.Server.Entries.Count).First(i => isWanted(EventOf(i)));

    private TaskEvent EventOf(int place)
    {
        Assert.True(LogEntry.TryDecode(all.Server.Entries[place].Bytes.Span, out LogEntry? entry));
        return entry!.Event;
    }

    private List<(ulong, byte[])> Replaced(int place, TaskEvent change)
    {
        List<(ulong, byte[])> entries = Entries;
        entries[place] = ((ulong)place, new LogEntry(all.Task.TaskId, change).Encode());
        return entries;
    }

    private string? FaultOf(IEnumerable<(ulong Index, byte[] Bytes)> entries, IBlobSource blobs, out TaskReplay replay)
    {
        TaskReplay auditor = replay = new TaskReplay(blobs, all.Policy.RosterAuthorityKey);
        return entries.Select(e => auditor.Add(e.Index, e.Bytes)).FirstOrDefault(fault => fault is not null) ?? replay.Finish();
    }

    private sealed class Without(IBlobSource all, HashSet<Digest> deleted) : IBlobSource
    {
        public ReadOnlyMemory<byte> Get(Digest digest) => deleted.Contains(digest) ? throw new KeyNotFoundException($"{digest} was deleted.") : all.Get(digest);
    }
}
