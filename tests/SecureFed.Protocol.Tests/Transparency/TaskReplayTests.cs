using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>A server that logs what does not follow from its log, and an auditor who has the log.</summary>
public sealed class TaskReplayTests
{
    private readonly SimulatedConsortium consortium = new("replay", new ConsortiumOptions { Clients = 7, DeltaDrop = 0.15m });

    [Fact]
    public void An_honest_log_is_computed_again_to_the_last_sum()
    {
        RunRound();
        TaskReplay replay = Replay(consortium.Server.Entries.Select(e => e.Bytes), out string? fault);
        Assert.Null(fault);
        Assert.Equal(1, replay.RecomputedSums);
        Assert.Equal(5 * 7, replay.CheckedMessages);
        Assert.Equal(SimulatedServer.Observe(consortium.Server.State, consortium.Roster), SimulatedServer.Observe(replay.State!, consortium.Roster));
    }

    [Fact]
    public void A_round_with_leaves_is_computed_again_too()
    {
        SimulatedConsortium many = new("replay leaves", new ConsortiumOptions { Clients = 27, Least = 27, Leaves = 3, DeltaDrop = 0.2m, Gamma = 0.1m });
        many.Server.OpenRound();
        while (many.Server.State.HasOpenRound)
        {
            many.Step(many.Clients);
            many.Server.Advance(Patience.DeadlinePassed);
        }

        TaskReplay replay = new(many.Server.Blobs, many.Authority.PublicKey);
        for (int i = 0; i < many.Server.Entries.Count; i++)
            Assert.Null(replay.Add((ulong)i, many.Server.Entries[i].Bytes.Span));
        Assert.Equal(4, replay.RecomputedSums);
    }

    [Fact]
    public void A_first_model_that_the_tasks_parameters_do_not_give_is_found()
    {
        RunRound();
        ReadOnlySpan<byte> created = consortium.Server.Entries[0].Bytes.Span;
        ModelState first = ModelState.Initial(consortium.Task.Model);
        Assert.Null(new TaskReplay(consortium.Server.Blobs, consortium.Authority.PublicKey, firstModel: _ => first).Add(0, created));
        TaskReplay other = new(consortium.Server.Blobs, consortium.Authority.PublicKey, firstModel: task => first with { Parameters = [.. Enumerable.Repeat(1e-9, task.Model.Length)] });
        Assert.StartsWith("Entry 0: the first model", other.Add(0, created), StringComparison.Ordinal);
    }

    /// <summary>The least lie about a result: one coordinate of the sum is one more than the uploads give.</summary>
    [Fact]
    public void A_sum_that_is_off_by_one_in_one_coordinate_is_found()
    {
        RunRound();
        ReadOnlyMemory<byte>[] entries = [.. consortium.Server.Entries.Select(e => e.Bytes)];
        int place = Array.FindIndex(entries, e => EventOf(e) is TaskEvent.RoundClosed);
        TaskEvent.RoundClosed closed = (TaskEvent.RoundClosed)EventOf(entries[place]);
        byte[] sum = consortium.Server.Blobs.Get(closed.AggregateDigest).ToArray();
        sum[^1] ^= 1;
        consortium.Server.Blobs.Put(sum);
        entries[place] = Encode(closed with { AggregateDigest = Digest.Of(sum) });
        Assert.StartsWith($"Entry {place}: RoundClosed", FaultOf(entries), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EventType.CohortPublished)]
    [InlineData(EventType.DealersListed)]
    [InlineData(EventType.SurvivorsListed)]
    [InlineData(EventType.UnmaskRequested)]
    public void A_list_that_does_not_follow_from_the_messages_is_found(EventType kind)
    {
        RunRound();
        ReadOnlyMemory<byte>[] entries = [.. consortium.Server.Entries.Select(e => e.Bytes)];
        int place = Array.FindIndex(entries, e => EventOf(e).Type == kind);
        TaskEvent.ListPublished list = (TaskEvent.ListPublished)EventOf(entries[place]);
        byte[] changed = Shorten(consortium.Server.Blobs.Get(list.ListDigest), kind);
        consortium.Server.Blobs.Put(changed);
        entries[place] = Encode(list with { ListDigest = Digest.Of(changed) });
        Assert.StartsWith($"Entry {place}: {kind}", FaultOf(entries), StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_that_nobody_signed_is_found()
    {
        RunRound();
        ReadOnlyMemory<byte>[] entries = [.. consortium.Server.Entries.Select(e => e.Bytes)];
        int place = Array.FindIndex(entries, e => EventOf(e).Type == EventType.UpdateUploaded);
        TaskEvent.MessageAccepted accepted = (TaskEvent.MessageAccepted)EventOf(entries[place]);
        byte[] record = consortium.Server.Blobs.Get(accepted.MessageDigest).ToArray();
        record[^1] ^= 1;
        consortium.Server.Blobs.Put(record);
        entries[place] = Encode(accepted with { MessageDigest = Digest.Of(record) });
        Assert.Contains("no valid signature", FaultOf(entries), StringComparison.Ordinal);
    }

    [Fact]
    public void A_round_under_weaker_bounds_than_the_tasks_does_not_fit()
    {
        consortium.Server.OpenRound();
        ReadOnlyMemory<byte>[] entries = [.. consortium.Server.Entries.Select(e => e.Bytes)];
        TaskEvent.RoundOpened opened = (TaskEvent.RoundOpened)EventOf(entries[1]);
        entries[1] = Encode(new TaskEvent.RoundOpened(opened.Round with { Kind = RoundKind.Evaluate }));
        Assert.StartsWith("Entry 1", FaultOf(entries), StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_that_ends_before_its_schedule_does_not_fit()
    {
        ReadOnlyMemory<byte>[] entries = [consortium.Server.Entries[0].Bytes, Encode(new TaskEvent.TaskFinished(""))];
        Assert.StartsWith("Entry 1", FaultOf(entries), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_does_not_follow_from_the_sum_is_found()
    {
        RunRound();
        ModelState next = ModelState.Initial(consortium.Task.Model) with { CompletedTrainRounds = 1 };
        consortium.Server.Append(consortium.Server.State.Publish(next));
        TaskReplay replay = new(consortium.Server.Blobs, consortium.Authority.PublicKey, _ => next);
        Assert.All(consortium.Server.Entries.Select((e, i) => (e, i)), x => Assert.Null(replay.Add((ulong)x.i, x.e.Bytes.Span)));
        Assert.Equal(1, replay.RecomputedModels);

        TaskReplay sceptic = new(consortium.Server.Blobs, consortium.Authority.PublicKey, _ => next with { Parameters = [.. next.Parameters.Select(_ => 1.0)] });
        Assert.All(consortium.Server.Entries.SkipLast(1).Select((e, i) => (e, i)), x => Assert.Null(sceptic.Add((ulong)x.i, x.e.Bytes.Span)));
        Assert.Contains("does not follow from the sum", sceptic.Add((ulong)consortium.Server.Entries.Count - 1, consortium.Server.Entries[^1].Bytes.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void A_roster_of_another_authority_is_refused()
    {
        TaskReplay replay = new(consortium.Server.Blobs, consortium.Server.Key.PublicKey);
        Assert.Contains("authority", replay.Add(0, consortium.Server.Entries[0].Bytes.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Uploads_may_be_missing_only_if_the_log_says_that_they_were_deleted()
    {
        RunRound();
        WithoutUploads pruned = new(consortium);
        Assert.Contains("no entry deletes them", FaultOf(consortium.Server.Entries.Select(e => e.Bytes), pruned), StringComparison.Ordinal);

        consortium.Server.Append(consortium.Server.State.DeleteVectors(consortium.Server.State.Rounds[0].RoundId)!);
        Assert.Null(FaultOf(consortium.Server.Entries.Select(e => e.Bytes), pruned));
        Assert.Null(consortium.Server.State.DeleteVectors(consortium.Server.State.Rounds[0].RoundId));
    }

    /// <summary>Without the uploads the masks still follow from the answers.</summary>
    [Fact]
    public void A_wrong_mask_total_is_found_when_the_uploads_are_gone()
    {
        RunRound();
        consortium.Server.Append(consortium.Server.State.DeleteVectors(consortium.Server.State.Rounds[0].RoundId)!);
        ReadOnlyMemory<byte>[] entries = [.. consortium.Server.Entries.Select(e => e.Bytes)];
        int place = Array.FindIndex(entries, e => EventOf(e) is TaskEvent.RoundClosed);
        entries[place] = Encode((TaskEvent.RoundClosed)EventOf(entries[place]) with { MaskTotalDigest = Digest.Of("masks"u8) });
        Assert.StartsWith($"Entry {place}", FaultOf(entries, new WithoutUploads(consortium)), StringComparison.Ordinal);
    }

    [Fact]
    public void Vectors_of_a_round_in_progress_cannot_be_deleted()
    {
        consortium.Server.OpenRound();
        Assert.Null(consortium.Server.State.DeleteVectors(consortium.Server.Round.Parameters.RoundId));
        ReadOnlyMemory<byte>[] entries = [.. consortium.Server.Entries.Select(e => e.Bytes), Encode(new TaskEvent.VectorsDeleted(consortium.Server.Round.Parameters.RoundId))];
        Assert.StartsWith("Entry 2", FaultOf(entries), StringComparison.Ordinal);
    }

    [Fact]
    public void A_blob_with_other_bytes_than_its_name_says_is_found()
    {
        RunRound();
        Assert.Contains("holds other bytes", FaultOf(consortium.Server.Entries.Select(e => e.Bytes), new OtherBytes(consortium)), StringComparison.Ordinal);
    }

    /// <summary>An offer is a message too: whoever signs one must be enrolled as a key holder, for this task.</summary>
    [Fact]
    public void An_offered_key_must_be_signed_by_a_key_holder_of_the_roster()
    {
        using KeyedRandomSource random = Seeded.Source("offers");
        using SigningKey authority = SigningKey.Generate(random), holder = SigningKey.Generate(random), client = SigningKey.Generate(random), fresh = SigningKey.Generate(random);
        EncryptedLog log = new("replayed offers");
        Roster roster = Roster.Create(1, [new(log.Holders[0], RosterRole.KeyHolder, "Holder", holder.PublicKey), new(log.Holders[1], RosterRole.Client, "Client", client.PublicKey)], authority);
        log.Blobs.Put(roster.Bytes);

        const string refused = "no valid signature of an enrolled key holder";
        Assert.DoesNotContain(refused, FaultOf(SignedHolderKey.Sign(log.Task.TaskId, log.Holders[0], 1, fresh.PublicKey, holder)) ?? "", StringComparison.Ordinal);
        Assert.Contains(refused, FaultOf(SignedHolderKey.Sign(log.Task.TaskId, log.Holders[0], 1, fresh.PublicKey, client)), StringComparison.Ordinal);
        Assert.Contains(refused, FaultOf(SignedHolderKey.Sign(log.Task.TaskId, log.Holders[1], 1, fresh.PublicKey, client)), StringComparison.Ordinal);
        Assert.Contains(refused, FaultOf(SignedHolderKey.Sign(log.Holders[0], log.Holders[0], 1, fresh.PublicKey, holder)), StringComparison.Ordinal);

        string? FaultOf(SignedHolderKey offer)
        {
            log.Blobs.Put(offer.Bytes);
            TaskReplay replay = new(log.Blobs, authority.PublicKey);
            Assert.Null(replay.Add(0, new LogEntry(log.Task.TaskId, (TaskEvent.TaskCreated)log.Events[0] with { RosterDigest = roster.Digest }).Encode()));
            string? fault = replay.Add(1, new LogEntry(log.Task.TaskId, new TaskEvent.HolderKeyOffered(offer.Digest)).Encode());
            Assert.Equal(1, replay.CheckedMessages);
            return fault;
        }
    }

    private void RunRound()
    {
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
    }

    private TaskReplay Replay(IEnumerable<ReadOnlyMemory<byte>> entries, out string? fault, IBlobSource? blobs = null)
    {
        TaskReplay replay = new(blobs ?? consortium.Server.Blobs, consortium.Authority.PublicKey);
        fault = entries.Select((entry, index) => replay.Add((ulong)index, entry.Span)).FirstOrDefault(f => f is not null) ?? replay.Finish();
        return replay;
    }

    private string? FaultOf(IEnumerable<ReadOnlyMemory<byte>> entries, IBlobSource? blobs = null)
    {
        Replay(entries, out string? fault, blobs);
        return fault;
    }

    private static byte[] Shorten(ReadOnlyMemory<byte> list, EventType kind)
    {
        switch (kind)
        {
            case EventType.CohortPublished:
                Assert.True(CohortList.TryDecode(list.Span, out CohortList? cohort));
                return (cohort! with { Advertisements = [.. cohort.Advertisements.SkipLast(1)] }).Encode();
            case EventType.DealersListed:
                Assert.True(DealersList.TryDecode(list.Span, out DealersList? dealers));
                return (dealers! with { Dealers = [.. dealers.Dealers.SkipLast(1)] }).Encode();
            case EventType.SurvivorsListed:
                Assert.True(SurvivorList.TryDecode(list.Span, out SurvivorList? survivors));
                return (survivors! with { Uploads = [.. survivors.Uploads.SkipLast(1)] }).Encode();
            default:
                Assert.True(UnmaskRequest.TryDecode(list.Span, out UnmaskRequest? request));
                return (request! with { Certificate = [.. request.Certificate.SkipLast(1)] }).Encode();
        }
    }

    private byte[] Encode(TaskEvent change) => new LogEntry(consortium.Task.TaskId, change).Encode();

    private static TaskEvent EventOf(ReadOnlyMemory<byte> entry) => LogEntry.TryDecode(entry.Span, out LogEntry? decoded) ? decoded!.Event : throw new InvalidOperationException();

    /// <summary>The blobs of a store whose retention has deleted every uploaded vector.</summary>
    private sealed class WithoutUploads(SimulatedConsortium consortium) : IBlobSource
    {
        private readonly HashSet<Digest> deleted = [.. consortium.Server.Entries
            .Select(e => EventOf(e.Bytes)).OfType<TaskEvent.MessageAccepted>().Where(a => a.Kind == EventType.UpdateUploaded)
            .Select(a => SignedMessage.TryDecodeRecord(consortium.Server.Blobs.Get(a.MessageDigest), out SignedMessage? m) is null ? ((UploadStatement)m!.Body).WordsDigest : default)];

        public ReadOnlyMemory<byte> Get(Digest digest) => deleted.Contains(digest) ? throw new KeyNotFoundException() : consortium.Server.Blobs.Get(digest);
    }

    /// <summary>Gives another upload in the place of each.</summary>
    private sealed class OtherBytes(SimulatedConsortium consortium) : IBlobSource
    {
        public ReadOnlyMemory<byte> Get(Digest digest)
        {
            ReadOnlyMemory<byte> blob = consortium.Server.Blobs.Get(digest);
            return blob.Length == 4 * consortium.Task.LayoutOf(RoundKind.Train).Dimension ? new byte[blob.Length] : blob;
        }
    }
}
