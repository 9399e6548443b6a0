using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency;

/// <summary>Enrolment as an entry of the log: what a later roster changes, and what a server that makes rosters up cannot.</summary>
public sealed class RosterChangeTests
{
    private const int Clients = 7;
    private readonly SimulatedConsortium consortium = new("enrolment", new ConsortiumOptions { Clients = Clients, DeltaDrop = 0.15m });
    private readonly SimulatedClient newcomer;

    public RosterChangeTests()
    {
        newcomer = new SimulatedClient(Identifier.Random(consortium.Random), SigningKey.Generate(consortium.Random), consortium.Random);
        newcomer.Context = consortium.ContextOf(newcomer);
    }

    private SimulatedServer Server => consortium.Server;

    /// <summary>The first client leaves, and another of its organisation comes.</summary>
    private IEnumerable<RosterEntry> Changed =>
    [
        .. consortium.Roster.Entries.Where(e => e.Id != consortium.Clients[0].Id),
        new RosterEntry(newcomer.Id, RosterRole.Client, consortium.Roster.Find(consortium.Clients[0].Id)!.Organisation, newcomer.Key.PublicKey),
    ];

    [Fact]
    public void A_client_that_was_enrolled_later_is_in_the_next_sum_and_one_that_was_removed_is_not()
    {
        RunFirstRound();
        Roster next = Roster.Create(2, Changed, consortium.Authority);
        Server.Append(Server.State.ChangeRoster(next)!);
        SimulatedClient[] cohort = [.. consortium.Clients.Skip(1), newcomer];
        foreach (SimulatedClient client in cohort)
            client.Context = client.Context with { Roster = next };
        Server.OpenRound();
        Assert.Equal(next.Digest, Server.Round.Parameters.RosterDigest);

        // Who was removed does not take part by itself (its roster is another one), and cannot if it wants to.
        SimulatedClient removed = consortium.Clients[0];
        removed.Step(Server);
        Assert.Equal(ErrorCodes.RosterUntrusted, removed.Refusal!.Code);
        SimulatedClient insistent = new(removed.Id, removed.Key, consortium.Random) { Context = removed.Context with { Roster = next } };
        Assert.Equal(ErrorCodes.NotEnrolled, Server.Receive(insistent.Step(Server)!.Value));

        consortium.RunTo(RoundPhase.Closed, cohort);
        Assert.Equal(Clients, Server.Round.SurvivorCount);
        Assert.Equal(SimulatedConsortium.SumOf(cohort), Server.Sum());
        Assert.Equal(SimulatedServer.Observe(Server.State, next), SimulatedServer.Observe(Server.Fold(Server.Entries.Count), next));
    }

    [Fact]
    public void An_auditor_finds_an_honest_change_in_order_and_counts_it_by_role()
    {
        RunFirstRound();
        ulong index = Server.State.EntryCount;
        Roster next = Roster.Create(5, Changed.Append(new RosterEntry(Identifier.Random(consortium.Random), RosterRole.Auditor, "audit", SigningKey.Generate(consortium.Random).PublicKey)), consortium.Authority);
        Server.Append(Server.State.ChangeRoster(next)!);
        foreach (SimulatedClient client in consortium.Clients.Skip(1))
            client.Context = client.Context with { Roster = next };
        Server.OpenRound();
        consortium.Step(consortium.Clients.Skip(1));

        TaskReplay replay = new(Server.Blobs, consortium.Authority.PublicKey);
        EntryAudit entries = new(digest => Server.Blobs.Get(digest));
        for (int i = 0; i < Server.Entries.Count; i++)
        {
            Assert.Null(replay.Add((ulong)i, Server.Entries[i].Bytes.Span));
            Assert.Null(entries.Add((ulong)i, Server.Entries[i].Bytes.Span));
        }

        EnrolmentChange change = Assert.Single(replay.Enrolments);
        Assert.Equal((index, 5ul), (change.Index, change.Sequence));
        Assert.Equal([new EnrolmentCount(RosterRole.Client, 1, 1), new EnrolmentCount(RosterRole.Auditor, 1, 0)], change.Counts);
        Assert.Equal([new AuditedRoster(0, consortium.Roster.Digest), new AuditedRoster(index, next.Digest)], entries.Rosters);
        Assert.Equal(next.Digest, replay.State!.Roster.Digest);
    }

    [Fact]
    public void A_member_with_another_key_role_or_organisation_counts_as_removed_and_added()
    {
        RosterEntry[] entries = [.. consortium.Roster.Entries];
        int place = Array.FindIndex(entries, e => e.Role == RosterRole.Client);
        foreach (RosterEntry other in (RosterEntry[])[entries[place] with { PublicKey = newcomer.Key.PublicKey }, entries[place] with { Organisation = "another" }])
        {
            Roster next = Roster.Create(2, [.. entries.Where((_, i) => i != place), other], consortium.Authority);
            Assert.Equal([new EnrolmentCount(RosterRole.Client, 1, 1)], next.ChangesSince(consortium.Roster));
        }

        Roster demoted = Roster.Create(2, [.. entries.Where((_, i) => i != place), entries[place] with { Role = RosterRole.Auditor }], consortium.Authority);
        Assert.Equal([new EnrolmentCount(RosterRole.Client, 0, 1), new EnrolmentCount(RosterRole.Auditor, 1, 0)], demoted.ChangesSince(consortium.Roster));
        Assert.Empty(consortium.Roster.ChangesSince(consortium.Roster));
    }

    [Fact]
    public void A_smaller_consortium_keeps_the_thresholds_of_the_task()
    {
        RunFirstRound();
        Roster next = Roster.Create(2, consortium.Roster.Entries.Where(e => e.Id != consortium.Clients[0].Id), consortium.Authority);
        Assert.Equal(Clients - 1, next.ClientOrganisations);
        Server.Append(Server.State.ChangeRoster(next)!);
        Server.OpenRound();
        Assert.Equal(consortium.Bounds, Server.Round.Parameters.Cohort);
        Assert.Null(MaskingClient.Examine(consortium.Clients[1].Context with { Roster = next }, Server.Opening, 1, out _));
    }

    public static TheoryData<string> Lies() => [.. Made.Keys];

    /// <summary>Neither the fold of a server nor that of an auditor goes on over such an entry, and the state stays as it was.</summary>
    [Theory]
    [MemberData(nameof(Lies))]
    public void A_roster_that_the_server_made_up_or_dug_out_is_refused(string lie)
    {
        RunFirstRound();
        Server.Append(Server.State.ChangeRoster(Roster.Create(5, Changed, consortium.Authority))!);
        (byte[] roster, string words) = Made[lie](this);
        Server.Blobs.Put(roster);
        AssertRefused(new TaskEvent.RosterChanged(Digest.Of(roster)), words);
    }

    [Fact]
    public void A_roster_whose_blob_is_missing_ends_the_replay()
    {
        RunFirstRound();
        TaskReplay replay = Replayed();
        Assert.Contains("is missing", replay.Add(Server.State.EntryCount, Encode(new TaskEvent.RosterChanged(Digest.Of("nowhere"u8)))), StringComparison.Ordinal);
    }

    /// <summary>With another roster in the middle the server could bring its own clients among the survivors.</summary>
    [Theory]
    [InlineData(RoundPhase.Advertise)]
    [InlineData(RoundPhase.Upload)]
    [InlineData(RoundPhase.Unmask)]
    public void The_roster_of_a_round_in_progress_does_not_change(RoundPhase phase)
    {
        Server.OpenRound();
        consortium.RunTo(phase);
        AssertMisplaced();
    }

    [Fact]
    public void The_roster_does_not_change_between_a_sum_and_its_model()
    {
        Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        Assert.True(Server.State.AwaitsModel);
        AssertMisplaced();
    }

    [Fact]
    public void The_roster_does_not_change_after_the_end()
    {
        SimulatedConsortium short_ = new("one round", new ConsortiumOptions { Clients = Clients, DeltaDrop = 0.15m, TrainRounds = 1 });
        short_.Server.OpenRound();
        short_.RunTo(RoundPhase.Closed);
        short_.Server.Append(short_.Server.State.Publish(ModelState.Initial(short_.Task.Model) with { CompletedTrainRounds = 1 }));
        short_.Server.Append(short_.Server.State.Next(short_.Random)!);
        Assert.True(short_.Server.State.IsFinished);
        Roster next = Roster.Create(2, short_.Roster.Entries, short_.Authority);
        Assert.Null(short_.Server.State.ChangeRoster(next));
        short_.Server.Blobs.Put(next.Bytes);
        byte[] entry = new LogEntry(short_.Task.TaskId, new TaskEvent.RosterChanged(next.Digest)).Encode();
        Assert.Throws<InvalidOperationException>(() => short_.Server.State.Apply(short_.Server.State.EntryCount, entry));
    }

    /// <summary>Bounds that count fewer organisations than the roster has make c too small for every round of the task.</summary>
    [Fact]
    public void A_task_created_with_fewer_organisations_than_its_roster_has_is_refused_by_the_replay()
    {
        TaskParameters fewer = consortium.Task with { Cohort = consortium.Bounds with { Organisations = Clients - 1 } };
        SimulatedServer other = new(fewer, consortium.Roster, Server.Key, consortium.Random);
        TaskReplay replay = new(other.Blobs, consortium.Authority.PublicKey);
        Assert.Contains("fewer organisations", replay.Add(0, other.Entries[0].Bytes.Span), StringComparison.Ordinal);
    }

    private static readonly Dictionary<string, Func<RosterChangeTests, (byte[] Roster, string Words)>> Made = new(StringComparer.Ordinal)
    {
        ["signed by the server"] = t => (Roster.Create(6, t.consortium.Roster.Entries, t.Server.Key).Bytes.ToArray(), "not signed by the authority"),
        ["the roster before"] = t => (t.consortium.Roster.Bytes.ToArray(), "not greater than number 5"),
        ["an older one that was never in force"] = t => (Roster.Create(4, t.consortium.Roster.Entries, t.consortium.Authority).Bytes.ToArray(), "not greater than number 5"),
        ["another one with the same number"] = t => (Roster.Create(5, t.consortium.Roster.Entries, t.consortium.Authority).Bytes.ToArray(), "not greater than number 5"),
        ["more organisations than c was counted from"] = t => (
            Roster.Create(6, t.consortium.Roster.Entries.Append(new RosterEntry(t.newcomer.Id, RosterRole.Client, "one more", t.newcomer.Key.PublicKey)), t.consortium.Authority).Bytes.ToArray(),
            "8 organisations, and the task's thresholds were set for 7"),
        ["one bit of it changed"] = t =>
        {
            byte[] bytes = Roster.Create(6, t.consortium.Roster.Entries, t.consortium.Authority).Bytes.ToArray();
            bytes[20] ^= 1;
            return (bytes, "not signed by the authority");
        },
    };

    private void AssertMisplaced()
    {
        Roster next = Roster.Create(2, Changed, consortium.Authority);
        Assert.Null(Server.State.ChangeRoster(next));
        Server.Blobs.Put(next.Bytes);
        AssertRefused(new TaskEvent.RosterChanged(next.Digest), "does not fit");
        EntryAudit entries = new();
        for (int i = 0; i < Server.Entries.Count; i++)
            Assert.Null(entries.Add((ulong)i, Server.Entries[i].Bytes.Span));
        Assert.Contains("between rounds only", entries.Add(Server.State.EntryCount, Encode(new TaskEvent.RosterChanged(next.Digest)))!.Detail, StringComparison.Ordinal);
    }

    private void AssertRefused(TaskEvent change, string words)
    {
        ulong index = Server.State.EntryCount;
        string before = Server.Observe();
        Digest inForce = Server.State.Roster.Digest;
        Assert.Contains(words, Assert.Throws<InvalidOperationException>(() => Server.State.Apply(index, Encode(change))).Message, StringComparison.Ordinal);
        Assert.Equal((before, inForce), (Server.Observe(), Server.State.Roster.Digest));
        string fault = Replayed().Add(index, Encode(change))!;
        Assert.StartsWith($"Entry {index}", fault, StringComparison.Ordinal);
        Assert.Contains(words, fault, StringComparison.Ordinal);
    }

    private TaskReplay Replayed()
    {
        TaskReplay replay = new(Server.Blobs, consortium.Authority.PublicKey);
        for (int i = 0; i < Server.Entries.Count; i++)
            Assert.Null(replay.Add((ulong)i, Server.Entries[i].Bytes.Span));
        return replay;
    }

    private void RunFirstRound()
    {
        Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        Server.Append(Server.State.Publish(ModelState.Initial(consortium.Task.Model) with { CompletedTrainRounds = 1 }));
    }

    private byte[] Encode(TaskEvent change) => new LogEntry(consortium.Task.TaskId, change).Encode();
}
