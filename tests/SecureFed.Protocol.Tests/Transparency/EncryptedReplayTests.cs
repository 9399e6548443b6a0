using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Encryption;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>Logs that the roles of an encrypted round wrote themselves, and an auditor who has them.</summary>
public sealed class EncryptedReplayTests
{
    private readonly EncryptedConsortium all = new("replayed encryption");
    private readonly SimulatedServer server;

    public EncryptedReplayTests()
    {
        server = new SimulatedServer(all.Task, all.Roster, all.ServerKey, all.Random);
        RunRound(all.Clients, all.Holders);
        RunRound([.. all.Clients.Skip(1)], [.. all.Holders.SkipLast(1)]);
    }

    [Fact]
    public void An_honest_log_passes_by_its_entries_and_is_computed_again_to_the_last_sum()
    {
        Assert.Null(FaultOf(Entries, server.Blobs, out TaskReplay replay));
        Assert.Equal(2, replay.RecomputedSums);
        Assert.Equal((2 * 5) + (6 + 15) + (5 + 12), replay.CheckedMessages);
        foreach (bool hasBlobs in (bool[])[true, false])
        {
            EntryAudit audit = new(hasBlobs ? Find : null);
            Assert.All(server.Entries, e => Assert.Null(audit.Add(e.Index, e.Bytes.Span)));
            Assert.Equal(server.State.Rounds.Select(r => (r.Number, r.CohortSize, r.Survivors, r.AggregateDigest)), audit.Rounds.Select(r => (r.Number, r.Cohort, r.Survivors, r.AggregateDigest)));
            Assert.Equal([new(4, 5, 5, 5, 5), new(4, 5, 4, 4, 4)], audit.Rounds.Select(r => r.Holders!));
        }
    }

    [Theory]
    [InlineData(EventType.UploadsFixed)]
    [InlineData(EventType.SurvivorsListed)]
    [InlineData(EventType.UnmaskRequested)]
    public void A_list_that_does_not_follow_from_the_messages_is_found(EventType kind)
    {
        int place = PlaceOf(e => e.Type == kind);
        TaskEvent.ListPublished list = (TaskEvent.ListPublished)EventOf(place);
        ReadOnlyMemory<byte> blob = server.Blobs.Get(list.ListDigest);
        byte[] shorter = kind == EventType.UnmaskRequested
            ? KeySumRequest.TryDecode(blob.Span, out KeySumRequest? request) ? (request! with { Certificate = [.. request.Certificate.SkipLast(1)] }).Encode() : []
            : UploadList.TryDecode(blob.Span, out UploadList? read) ? (read! with { Uploads = [.. read.Uploads.SkipLast(1)] }).Encode() : [];
        server.Blobs.Put(shorter);
        Assert.StartsWith($"Entry {place}: {kind}", FaultOf(Replaced(place, list with { ListDigest = Digest.Of(shorter) }), server.Blobs, out _), StringComparison.Ordinal);
    }

    [Fact]
    public void A_sum_that_is_off_by_one_in_one_coordinate_is_found()
    {
        int place = PlaceOf(e => e is TaskEvent.RoundClosed);
        TaskEvent.RoundClosed closed = (TaskEvent.RoundClosed)EventOf(place);
        byte[] sum = server.Blobs.Get(closed.AggregateDigest).ToArray();
        sum[^1] ^= 1;
        server.Blobs.Put(sum);
        Assert.StartsWith($"Entry {place}: RoundClosed", FaultOf(Replaced(place, closed with { AggregateDigest = Digest.Of(sum) }), server.Blobs, out _), StringComparison.Ordinal);
    }

    /// <summary>Uploads are for clients, everything after them for key holders: a good signature of the other role does not do.</summary>
    [Theory]
    [InlineData(EventType.UpdateUploaded)]
    [InlineData(EventType.SharesChecked)]
    [InlineData(EventType.SurvivorsConfirmed)]
    [InlineData(EventType.UnmaskAnswered)]
    public void A_message_that_the_other_role_signed_is_found(EventType kind)
    {
        int place = PlaceOf(e => e.Type == kind);
        TaskEvent.MessageAccepted accepted = (TaskEvent.MessageAccepted)EventOf(place);
        Assert.Null(SignedMessage.TryDecodeRecord(server.Blobs.Get(accepted.MessageDigest), out SignedMessage? message));
        (Identifier id, SigningKey key) = kind == EventType.UpdateUploaded ? (all.Holders[0].Id, all.Holders[0].Key) : (all.Clients[0].Id, all.Clients[0].Key);
        SignedMessage forged = SignedMessage.Sign(message!.Header with { Sender = id }, message.Body, key);
        server.Blobs.Put(forged.Record);
        Assert.Contains("no valid signature of an enrolled client or key holder", FaultOf(Replaced(place, accepted with { MessageDigest = forged.Digest }), server.Blobs, out _), StringComparison.Ordinal);
    }

    /// <summary>Without a logged deletion missing uploads are a fault; with one the sum of keys alone is computed again, and a wrong one found.</summary>
    [Fact]
    public void Deleted_ciphertexts_leave_the_sum_of_keys_to_be_computed_again()
    {
        Assert.Contains("no entry deletes them", FaultOf(Entries, new WithoutCiphertexts(server), out _), StringComparison.Ordinal);
        foreach (RoundSummary round in server.State.Rounds.ToArray())
            server.Append(server.State.DeleteVectors(round.RoundId)!);
        Assert.Null(FaultOf(Entries, new WithoutCiphertexts(server), out TaskReplay replay));
        Assert.Equal((0, 2), (replay.RecomputedSums, replay.SumsWithoutVectors));
        int place = PlaceOf(e => e is TaskEvent.RoundClosed);
        ReadOnlyMemory<byte>[] wrong = Replaced(place, (TaskEvent.RoundClosed)EventOf(place) with { MaskTotalDigest = Digest.Of("keys"u8) });
        Assert.StartsWith($"Entry {place}: RoundClosed", FaultOf(wrong, new WithoutCiphertexts(server), out _), StringComparison.Ordinal);
    }

    private void RunRound(IReadOnlyList<EncryptingParty> clients, IReadOnlyList<HoldingParty> holders)
    {
        foreach (HoldingParty holder in all.Holders)
            server.Append(server.State.OfferHolderKey(holder.Role.Offer(all.Random).Span).Accepted!);
        if (server.State.AwaitsModel)
            server.Append(server.State.Publish(ModelState.Initial(all.Task.Model) with { CompletedTrainRounds = 1 }));
        server.Append(server.State.Next(all.Random, [.. all.Clients.Select(c => c.Id)])!);
        Announcement opening = new(server.Opening, server.Blobs.Get(server.Round.Parameters.Encryption!.InvitedDigest));
        foreach (HoldingParty holder in holders)
            Assert.Null(holder.Role.OnOpening(opening));
        foreach (EncryptingParty client in clients)
        {
            (EncryptionClient? role, _) = EncryptionClient.Begin(client.Context, opening, 0, all.Random);
            Receive(role!.Encrypt(client.MakeUpdate(server.Round.Parameters.Layout, all.Random), all.Random).Message);
        }

        server.Advance(Patience.DeadlinePassed);
        Announcement fixing = server.AnnouncementOf(EventType.UploadsFixed)!;
        foreach (HoldingParty holder in holders)
            Receive(holder.Role.OnFixedUploads(fixing, server.Round.DeliveriesTo(holder.Id, 0, int.MaxValue)).Message);
        server.Advance(Patience.DeadlinePassed);
        Announcement list = server.AnnouncementOf(EventType.SurvivorsListed)!;
        foreach (HoldingParty holder in holders)
            Receive(holder.Role.OnSurvivors(list).Message);
        server.Advance(Patience.DeadlinePassed);
        Announcement request = server.AnnouncementOf(EventType.UnmaskRequested)!;
        foreach (HoldingParty holder in holders)
            Receive(holder.Role.OnSumRequest(request, server.Round.DeliveriesTo(holder.Id, 0, int.MaxValue)).Message);
        server.Advance(Patience.DeadlinePassed);
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(EncryptedConsortium.SumOf(clients), server.Sum());
    }

    private void Receive(ReadOnlyMemory<byte>? message) => Assert.Equal(SimulatedServer.Accepted, server.Receive(message!.Value));

    private ReadOnlyMemory<byte>[] Entries => [.. server.Entries.Select(e => e.Bytes)];

    private string? FaultOf(IReadOnlyList<ReadOnlyMemory<byte>> entries, IBlobSource blobs, out TaskReplay replay)
    {
        TaskReplay audit = replay = new TaskReplay(blobs, all.Policy.RosterAuthorityKey);
        return entries.Select((entry, index) => audit.Add((ulong)index, entry.Span)).FirstOrDefault(f => f is not null) ?? audit.Finish();
    }

    private ReadOnlyMemory<byte>? Find(Digest digest) => server.Blobs.Get(digest);

    private int PlaceOf(Predicate<TaskEvent> which) => Enumerable.Range(0, server.Entries.Count).First(i => which(EventOf(i)));

    private TaskEvent EventOf(int place) => LogEntry.TryDecode(server.Entries[place].Bytes.Span, out LogEntry? entry) ? entry!.Event : throw new InvalidOperationException();

    private ReadOnlyMemory<byte>[] Replaced(int place, TaskEvent change)
    {
        ReadOnlyMemory<byte>[] entries = Entries;
        entries[place] = new LogEntry(all.Task.TaskId, change).Encode();
        return entries;
    }

    /// <summary>The blobs of a store whose retention has deleted every ciphertext and every sealed share.</summary>
    private sealed class WithoutCiphertexts(SimulatedServer server) : IBlobSource
    {
        private readonly HashSet<Digest> deleted = [.. server.Entries
            .Select(e => LogEntry.TryDecode(e.Bytes.Span, out LogEntry? entry) ? entry!.Event : null).OfType<TaskEvent.MessageAccepted>().Where(a => a.Kind == EventType.UpdateUploaded)
            .Select(a => SignedMessage.TryDecodeRecord(server.Blobs.Get(a.MessageDigest), out SignedMessage? m) is null ? (EncryptedUploadStatement)m!.Body : throw new InvalidOperationException())
            .SelectMany(s => s.BoxDigests.Append(s.CiphertextsDigest))];

        public ReadOnlyMemory<byte> Get(Digest digest) => deleted.Contains(digest) ? throw new KeyNotFoundException() : server.Blobs.Get(digest);
    }
}
