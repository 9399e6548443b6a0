using System.Globalization;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>The auditor's own account of the entries of encrypted tasks: honest logs pass; every illegal transition is found where it stands.</summary>
public sealed class EncryptedEntryAuditTests
{
    private static readonly Lazy<EncryptedLog> Honest = new(() => EncryptedLog.Honest("audited encryption"));
    private static readonly Lazy<EncryptedLog> Single = new(() => EncryptedLog.SingleKey("audited single key"));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_honest_log_passes_with_and_without_blobs(bool hasBlobs)
    {
        EncryptedLog log = Honest.Value;
        EntryAudit audit = new(hasBlobs ? BlobOf(log) : null);
        Assert.Null(FaultOf(log, log.Events, audit));
        Assert.Equal([RoundPhase.Closed, RoundPhase.Aborted, RoundPhase.Aborted, RoundPhase.Closed], audit.Rounds.Select(r => r.Phase));
        Assert.Equal([7, 6, 7, 6], audit.Rounds.Select(r => r.Cohort));
        Assert.Equal([5, 5, 5, 5], audit.Rounds.Select(r => r.LeastSurvivors));
        Assert.Equal([6, 0, 0, 6], audit.Rounds.Select(r => r.Survivors));
        Assert.Equal([1, 0, 0, 0], audit.Rounds.Select(r => r.Dropped));
        Assert.Equal([new(4, 5, 5, 4, 4), new(4, 4, 0, 0, 0), new(4, 5, 4, 4, 3), new(4, 5, 5, 5, 5)], audit.Rounds.Select(r => r.Holders!));
        Assert.Equal(19, audit.OfferedKeys);
        Assert.Equal((2, log.Model), (audit.CompletedRounds, audit.ModelDigest));
        Assert.Equal(hasBlobs, audit.ReadBudget() is not null);
    }

    [Fact]
    public void The_budget_is_committed_by_the_request_for_sums_and_void_before_it()
    {
        EncryptedLog log = Honest.Value;
        EntryAudit audit = new(BlobOf(log));
        Assert.Null(FaultOf(log, log.Events, audit));
        Assert.Equal([BudgetState.Committed, BudgetState.Void, BudgetState.Committed, BudgetState.Committed], audit.Rounds.Select(r => r.Budget!.Value));
        Assert.Equal(3 * log.Task.Privacy.Releases[0].Charge, audit.Budget!.Spent);
    }

    [Fact]
    public void A_round_under_a_single_key_has_no_check()
    {
        EncryptedLog log = Single.Value;
        EntryAudit audit = new(BlobOf(log));
        Assert.Null(FaultOf(log, log.Events, audit));
        AuditedRound round = Assert.Single(audit.Rounds);
        Assert.Equal((RoundPhase.Closed, 7, 6, 1), (round.Phase, round.Cohort, round.Survivors, round.Dropped));
        Assert.Equal(new HolderActivity(1, 1, 0, 1, 1), round.Holders);
    }

    [Fact]
    public void Offers_come_at_any_time_before_the_task_is_over()
    {
        EncryptedLog log = Honest.Value;
        for (int place = 1; place <= log.Events.Count; place++)
        {
            List<TaskEvent> events = [.. log.Events];
            events.Insert(place, new TaskEvent.HolderKeyOffered(Digest.Of("not held"u8)));
            Assert.Null(FaultOf(log, events, new EntryAudit(BlobOf(log))));
        }
    }

    [Fact]
    public void Nothing_is_offered_to_a_task_that_is_over_unless_only_its_budget_is_exhausted()
    {
        EncryptedLog log = new("offered late");
        TaskEvent offer = new TaskEvent.HolderKeyOffered(log.Sign(0, 1).Digest);
        Assert.Equal(2, FaultOf(log, [log.Events[0], new TaskEvent.TaskFinished(ErrorCodes.AbortedByOperator), offer], new EntryAudit())!.Value.Place);
        Assert.Null(FaultOf(log, [log.Events[0], new TaskEvent.TaskFinished(ErrorCodes.BudgetExhausted), offer], new EntryAudit()));
    }

    /// <summary>Who has never acted has a pseudonym that no entry shows; more unknown suspects than such holders there cannot be.</summary>
    [Fact]
    public void A_holder_that_never_acted_can_be_suspected_and_a_stranger_beside_it_cannot()
    {
        EncryptedLog log = Honest.Value;
        int place = log.Events.FindLastIndex(e => e is TaskEvent.RoundAborted);
        TaskEvent.RoundAborted aborted = (TaskEvent.RoundAborted)log.Events[place];
        Identifier[] strangers = [.. new[] { log.Task.TaskId, log.Holders[0] }.Order()];
        List<TaskEvent> events = [.. log.Events];
        events[place] = aborted with { Suspects = strangers[..1] };
        Assert.Null(FaultOf(log, events, new EntryAudit()));
        events[place] = aborted with { Suspects = strangers };
        AssertFault(log, events, place, "not in the round");
    }

    public static TheoryData<string> Lies() => [.. AllLies.Keys];

    public static TheoryData<string> SingleKeyLies() => [.. AllSingleKeyLies.Keys];

    [Theory]
    [MemberData(nameof(Lies))]
    public void An_illegal_transition_is_found_where_it_stands(string lie) => AssertFound(AllLies[lie], Honest.Value);

    [Theory]
    [MemberData(nameof(SingleKeyLies))]
    public void An_illegal_transition_under_a_single_key_is_found_where_it_stands(string lie) => AssertFound(AllSingleKeyLies[lie], Single.Value);

    [Fact]
    public void An_encrypted_round_has_no_leaves()
    {
        EncryptedLog log = new("encrypted leaves", leaves: 2);
        log.Open(7, log.OfferAll(1));
        (int Place, RoundRejection Rejection)? fault = FaultOf(log, log.Events, new EntryAudit());
        Assert.Equal(6, fault!.Value.Place);
        Assert.Contains("no leaves", fault.Value.Rejection.Detail, StringComparison.Ordinal);
    }

    private delegate (int Place, string Words) Lie(List<TaskEvent> events, EncryptedLog log);

    private static readonly Dictionary<string, Lie> AllLies = new(StringComparer.Ordinal)
    {
        // What belongs to masked rounds.
        ["an advertisement"] = (e, l) => Insert(e, PlaceOf(e, EventType.UpdateUploaded), Of(e, EventType.UpdateUploaded, EventType.KeysAdvertised), "belongs to masked rounds"),
        ["dealt shares"] = (e, l) => Insert(e, PlaceOf(e, EventType.UpdateUploaded), Of(e, EventType.UpdateUploaded, EventType.SharesDealt), "belongs to masked rounds"),
        ["a cohort"] = (e, _) => Insert(e, PlaceOf(e, EventType.UpdateUploaded), ListOf(e, EventType.UploadsFixed, EventType.CohortPublished), "belongs to masked rounds"),
        ["dealers"] = (e, _) => Insert(e, PlaceOf(e, EventType.UploadsFixed), ListOf(e, EventType.UploadsFixed, EventType.DealersListed), "belongs to masked rounds"),

        // Phases.
        ["a list before the uploads are fixed"] = (e, _) => Insert(e, PlaceOf(e, EventType.UploadsFixed), e[PlaceOf(e, EventType.SurvivorsListed)], "is in Upload"),
        ["a check before the uploads are fixed"] = (e, _) => Insert(e, PlaceOf(e, EventType.UploadsFixed), e[PlaceOf(e, EventType.SharesChecked)], "is in Upload"),
        ["an upload after the uploads are fixed"] = (e, _) => Insert(e, PlaceOf(e, EventType.UploadsFixed) + 1, e[PlaceOf(e, EventType.UpdateUploaded)], "is in Check"),
        ["uploads fixed twice: a second challenge"] = (e, _) => Insert(e, PlaceOf(e, EventType.UploadsFixed) + 1, e[PlaceOf(e, EventType.UploadsFixed)], "is in Check"),
        ["a signature before the list"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsListed), e[PlaceOf(e, EventType.SurvivorsConfirmed)], "is in Check"),
        ["a check after the list"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsListed) + 1, e[PlaceOf(e, EventType.SharesChecked)], "is in Confirm"),
        ["a second list"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsListed) + 1, e[PlaceOf(e, EventType.SurvivorsListed)], "is in Confirm"),
        ["a sum of shares before the request"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskRequested), e[PlaceOf(e, EventType.UnmaskAnswered)], "is in Confirm"),
        ["a request before the list"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsListed), e[PlaceOf(e, EventType.UnmaskRequested)], "is in Check"),
        ["a second request"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskRequested) + 1, e[PlaceOf(e, EventType.UnmaskRequested)], "is in Unmask"),
        ["a signature after the request"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskRequested) + 1, e[PlaceOf(e, EventType.SurvivorsConfirmed)], "is in Unmask"),
        ["a sum before the request"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskRequested), e[PlaceOf(e, EventType.RoundClosed)], "is in Confirm"),
        ["a second end"] = (e, _) => Insert(e, PlaceOf(e, EventType.RoundClosed) + 1, new TaskEvent.RoundAborted(FirstRound(e).RoundId, "x"), "no round is in progress"),

        // Who acts, and how often.
        ["a second upload of a pseudonym"] = (e, _) => Insert(e, PlaceOf(e, EventType.UpdateUploaded) + 1, e[PlaceOf(e, EventType.UpdateUploaded)], "already"),
        ["more uploads than invited clients"] = (e, l) => Insert(e, PlaceOf(e, EventType.UploadsFixed), With(e, EventType.UpdateUploaded, l.Task.TaskId), "so many clients were invited"),
        ["a second check of a pseudonym"] = (e, _) => Insert(e, PlaceOf(e, EventType.SharesChecked) + 1, e[PlaceOf(e, EventType.SharesChecked)], "already"),
        ["a second signature of a pseudonym"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsConfirmed) + 1, e[PlaceOf(e, EventType.SurvivorsConfirmed)], "already"),
        ["a second sum of a pseudonym"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskAnswered) + 1, e[PlaceOf(e, EventType.UnmaskAnswered)], "already"),
        ["a check by a client"] = (e, _) => Client(e, EventType.SharesChecked),
        ["a signature by a client"] = (e, _) => Client(e, EventType.SurvivorsConfirmed),
        ["a sum by a client"] = (e, _) => Client(e, EventType.UnmaskAnswered),
        ["a sixth holder that checks"] = (e, l) => Insert(e, PlaceOf(e, EventType.SurvivorsListed), With(e, EventType.SharesChecked, l.Task.TaskId), "so many have a seat"),
        ["a sixth holder that signs"] = (e, l) => Insert(e, PlaceOf(e, EventType.UnmaskRequested), With(e, EventType.SurvivorsConfirmed, l.Task.TaskId), "so many have a seat"),
        ["a sixth holder that answers"] = (e, l) => Insert(e, PlaceOf(e, EventType.RoundClosed), With(e, EventType.UnmaskAnswered, l.Task.TaskId), "so many have a seat"),

        // Counts.
        ["more uploads fixed than came"] = (e, _) => ChangeList(e, EventType.UploadsFixed, 8, "7 came"),
        ["fewer uploads fixed than came"] = (e, _) => ChangeList(e, EventType.UploadsFixed, 6, "7 came"),
        ["too few uploads fixed"] = (e, l) => Replace(e, PlaceOf(e, EventType.UploadsFixed) - 3, 3, ((TaskEvent.ListPublished)e[PlaceOf(e, EventType.UploadsFixed)]) with { Count = 4 }, "S_min is 5"),
        ["more survivors than uploads"] = (e, _) => ChangeList(e, EventType.SurvivorsListed, 8, "7 uploads"),
        ["fewer survivors than the minimum"] = (e, _) => ChangeList(e, EventType.SurvivorsListed, 4, "S_min is 5"),
        ["a list that too few holders have checked"] = (e, _) => Insert(e, PlaceOf(e, EventType.SharesChecked) + 3, e[PlaceOf(e, EventType.SurvivorsListed)], "4 key holders must have checked"),
        ["a request without the threshold of signatures"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsConfirmed) + 3, e[PlaceOf(e, EventType.UnmaskRequested)], "4 key holders must have signed"),
        ["left-out clients that are not"] = (e, _) => ChangeList(e, EventType.UnmaskRequested, 0, "7 uploaded and 6 are listed"),
        ["a sum after three answers"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskAnswered) + 3, e[PlaceOf(e, EventType.RoundClosed)], "4 of the key holders are needed"),
        ["a sum of other survivors"] = (e, _) => Change<TaskEvent.RoundClosed>(e, 1, c => c with { Survivors = 7 }, "6 survivors were listed"),
        ["a sum that suspects a stranger"] = (e, l) => Change<TaskEvent.RoundClosed>(e, 1, c => c with { Suspects = [l.Task.TaskId] }, "not in the round"),

        // What the opening says.
        ["no protection"] = (e, _) => Opening(e, 1, o => o with { Protection = ProtectionKind.Masking, Encryption = null }, "protection or layout"),
        ["a single key in the place of one-time keys"] = (e, _) => Opening(e, 1, o => o with { Protection = ProtectionKind.EncryptionSingleKey }, "protection or layout"),
        ["a lower threshold"] = (e, _) => Encryption(e, 1, o => o with { Specification = o.Specification with { Threshold = 3, CorruptHolders = 0 } }, "parameter set or its key holders"),
        ["more dropped bits"] = (e, _) => Encryption(e, 2, o => o with { Specification = o.Specification with { DroppedBits = 9 } }, "parameter set or its key holders"),
        ["another order of holders"] = (e, _) => Encryption(e, 1, o => o with { Specification = o.Specification with { Holders = [.. o.Specification.Holders.Reverse()] } }, "parameter set or its key holders"),
        ["fewer invited clients than the bounds allow"] = (e, _) => Encryption(e, 1, o => o with { Invited = 4 }, "bounds are 5 and 7"),
        ["more invited clients than the bounds allow"] = (e, _) => Encryption(e, 1, o => o with { Invited = 8 }, "bounds are 5 and 7"),

        // Seats and keys.
        ["too few seats"] = (e, _) => Seats(e, 2, s => s[..3], "4 are needed"),
        ["a holder at another point"] = (e, _) => Seats(e, 1, s => [s[1] with { Point = 1 }, s[0] with { Point = 2 }, .. s[2..]], "point 1"),
        ["a point beyond the holders"] = (e, _) => Seats(e, 1, s => [.. s[..4], s[4] with { Point = 6 }], "point 6"),
        ["a key that was not offered"] = (e, l) => Seats(e, 1, s => [EncryptedLog.SeatOf(l.Sign(0, 1), 1), .. s[1..]], "not offered before"),
        ["a number that was not offered"] = (e, _) => Seats(e, 1, s => [s[0] with { Number = 9 }, .. s[1..]], "not offered before"),
        ["a key that is offered after the opening"] = (e, _) => (Move(e, 1, PlaceOf(e, EventType.RoundOpened)), "not offered before"),
        ["a key of an earlier round"] = (e, _) => Seats(e, 2, s => [FirstRound(e).Encryption!.Table.Entries[0], .. s[1..]], "does not follow 1"),
        ["a key of an earlier round under a new number"] = (e, l) => Reoffered(e, l),
        ["an offer that was made before"] = (e, _) => Insert(e, 12, e[1], "the same offer was made before"),
        ["an offer of a key that was offered before"] = (e, l) => Offer(e, l, l.Sign(0, 9, FirstRound(e).Encryption!.Table.Entries[1].RoundKey).Bytes, "its key was offered before"),
        ["an offer for another task"] = (e, l) => Offer(e, l, new EncryptedLog("another task").Sign(0, 9).Bytes, "no offer of a key for this task"),
        ["an offer that is none"] = (e, l) => Offer(e, l, "no offer"u8.ToArray(), "no offer of a key for this task"),
        ["an offer whose number does not ascend"] = (e, l) => Offer(e, l, l.Sign(0, 2).Bytes, "number 2 does not follow 2"),
        ["an offer of somebody who holds no share"] = (e, l) => Offer(e, l, Stranger(l), "is no key holder of the task"),
    };

    private static readonly Dictionary<string, Lie> AllSingleKeyLies = new(StringComparer.Ordinal)
    {
        ["uploads fixed"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsListed), ListOf(e, EventType.SurvivorsListed, EventType.UploadsFixed), "no shares to check"),
        ["shares checked"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsListed), Of(e, EventType.SurvivorsConfirmed, EventType.SharesChecked), "no shares to check"),
        ["a request without the holder's signature"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsConfirmed), e[PlaceOf(e, EventType.UnmaskRequested)], "1 key holders must have signed"),
        ["a sum without the holder's answer"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskAnswered), e[PlaceOf(e, EventType.RoundClosed)], "1 of the key holders are needed"),
        ["a second holder"] = (e, l) => Insert(e, PlaceOf(e, EventType.UnmaskRequested), With(e, EventType.SurvivorsConfirmed, l.Task.TaskId), "so many have a seat"),
        ["fewer survivors than the minimum"] = (e, _) => ChangeList(e, EventType.SurvivorsListed, 4, "S_min is 5"),
        ["left-out clients that are not"] = (e, _) => ChangeList(e, EventType.UnmaskRequested, 2, "7 uploaded and 6 are listed"),
        ["one-time keys in the place of a single one"] = (e, _) => Opening(e, 1, o => o with { Protection = ProtectionKind.Encryption }, "protection or layout"),
    };

    private static void AssertFound(Lie lie, EncryptedLog log)
    {
        List<TaskEvent> changed = [.. log.Events];
        (int place, string words) = lie(changed, log);
        AssertFault(log, changed, place, words);
    }

    private static void AssertFault(EncryptedLog log, List<TaskEvent> events, int place, string words)
    {
        (int Place, RoundRejection Rejection)? fault = FaultOf(log, events, new EntryAudit(BlobOf(log)));
        Assert.NotNull(fault);
        Assert.True(fault.Value.Place == place, string.Create(CultureInfo.InvariantCulture, $"at {fault.Value.Place} instead of {place}: {fault.Value.Rejection.Detail}"));
        Assert.Contains(words, fault.Value.Rejection.Detail, StringComparison.Ordinal);
        Assert.Equal(ErrorCodes.IllegalEntry, fault.Value.Rejection.Code);
    }

    private static (int Place, RoundRejection Rejection)? FaultOf(EncryptedLog log, List<TaskEvent> events, EntryAudit audit)
    {
        for (int i = 0; i < events.Count; i++)
        {
            if (audit.Add((ulong)i, new LogEntry(log.Task.TaskId, events[i]).Encode()) is { } rejection)
                return (i, rejection);
        }

        return null;
    }

    private static Func<Digest, ReadOnlyMemory<byte>?> BlobOf(EncryptedLog log) => digest =>
    {
        try
        {
            return log.Blobs.Get(digest);
        }
        catch (KeyNotFoundException)
        {
            return null;
        }
    };

    private static RoundParameters FirstRound(List<TaskEvent> events) => events.OfType<TaskEvent.RoundOpened>().First().Round;

    private static int PlaceOf(List<TaskEvent> events, EventType kind) => events.FindIndex(e => e.Type == kind);

    private static TaskEvent With(List<TaskEvent> events, EventType kind, Identifier pseudonym) => (TaskEvent.MessageAccepted)events[PlaceOf(events, kind)] with { Pseudonym = pseudonym };

    private static TaskEvent Of(List<TaskEvent> events, EventType from, EventType kind) => (TaskEvent.MessageAccepted)events[PlaceOf(events, from)] with { Kind = kind };

    private static TaskEvent ListOf(List<TaskEvent> events, EventType from, EventType kind) => (TaskEvent.ListPublished)events[PlaceOf(events, from)] with { Kind = kind };

    private static (int Place, string Words) Insert(List<TaskEvent> events, int place, TaskEvent change, string words)
    {
        events.Insert(place, change);
        return (place, words);
    }

    private static (int Place, string Words) Replace(List<TaskEvent> events, int place, int removed, TaskEvent change, string words)
    {
        events.RemoveRange(place, removed);
        return Insert(events, place, change, words);
    }

    private static (int Place, string Words) Change<T>(List<TaskEvent> events, int which, Func<T, TaskEvent> change, string words)
        where T : TaskEvent
    {
        int place = events.IndexOf(events.OfType<T>().ElementAt(which - 1));
        events[place] = change((T)events[place]);
        return (place, words);
    }

    private static (int Place, string Words) ChangeList(List<TaskEvent> events, EventType kind, int count, string words)
    {
        int place = PlaceOf(events, kind);
        events[place] = (TaskEvent.ListPublished)events[place] with { Count = count };
        return (place, words);
    }

    private static (int Place, string Words) Client(List<TaskEvent> events, EventType kind)
    {
        Identifier client = ((TaskEvent.MessageAccepted)events[PlaceOf(events, EventType.UpdateUploaded)]).Pseudonym;
        return Insert(events, PlaceOf(events, kind), With(events, kind, client), "it is no key holder");
    }

    private static (int Place, string Words) Opening(List<TaskEvent> events, int which, Func<RoundParameters, RoundParameters> change, string words) =>
        Change<TaskEvent.RoundOpened>(events, which, o => new TaskEvent.RoundOpened(change(o.Round)), words);

    private static (int Place, string Words) Encryption(List<TaskEvent> events, int which, Func<RoundEncryption, RoundEncryption> change, string words) =>
        Opening(events, which, o => o with { Encryption = change(o.Encryption!) }, words);

    private static (int Place, string Words) Seats(List<TaskEvent> events, int which, Func<HolderEntry[], HolderEntry[]> change, string words) =>
        Encryption(events, which, o => o with { Table = new HolderTable(change([.. o.Table.Entries])) }, words);

    /// <summary>Moves an entry to just behind another; the place of that other one is then one less.</summary>
    private static int Move(List<TaskEvent> events, int from, int behind)
    {
        TaskEvent moved = events[from];
        events.Insert(behind + 1, moved);
        events.RemoveAt(from);
        return behind - 1;
    }

    private static (int Place, string Words) Offer(List<TaskEvent> events, EncryptedLog log, ReadOnlyMemory<byte> blob, string words)
    {
        log.Blobs.Put(blob);
        return Insert(events, PlaceOf(events, EventType.RoundOpened), new TaskEvent.HolderKeyOffered(Digest.Of(blob.Span)), words);
    }

    /// <summary>The fourth round takes the key of the first again, which its holder has offered once more, and nobody shows the auditor that offer.</summary>
    private static (int Place, string Words) Reoffered(List<TaskEvent> events, EncryptedLog log)
    {
        SignedHolderKey again = log.Sign(0, 9, FirstRound(events).Encryption!.Table.Entries[0].RoundKey, isHeld: false);
        int fourth = events.IndexOf(events.OfType<TaskEvent.RoundOpened>().Last());
        events.Insert(fourth, new TaskEvent.HolderKeyOffered(again.Digest));
        return Seats(events, 4, s => [EncryptedLog.SeatOf(again, 1), .. s[1..]], "in an earlier round");
    }

    private static ReadOnlyMemory<byte> Stranger(EncryptedLog log)
    {
        using SecureFed.Cryptography.Keys.SigningKey key = SecureFed.Cryptography.Keys.SigningKey.Generate(Seeded.Source("stranger"));
        return SignedHolderKey.Sign(log.Task.TaskId, log.Task.TaskId, 1, key.PublicKey, key).Bytes;
    }
}
