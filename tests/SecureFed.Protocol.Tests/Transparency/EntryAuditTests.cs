using System.Globalization;
using System.Text.Json;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>The auditor's own account of a log's entries: honest logs pass and say what the server's state says; every illegal transition is found where it stands.</summary>
public sealed class EntryAuditTests
{
    private static readonly ConsortiumOptions Noisy = new() { Clients = 7, DeltaDrop = 0.15m, TrainRounds = 4, GreatestFailures = 3, Epsilon = 4, SpareRounds = 2 };
    private static readonly Lazy<(SimulatedConsortium Consortium, TaskEvent[] Events)> Honest = new(() => Record("audited", Noisy));

    [Fact]
    public void An_honest_log_passes_and_gives_what_the_servers_state_gives()
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = Honest.Value;
        EntryAudit audit = new(BlobOf(consortium));
        Assert.Null(FaultOf(consortium, events, audit));
        TaskState state = consortium.Server.State;
        Assert.Equal((state.EntryCount, state.ModelDigest, state.CompletedRounds), (audit.EntryCount, audit.ModelDigest, audit.CompletedRounds));
        Assert.Equal(state.Rounds.Select(r => (r.Number, r.Kind, r.CohortSize, r.Survivors, r.AbortReason, r.AggregateDigest, r.ModelDigest)), audit.Rounds.Select(r => (r.Number, r.Kind, r.Cohort, r.Survivors, r.AbortReason, r.AggregateDigest, r.ModelDigest)));
        Assert.Equal(Text(PrivacyOdometer.Read(state)!), Text(audit.ReadBudget()!));
    }

    [Fact]
    public void The_ledger_of_an_honest_log_holds_one_charge_for_each_round_by_how_it_ended()
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = Honest.Value;
        EntryAudit audit = new(BlobOf(consortium));
        Assert.Null(FaultOf(consortium, events, audit));

        // Closed; aborted while updates came in; aborted after shares were asked for; closed with one dropout.
        Assert.Equal([BudgetState.Committed, BudgetState.Void, BudgetState.Committed, BudgetState.Committed], audit.Rounds.Select(r => r.Budget!.Value));
        long charge = consortium.Task.Privacy.Releases[0].Charge;
        Assert.Equal(3 * charge, audit.Budget!.Spent);
        Assert.Equal([7, 0, 0, 6], audit.Rounds.Select(r => r.Survivors));
        Assert.Equal([0, 0, 0, 1], audit.Rounds.Select(r => r.Dropped));
        Assert.All(audit.Rounds, r => Assert.Equal(5, r.LeastSurvivors));
        Assert.Equal(audit.Rounds.Select(r => r.EpsilonAfter!.Value).Order(), audit.Rounds.Select(r => r.EpsilonAfter!.Value));
        Assert.Equal(audit.Budget.EpsilonSpent, audit.Rounds[^1].EpsilonAfter);
        Assert.NotNull(audit.Rounds[0].VectorsDeleted);
    }

    [Fact]
    public void Without_the_parameters_the_transitions_are_judged_and_no_budget_is_claimed()
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = Honest.Value;
        EntryAudit audit = new();
        Assert.Null(FaultOf(consortium, events, audit));
        Assert.Null(audit.ReadBudget());
        Assert.Equal(4, audit.Rounds.Count);
    }

    [Fact]
    public void A_round_with_leaves_passes_and_a_lost_leaf_is_missing_from_its_sum()
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = WithLeaves();
        EntryAudit audit = new(BlobOf(consortium));
        Assert.Null(FaultOf(consortium, events, audit));
        AuditedRound round = Assert.Single(audit.Rounds);
        Assert.Equal((RoundPhase.Closed, 27, 3, 1, 18, 9), (round.Phase, round.Cohort, round.Leaves, round.LostLeaves, round.Survivors, round.Dropped));
    }

    [Fact]
    public void The_nodes_of_a_tree_are_charged_as_the_tree_demands()
    {
        ConsortiumOptions tree = new() { Clients = 5, TrainRounds = 8, GreatestFailures = 10, Epsilon = 4, SpareRounds = 1, TreeLeaves = 4 };
        SimulatedConsortium consortium = new("audited tree", tree);
        for (int round = 0; round < 5; round++)
        {
            consortium.Server.OpenRound();
            consortium.RunTo(RoundPhase.Closed);
        }

        TaskEvent[] events = EventsOf(consortium);
        long c = consortium.Task.Privacy.Releases[0].Charge;
        EntryAudit audit = new(BlobOf(consortium));
        Assert.Null(FaultOf(consortium, events, audit));
        Assert.Equal([c, c, 0, c, c], audit.Rounds.Select(r => r.Charge));

        int place = PlaceOf(events, e => e is TaskEvent.RoundOpened { Round.Number: 4 });
        TaskEvent.RoundOpened opened = (TaskEvent.RoundOpened)events[place];
        events[place] = new TaskEvent.RoundOpened(opened.Round with { Noise = opened.Round.Noise! with { Charge = 0 } });
        AssertFault(consortium, events, place, "noise or its charge");
    }

    public static TheoryData<string> Lies() => [.. AllLies.Keys];

    [Theory]
    [MemberData(nameof(Lies))]
    public void An_illegal_transition_is_found_where_it_stands(string lie)
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = Honest.Value;
        List<TaskEvent> changed = [.. events];
        (int place, string words) = AllLies[lie](changed, consortium);
        AssertFault(consortium, [.. changed], place, words);
    }

    [Fact]
    public void Pseudonyms_of_two_leaves_do_not_mix_and_there_are_no_more_leaves_than_stated()
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = WithLeaves();
        TaskEvent.MessageAccepted[] shares = [.. events.OfType<TaskEvent.MessageAccepted>().Where(m => m.Kind == EventType.SharesDealt)];
        TaskEvent.MessageAccepted other = shares.First(s => s.RoundId != shares[0].RoundId);
        int place = PlaceOf(events, e => ReferenceEquals(e, other));
        AssertFault(consortium, Replaced(events, place, other with { Pseudonym = shares[0].Pseudonym }), place, "another leaf");
        Identifier third = shares.Select(m => m.RoundId).Distinct().ElementAt(2); // Keys are fresh in every run, and so is which leaf speaks first.
        int last = PlaceOf(events, e => e is TaskEvent.MessageAccepted { Kind: EventType.SharesDealt } m && m.RoundId == third);
        AssertFault(consortium, Replaced(events, last + 1, new TaskEvent.RoundAborted(consortium.Task.TaskId, "x")), last + 1, "beside the round's 3");
    }

    [Fact]
    public void The_sum_of_leaves_waits_for_all_of_them()
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = WithLeaves();
        int close = events.Length - 1;
        TaskEvent.RoundClosed whole = Assert.IsType<TaskEvent.RoundClosed>(events[close]);
        int lost = PlaceOf(events, e => e is TaskEvent.RoundAborted);
        AssertFault(consortium, [.. events.Take(lost), .. events.Skip(lost + 1)], close - 1, "not all over");
        AssertFault(consortium, Replaced(events, close, whole with { Survivors = 27 }), close, "18 survivors");
    }

    [Fact]
    public void Parameters_of_another_task_are_refused()
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = Honest.Value;
        byte[] others = new SimulatedConsortium("others", Noisy).Task.Encode();
        EntryAudit audit = new(_ => others);
        (int Place, RoundRejection Rejection)? fault = FaultOf(consortium, events, audit);
        Assert.Equal((0, ErrorCodes.IllegalEntry), (fault!.Value.Place, fault.Value.Rejection.Code));
    }

    [Fact]
    public void An_entry_out_of_order_of_another_task_or_of_an_unknown_version_is_refused()
    {
        (SimulatedConsortium consortium, TaskEvent[] events) = Honest.Value;
        EntryAudit audit = new();
        Assert.NotNull(audit.Add(1, Encode(consortium, events[0])));
        Assert.Null(audit.Add(0, Encode(consortium, events[0])));
        Assert.NotNull(audit.Add(1, new LogEntry(Identifier.Random(Seeded.Source("another task")), events[1]).Encode()));
        byte[] unknown = Encode(consortium, events[1]);
        unknown[0]++;
        Assert.NotNull(audit.Add(1, unknown));
        Assert.Null(audit.Add(1, Encode(consortium, events[1])));
    }

    private delegate (int Place, string Words) Lie(List<TaskEvent> events, SimulatedConsortium consortium);

    private static readonly Dictionary<string, Lie> AllLies = new(StringComparer.Ordinal)
    {
        ["a second creation"] = (e, _) => Insert(e, 1, e[0], "one TASK_CREATED"),
        ["no creation"] = (e, _) => Remove(e, 0, "starts with TASK_CREATED"),
        ["a second opening"] = (e, _) => Insert(e, 2, e[1], "not over"),
        ["an opening from another model"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 1, o => new TaskEvent.RoundOpened(o.Round with { ModelDigest = Digest.Of("model"u8) }), "current model"),
        ["an opening under other parameters"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 1, o => new TaskEvent.RoundOpened(o.Round with { TaskDigest = Digest.Of("task"u8) }), "other parameters"),
        ["an opening under another roster"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 1, o => new TaskEvent.RoundOpened(o.Round with { RosterDigest = Digest.Of("roster"u8) }), "another roster"),
        ["a number that was used"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 2, o => new TaskEvent.RoundOpened(o.Round with { Number = 1 }), "2 is next"),
        ["a number that is skipped"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 2, o => new TaskEvent.RoundOpened(o.Round with { Number = 3 }), "2 is next"),
        ["an identifier that was used"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 2, o => new TaskEvent.RoundOpened(o.Round with { RoundId = e.OfType<TaskEvent.RoundOpened>().First().Round.RoundId }), "used before"),
        ["weaker bounds"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 2, o => new TaskEvent.RoundOpened(o.Round with { Cohort = o.Round.Cohort with { DeltaDrop = ExactDecimal.From(0.2m) } }), "bounds"),
        ["a kind that the schedule does not ask for"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 1, o => new TaskEvent.RoundOpened(o.Round with { Kind = RoundKind.Evaluate }), "schedule"),
        ["less noise"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 1, o => new TaskEvent.RoundOpened(o.Round with { Noise = o.Round.Noise! with { NoiseMultiplier = o.Round.Noise.NoiseMultiplier / 2 } }), "noise or its charge"),
        ["a smaller charge"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 1, o => new TaskEvent.RoundOpened(o.Round with { Noise = o.Round.Noise! with { Charge = 1 } }), "noise or its charge"),
        ["no noise"] = (e, _) => Change<TaskEvent.RoundOpened>(e, 1, o => new TaskEvent.RoundOpened(o.Round with { Noise = null }), "noise or its charge"),
        ["a wider layout"] = (e, c) => Change<TaskEvent.RoundOpened>(e, 1, o => new TaskEvent.RoundOpened(o.Round with { Layout = new([o.Round.Layout.Segments[0] with { ClipNorm = 100 }, .. o.Round.Layout.Segments.Skip(1)], o.Round.Layout.RingBits) }), "layout"),
        ["a message before its phase"] = (e, _) => Insert(e, 2, Message(e, EventType.UpdateUploaded), "is in Advertise"),
        ["a message after its phase"] = (e, _) => Insert(e, PlaceOf(e, EventType.CohortPublished) + 1, Message(e, EventType.KeysAdvertised), "is in Share"),
        ["a second advertisement of a pseudonym"] = (e, _) => Insert(e, 3, Message(e, EventType.KeysAdvertised), "already"),
        ["shares under a pseudonym that advertised nothing"] = (e, _) => Stranger(e, EventType.SharesDealt, "advertised no keys"),
        ["an upload of who dealt no shares"] = (e, _) => DropSender(e, EventType.SharesDealt, EventType.DealersListed, EventType.UpdateUploaded, "dealt no shares"),
        ["a second upload of a pseudonym"] = (e, _) => Insert(e, PlaceOf(e, EventType.UpdateUploaded) + 1, Message(e, EventType.UpdateUploaded), "already"),
        ["a second confirmation of a pseudonym"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsConfirmed) + 1, Message(e, EventType.SurvivorsConfirmed), "already"),
        ["a second answer of a pseudonym"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskAnswered) + 1, Message(e, EventType.UnmaskAnswered), "already"),
        ["an answer before shares are asked for"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskRequested), Message(e, EventType.UnmaskAnswered), "is in Confirm"),
        ["a request before the survivors are listed"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsListed), e[PlaceOf(e, EventType.UnmaskRequested)], "is in Upload"),
        ["a request without a quorum"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsConfirmed) + 1, e[PlaceOf(e, EventType.UnmaskRequested)], "the quorum is"),
        ["a second request"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskRequested) + 1, e[PlaceOf(e, EventType.UnmaskRequested)], "is in Unmask"),
        ["a check of shares, which only encrypted rounds have"] = (e, _) => Insert(e, PlaceOf(e, EventType.UpdateUploaded), (TaskEvent.MessageAccepted)Message(e, EventType.UpdateUploaded) with { Kind = EventType.SharesChecked }, "belongs to encrypted rounds"),
        ["fixed uploads, which only encrypted rounds have"] = (e, _) => Insert(e, PlaceOf(e, EventType.SurvivorsListed), (TaskEvent.ListPublished)e[PlaceOf(e, EventType.SurvivorsListed)] with { Kind = EventType.UploadsFixed }, "belongs to encrypted rounds"),
        ["a key offered to a masked task"] = (e, _) => Insert(e, 1, new TaskEvent.HolderKeyOffered(Digest.Of("offer"u8)), "no key holders"),
        ["a cohort of another size"] = (e, _) => ChangeList(e, EventType.CohortPublished, 6, "7 advertised"),
        ["dealers of another number"] = (e, _) => ChangeList(e, EventType.DealersListed, 6, "7 dealt"),
        ["more survivors than uploads"] = (e, _) => ChangeList(e, EventType.SurvivorsListed, 8, "7 uploads"),
        ["fewer survivors than the minimum"] = (e, _) => ChangeList(e, EventType.SurvivorsListed, 4, "S_min is 5"),
        ["dropped clients that are not"] = (e, _) => ChangeList(e, EventType.UnmaskRequested, 1, "survived"),
        ["a cohort below the bounds"] = (e, _) => Insert(e, 2, new TaskEvent.ListPublished(EventType.CohortPublished, RoundId(e), Digest.Of("cohort"u8), 0), "bounds are"),
        ["a sum before the answers"] = (e, _) => Insert(e, PlaceOf(e, EventType.UnmaskRequested) + 1, e[PlaceOf(e, EventType.RoundClosed)], "shares are needed"),
        ["a sum of other survivors"] = (e, _) => Change<TaskEvent.RoundClosed>(e, 1, c => c with { Survivors = 6 }, "7 survivors"),
        ["a sum that suspects a stranger"] = (e, c) => Change<TaskEvent.RoundClosed>(e, 1, s => s with { Suspects = [c.Task.TaskId] }, "not in the round"),
        ["a second end"] = (e, _) => Insert(e, PlaceOf(e, EventType.RoundClosed) + 1, new TaskEvent.RoundAborted(RoundId(e), "x"), "no round is in progress"),
        ["an end of another round"] = (e, c) => Insert(e, 2, new TaskEvent.RoundAborted(c.Task.TaskId, "x"), "belongs to no round"),
        ["a model from another parent"] = (e, _) => Change<TaskEvent.ModelPublished>(e, 1, m => m with { ParentDigest = m.ModelDigest }, "parent"),
        ["a second model of a round"] = (e, _) => Insert(e, PlaceOf(e, EventType.ModelPublished) + 1, e[PlaceOf(e, EventType.ModelPublished)], "awaits a model"),
        ["a model of another round"] = (e, c) => Change<TaskEvent.ModelPublished>(e, 1, m => m with { RoundId = c.Task.TaskId }, "awaits a model"),
        ["a refused model that is there"] = (e, _) => Insert(e, PlaceOf(e, EventType.ModelPublished) + 1, new TaskEvent.ModelRefused(RoundId(e), "x"), "awaits a model"),
        ["an opening without the model of the round before"] = (e, _) => Remove(e, PlaceOf(e, EventType.ModelPublished), "model of the round before"),
        ["a deletion in a round in progress"] = (e, _) => Insert(e, 3, new TaskEvent.VectorsDeleted(RoundId(e)), "no finished round"),
        ["a second deletion"] = (e, _) => Insert(e, e.Count, e[PlaceOf(e, EventType.VectorsDeleted)], "deleted before"),
        ["a roster while a round is in progress"] = (e, _) => Insert(e, 2, new TaskEvent.RosterChanged(Digest.Of("roster"u8)), "between rounds only"),
        ["a roster while a model is awaited"] = (e, _) => Insert(e, PlaceOf(e, EventType.ModelPublished), new TaskEvent.RosterChanged(Digest.Of("roster"u8)), "between rounds only"),
        ["a roster that was in force before"] = (e, _) => Insert(e, 1, new TaskEvent.RosterChanged(((TaskEvent.TaskCreated)e[0]).RosterDigest), "in force before"),
        ["an opening under the roster before"] = (e, _) => (Insert(e, 1, new TaskEvent.RosterChanged(Digest.Of("roster"u8)), "").Place + 1, "another roster than the one in force"),
        ["an end of the task while a round is in progress"] = (e, _) => Insert(e, 2, new TaskEvent.TaskFinished(""), "in progress"),
        ["an end of the task before its schedule"] = (e, _) => Insert(e, 1, new TaskEvent.TaskFinished(""), "is not what follows"),
        ["an invented reason to end"] = (e, _) => Insert(e, 1, new TaskEvent.TaskFinished(ErrorCodes.BudgetExhausted), "is not what follows"),
    };

    /// <summary>A round that closes, one aborted at Upload, one aborted after the request, one with a dropout; then a deletion.</summary>
    private static (SimulatedConsortium Consortium, TaskEvent[] Events) Record(string seed, ConsortiumOptions options)
    {
        SimulatedConsortium consortium = new(seed, options);
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        foreach (RoundPhase phase in (RoundPhase[])[RoundPhase.Upload, RoundPhase.Unmask])
        {
            server.OpenRound();
            consortium.RunTo(phase);
            server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
        }

        server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        consortium.RunTo(RoundPhase.Closed, [.. consortium.Clients.Skip(1)]);
        server.Append(server.State.Publish(ModelState.Initial(consortium.Task.Model) with { CompletedTrainRounds = 2 }));
        server.Append(server.State.DeleteVectors(server.State.Rounds[0].RoundId)!);
        return (consortium, EventsOf(consortium));
    }

    private static (SimulatedConsortium Consortium, TaskEvent[] Events) WithLeaves()
    {
        SimulatedConsortium consortium = new("audited leaves", new ConsortiumOptions { Clients = 27, Least = 27, Leaves = 3, DeltaDrop = 0.2m, Gamma = 0.1m });
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        consortium.Step(consortium.Clients);
        server.Advance(Patience.Waiting);
        HashSet<Identifier> lost = [.. server.Round.Leaves[1].Members.Take(5)];
        while (server.State.HasOpenRound)
        {
            consortium.Step(consortium.Clients.Where(c => !lost.Contains(c.Id)));
            server.Advance(Patience.DeadlinePassed);
        }

        return (consortium, EventsOf(consortium));
    }

    private static TaskEvent[] EventsOf(SimulatedConsortium consortium) =>
        [.. consortium.Server.Entries.Select(e => LogEntry.TryDecode(e.Bytes.Span, out LogEntry? entry) ? entry!.Event : throw new InvalidOperationException())];

    private static Func<Digest, ReadOnlyMemory<byte>?> BlobOf(SimulatedConsortium consortium) => digest => consortium.Server.Blobs.Get(digest);

    private static byte[] Encode(SimulatedConsortium consortium, TaskEvent change) => new LogEntry(consortium.Task.TaskId, change).Encode();

    private static (int Place, RoundRejection Rejection)? FaultOf(SimulatedConsortium consortium, TaskEvent[] events, EntryAudit audit)
    {
        for (int i = 0; i < events.Length; i++)
        {
            if (audit.Add((ulong)i, Encode(consortium, events[i])) is { } rejection)
                return (i, rejection);
        }

        return null;
    }

    private static void AssertFault(SimulatedConsortium consortium, TaskEvent[] events, int place, string words)
    {
        (int Place, RoundRejection Rejection)? fault = FaultOf(consortium, events, new EntryAudit(BlobOf(consortium)));
        Assert.NotNull(fault);
        Assert.True(fault.Value.Place == place, string.Create(CultureInfo.InvariantCulture, $"at {fault.Value.Place} instead of {place}: {fault.Value.Rejection.Detail}"));
        Assert.Contains(words, fault.Value.Rejection.Detail, StringComparison.Ordinal);
        Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"Entry {place} ("), fault.Value.Rejection.Detail, StringComparison.Ordinal);
        Assert.Equal(ErrorCodes.IllegalEntry, fault.Value.Rejection.Code);
    }

    private static string Text(BudgetView budget) => JsonSerializer.Serialize(budget, ResourceJson.Options);

    private static TaskEvent[] Replaced(TaskEvent[] events, int place, TaskEvent change) => [.. events.Take(place), change, .. events.Skip(place + 1)];

    private static int PlaceOf(TaskEvent[] events, Predicate<TaskEvent> which) => Array.FindIndex(events, which);

    private static int PlaceOf(List<TaskEvent> events, EventType kind) => events.FindIndex(e => e.Type == kind);

    private static TaskEvent Message(List<TaskEvent> events, EventType kind) => events[PlaceOf(events, kind)];

    private static Identifier RoundId(List<TaskEvent> events) => events.OfType<TaskEvent.RoundOpened>().First().Round.RoundId;

    private static (int Place, string Words) Insert(List<TaskEvent> events, int place, TaskEvent change, string words)
    {
        events.Insert(place, change);
        return (place, words);
    }

    private static (int Place, string Words) Remove(List<TaskEvent> events, int place, string words)
    {
        events.RemoveAt(place);
        return (place, words);
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

    private static (int Place, string Words) Stranger(List<TaskEvent> events, EventType kind, string words)
    {
        int place = PlaceOf(events, kind);
        events[place] = (TaskEvent.MessageAccepted)events[place] with { Pseudonym = RoundId(events) };
        return (place, words);
    }

    /// <summary>Takes one sender's message away and makes the list after it fit, so that the later message alone is wrong.</summary>
    private static (int Place, string Words) DropSender(List<TaskEvent> events, EventType kind, EventType list, EventType later, string words)
    {
        TaskEvent.MessageAccepted message = (TaskEvent.MessageAccepted)events[PlaceOf(events, kind)];
        events.Remove(message);
        int place = PlaceOf(events, list);
        events[place] = (TaskEvent.ListPublished)events[place] with { Count = ((TaskEvent.ListPublished)events[place]).Count - 1 };
        return (events.FindIndex(e => e is TaskEvent.MessageAccepted m && m.Kind == later && m.Pseudonym == message.Pseudonym), words);
    }
}
