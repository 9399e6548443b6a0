using FsCheck;
using FsCheck.Fluent;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>Survivors of two released rounds of one kind are the same or differ by at least m clients.</summary>
public sealed class CrossRoundGuardTests
{
    private readonly SimulatedConsortium consortium;
    private readonly SimulatedServer server;

    public CrossRoundGuardTests()
    {
        consortium = new SimulatedConsortium("guard", new ConsortiumOptions { Clients = 10, DeltaDrop = 0.2m, LeastDifference = 2, GreatestFailures = 10 });
        server = consortium.Server;
        foreach (SimulatedClient client in consortium.Clients)
            client.Answered = SurvivorHistory.Empty;
    }

    [Fact]
    public void The_same_survivors_again_are_allowed()
    {
        Run(consortium.Clients);
        Run(consortium.Clients);
        Assert.Equal(2, server.State.CompletedRounds + 1);
        Assert.All(server.State.Participations, p => Assert.Null(p.Difference));
    }

    [Fact]
    public void One_client_less_than_before_makes_the_server_leave_out_one_more()
    {
        Run(consortium.Clients);
        Run([.. consortium.Clients.Skip(1)]);
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(8, server.Round.SurvivorCount);
        Assert.Equal(9, server.Round.CountOf(EventType.UpdateUploaded));
        Assert.Equal(SimulatedConsortium.SumOf(consortium.Clients.Where(c => server.Round.Survivors.Contains(c.Id))), server.Sum());
        Participation last = server.State.Participations[^1];
        Assert.Equal((2, 8, 1, 2), (last.Round, last.Survivors, last.NearestRound, last.Difference));
        Assert.Equal(server.Observe(), SimulatedServer.Observe(server.Fold(server.Entries.Count), consortium.Roster));
    }

    [Fact]
    public void Without_a_client_to_leave_out_the_round_is_lost_and_nothing_released()
    {
        SimulatedConsortium tight = new("tight guard", new ConsortiumOptions { Clients = 10, DeltaDrop = 0.1m, LeastDifference = 2, GreatestFailures = 10 });
        Run(tight, tight.Clients);
        Run(tight, [.. tight.Clients.Skip(1)]);
        Assert.Equal(ErrorCodes.SurvivorsTooSimilar, tight.Server.Round.AbortReason);
        Assert.Equal(1, tight.Server.State.Released.Count);
        Run(tight, tight.Clients);
        Assert.Equal(RoundPhase.Closed, tight.Server.Round.Phase);
    }

    /// <summary>Clients remember what they confirmed; a server that did not would be refused by them for as long as the same clients come.</summary>
    [Fact]
    public void A_list_that_some_confirmed_before_its_round_was_lost_keeps_its_distance_to_later_ones()
    {
        server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        consortium.RunTo(RoundPhase.Confirm, [.. consortium.Clients.Skip(1)]);
        consortium.Step(consortium.Clients.Skip(1).Take(3));
        server.Advance(Patience.DeadlinePassed);
        Assert.Equal((ErrorCodes.QuorumMissing, 0), (server.Round.AbortReason, server.State.Released.Count));

        Run(consortium.Clients);
        Assert.All(consortium.Clients.Where(c => server.Round.Survivors.Contains(c.Id)), c => Assert.Null(c.Refusal));
        Assert.Equal((RoundPhase.Closed, 9), (server.Round.Phase, server.Round.SurvivorCount));
        Assert.Equal(server.Observe(), SimulatedServer.Observe(server.Fold(server.Entries.Count), consortium.Roster));
    }

    [Fact]
    public void A_client_refuses_what_a_server_without_the_guard_lists()
    {
        Run(consortium.Clients);
        server.OpenRound();
        SimulatedClient[] present = [.. consortium.Clients.Skip(1)];
        consortium.RunTo(RoundPhase.Upload);
        consortium.Step(present);
        Announcement lie = UnguardedList(present);
        foreach (SimulatedClient client in present)
            Assert.Equal(ErrorCodes.SurvivorsTooSimilar, client.Masking!.OnSurvivors(lie, client.Answered).Refusal!.Code);

        // A client without a memory of earlier rounds cannot know.
        Assert.Null(present[0].Masking!.OnSurvivors(lie).Refusal);
    }

    [Fact]
    public void The_fold_refuses_a_log_whose_survivors_break_the_guard()
    {
        Run(consortium.Clients);
        server.OpenRound();
        SimulatedClient[] present = [.. consortium.Clients.Skip(1)];
        consortium.RunTo(RoundPhase.Upload);
        consortium.Step(present);
        Announcement lie = UnguardedList(present);
        Assert.Throws<InvalidOperationException>(() => server.State.Apply(lie.Entry.Index, lie.Entry.Bytes.Span));
    }

    [Fact]
    public void An_auditor_recomputes_participation_and_notices_what_was_left_out_or_altered()
    {
        Run(consortium.Clients);
        Run([.. consortium.Clients.Skip(1)]);
        Run([.. consortium.Clients.Take(9)]);
        Dictionary<(Identifier, EventType), Announcement> lists = Announcements(server);
        ParticipationAudit audit = Auditor(lists);
        Assert.All(server.Entries, entry => Assert.Null(audit.Add(entry)));
        Assert.Equal(server.State.Participations, audit.Sums);
        Assert.All(audit.Sums, sum => Assert.True(sum.Difference is null or >= 2));

        // An entry left out, a foreign signature, another list than the entry names.
        ParticipationAudit gap = Auditor(lists);
        Assert.NotNull(server.Entries.Where((_, i) => i != 3).Select(gap.Add).FirstOrDefault(fault => fault is not null));
        ParticipationAudit foreign = new(consortium.Task.TaskId, consortium.Authority.PublicKey, (round, kind) => lists.GetValueOrDefault((round, kind)));
        Assert.NotNull(foreign.Add(server.Entries[0]));
        (Identifier, EventType) last = lists.Keys.Last(k => k.Item2 == EventType.SurvivorsListed);
        (Identifier, EventType) first = lists.Keys.First(k => k.Item2 == EventType.SurvivorsListed);
        lists[last] = lists[first];
        ParticipationAudit swapped = Auditor(lists);
        Assert.NotNull(server.Entries.Select(swapped.Add).FirstOrDefault(fault => fault is not null));
    }

    [Fact]
    public void The_sum_of_all_leaves_keeps_the_distance_too()
    {
        // Every round cuts other leaves, so their own survivors never come near each other: one client less would still show in the sum of all.
        SimulatedConsortium cut = new("guarded leaves", new ConsortiumOptions { Clients = 27, Leaves = 3, DeltaDrop = 0.2m, Gamma = 0.1m, LeastDifference = 2, GreatestFailures = 10 });
        RunLeaves(cut, cut.Clients);
        RunLeaves(cut, cut.Clients.Skip(1));
        Assert.Equal(RoundPhase.Closed, cut.Server.Round.Phase);
        Assert.Equal(25, cut.Server.Round.SurvivorCount);
        Assert.Equal((2, cut.Server.Round.Parameters.RoundId, 25, 1, 2), Last());
        Assert.Equal(2 * (3 + 1), cut.Server.State.Participations.Count);
        Assert.Equal(cut.Server.Observe(), SimulatedServer.Observe(cut.Server.Fold(cut.Server.Entries.Count), cut.Roster));

        Dictionary<(Identifier, EventType), Announcement> lists = Announcements(cut.Server);
        ParticipationAudit audit = new(cut.Task.TaskId, cut.Server.Key.PublicKey, (round, kind) => lists.GetValueOrDefault((round, kind)));
        Assert.All(cut.Server.Entries, entry => Assert.Null(audit.Add(entry)));
        Assert.Equal(cut.Server.State.Participations, audit.Sums);

        (int, Identifier, int, int?, int?) Last() =>
            cut.Server.State.Participations[^1] is var last ? (last.Round, last.RoundId, last.Survivors, last.NearestRound, last.Difference) : default;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_leaf_lost_after_its_list_costs_the_round_rather_than_the_distance(int seed)
    {
        SimulatedConsortium cut = new($"lost leaf {seed}", new ConsortiumOptions { Clients = 27, Leaves = 3, DeltaDrop = 0.2m, Gamma = 0.1m, LeastDifference = 10, GreatestFailures = 10 });
        SimulatedServer host = cut.Server;
        RunLeaves(cut, cut.Clients);
        host.OpenRound();
        cut.Step(cut.Clients);
        host.Advance(Patience.DeadlinePassed);
        while (host.State.HasOpenRound)
        {
            // Everybody uploads, then nobody of the first leaf confirms: 18 of 27 are 9 clients from the round before, 10 are promised.
            cut.Step(cut.Clients.Where(c => host.Round.Leaves[0].Phase < RoundPhase.Confirm || c.LeafOf(host.Round) != host.Round.Leaves[0]));
            host.Advance(Patience.DeadlinePassed);
        }

        // Signatures differ in every run and so do the leaves: their own survivors can come too near as well.
        if (host.Round.Phase == RoundPhase.Closed)
            Assert.True(host.State.Participations[^1].Difference >= 10);
        else if (host.Round.Survivors.Count > 0)
            Assert.Equal((ErrorCodes.SurvivorsTooSimilar, null), (host.Round.AbortReason, host.Round.AggregateDigest));
        Assert.True(host.Round.Survivors.Count <= 18);
    }

    private static void RunLeaves(SimulatedConsortium consortium, IEnumerable<SimulatedClient> uploading)
    {
        consortium.Server.OpenRound();
        for (int step = 0; step < 2; step++)
        {
            consortium.Step(consortium.Clients);
            consortium.Server.Advance(Patience.DeadlinePassed);
        }

        Assert.All(consortium.Server.Round.Leaves, leaf => Assert.Equal(RoundPhase.Upload, leaf.Phase));
        while (consortium.Server.State.HasOpenRound)
        {
            consortium.Step(uploading);
            consortium.Server.Advance(Patience.DeadlinePassed);
        }
    }

    [Fact]
    public void An_auditor_names_a_cohort_that_cannot_be_cut_instead_of_failing()
    {
        server.OpenRound();
        consortium.RunTo(RoundPhase.Share);
        Assert.True(CohortList.TryDecode(server.AnnouncementOf(EventType.CohortPublished)!.Blob.Span, out CohortList? list));
        foreach (CohortList lie in new[] { list! with { Thresholds = list.Thresholds with { Neighbours = 1 << 20 } }, list with { Advertisements = [.. list.Advertisements.Skip(9)] }, list with { Advertisements = [.. list.Advertisements.Skip(1), new byte[9]] } })
        {
            byte[] blob = lie.Encode();
            byte[] entry = new LogEntry(consortium.Task.TaskId, new TaskEvent.ListPublished(EventType.CohortPublished, server.Round.Parameters.RoundId, Digest.Of(blob), 10)).Encode();
            ParticipationAudit audit = new(consortium.Task.TaskId, server.Key.PublicKey, (_, _) => new Announcement(server.Entries[0], blob));
            int opening = (int)server.Round.OpenIndex;
            Assert.All(server.Entries.Take(opening + 1), e => Assert.Null(audit.Add(e)));
            Assert.NotNull(audit.Add(SignedEntry.Sign(consortium.Task.TaskId, (ulong)opening + 1, entry, server.Key)));
        }
    }

    private ParticipationAudit Auditor(Dictionary<(Identifier, EventType), Announcement> lists) =>
        new(consortium.Task.TaskId, server.Key.PublicKey, (round, kind) => lists.GetValueOrDefault((round, kind)));

    /// <summary>Every list that the log names, as the server serves it.</summary>
    private static Dictionary<(Identifier, EventType), Announcement> Announcements(SimulatedServer server)
    {
        Dictionary<(Identifier, EventType), Announcement> lists = [];
        foreach (SignedEntry signed in server.Entries)
        {
            Assert.True(LogEntry.TryDecode(signed.Bytes.Span, out LogEntry? entry));
            if (entry!.Event is TaskEvent.ListPublished list)
                lists[(list.RoundId, list.Kind)] = new Announcement(signed, server.Blobs.Get(list.ListDigest));
        }

        return lists;
    }

    [Fact]
    public void A_policy_that_demands_a_guard_refuses_a_task_without()
    {
        TaskParameters unguarded = consortium.Task with { Cohort = consortium.Bounds with { LeastDifference = 0 } };
        ClientPolicy policy = consortium.Policy with { LeastDifference = 2 };
        Assert.Null(policy.Check(consortium.Task));
        Assert.Equal(ErrorCodes.PolicyViolated, policy.Check(unguarded)!.Code);
    }

    [Fact]
    public void The_nearest_earlier_sum_is_found_by_symmetric_difference_within_its_kind()
    {
        Identifier[] clients = [.. consortium.Clients.Select(c => c.Id)];
        Prop.ForAll(Arb.From(Gen.NonEmptyListOf(Gen.Choose(0, 1023))), Arb.From(Gen.Choose(0, 1023)), (earlier, now) =>
        {
            SurvivorHistory history = SurvivorHistory.Empty;
            int number = 0;
            foreach (int set in earlier)
                history = history.Add(++number, set % 3 == 0 ? RoundKind.Evaluate : RoundKind.Train, Of(set));
            Assert.True(SurvivorHistory.TryDecode(history.Encode(), out history));
            int[] differences = [.. earlier.Where(e => e % 3 != 0).Select(e => int.PopCount(e ^ now)).Where(d => d > 0)];
            Assert.Equal(differences.Length == 0 ? null : differences.Min(), history.Nearest(RoundKind.Train, Of(now))?.Difference);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

        Identifier[] Of(int set) => [.. clients.Where((_, i) => (set >> i & 1) == 1)];
    }

    private Announcement UnguardedList(IReadOnlyList<SimulatedClient> present)
    {
        SurvivorUpload[] uploads = [.. present.Select(client =>
        {
            Assert.Null(SignedMessage.TryDecode(client.Sent[^1], out SignedMessage? message));
            int index = consortium.Clients.ToList().IndexOf(client);
            return new SurvivorUpload(index, ((Upload)message!.Body).Statement.WordsDigest, message.SignatureBytes.ToArray());
        })];
        Digest cohort = Digest.Of(server.AnnouncementOf(EventType.CohortPublished)!.Blob.Span);
        Digest dealers = Digest.Of(server.AnnouncementOf(EventType.DealersListed)!.Blob.Span);
        byte[] list = new SurvivorList(cohort, dealers, uploads).Encode();
        server.Blobs.Put(list);
        byte[] entry = new LogEntry(
            consortium.Task.TaskId, new TaskEvent.ListPublished(EventType.SurvivorsListed, server.Round.Parameters.RoundId, Digest.Of(list), uploads.Length)).Encode();
        return new Announcement(SignedEntry.Sign(consortium.Task.TaskId, server.State.EntryCount, entry, server.Key), list);
    }

    private void Run(IReadOnlyCollection<SimulatedClient> clients) => Run(consortium, clients);

    /// <summary>Everybody takes part until the upload, then only those.</summary>
    private static void Run(SimulatedConsortium consortium, IReadOnlyCollection<SimulatedClient> clients)
    {
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        while (consortium.Server.State.HasOpenRound)
        {
            consortium.Step(clients);
            consortium.Server.Advance(Patience.DeadlinePassed);
        }
    }
}
