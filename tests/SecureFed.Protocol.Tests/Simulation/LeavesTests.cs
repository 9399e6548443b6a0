using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>Rounds of several leaves: each a full round of its own, whose sums add up.</summary>
public sealed class LeavesTests
{
    private readonly SimulatedConsortium consortium;
    private readonly SimulatedServer server;

    public LeavesTests()
    {
        // Whoever is corrupt among 27 clients may all stand in one leaf of nine, so c = 3 in each: 9 clients, quorum 7, of which none may be missed but two.
        consortium = new SimulatedConsortium("leaves", new ConsortiumOptions { Clients = 27, Least = 27, Leaves = 3, DeltaDrop = 0.2m, Gamma = 0.1m, GreatestFailures = 3 });
        server = consortium.Server;
        server.OpenRound();
    }

    [Fact]
    public void The_sums_of_the_leaves_add_up_to_the_sum_of_all_survivors()
    {
        RunToLeaves();
        SimulatedClient[] away = [.. server.Round.Leaves.Select(leaf => Members(leaf)[4])];
        RunOn([.. consortium.Clients.Except(away)]);
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(27 - 3, server.Round.SurvivorCount);
        Assert.Equal(SimulatedConsortium.SumOf(consortium.Clients.Except(away)), server.Sum());
        Assert.Equal(3 + 1, server.State.Released.Count);
        Assert.Equal(server.Observe(), SimulatedServer.Observe(server.Fold(server.Entries.Count), consortium.Roster));
    }

    [Fact]
    public void Every_client_stands_in_exactly_one_leaf_and_every_round_cuts_other_leaves()
    {
        RunToLeaves();
        string[] first = Cut();
        RunOn(consortium.Clients);
        server.OpenRound();
        RunToLeaves();
        Assert.NotEqual(first, Cut());

        string[] Cut()
        {
            SimulatedClient[][] members = [.. server.Round.Leaves.Select(Members)];
            Assert.Equal([9, 9, 9], members.Select(m => m.Length));
            Assert.Equal(consortium.Clients.OrderBy(c => c.Id), members.SelectMany(m => m).OrderBy(c => c.Id));
            Assert.Equal(3, server.Round.Leaves.Select(l => l.Parameters.RoundId).Distinct().Count());
            return [.. members.Select(m => string.Join(',', m.Select(c => c.Id)))];
        }
    }

    [Fact]
    public void A_leaf_that_loses_too_many_is_missing_from_the_sum_and_the_others_stand()
    {
        RunToLeaves();
        SimulatedClient[] lost = Members(server.Round.Leaves[1]);
        RunOn([.. consortium.Clients.Except(lost[..5])]);
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(ErrorCodes.TooFewDealers, server.Round.Leaves[1].AbortReason);
        Assert.Equal(18, server.Round.SurvivorCount);
        Assert.Equal(SimulatedConsortium.SumOf(consortium.Clients.Except(lost)), server.Sum());
        Assert.Equal(server.Observe(), SimulatedServer.Observe(server.Fold(server.Entries.Count), consortium.Roster));
    }

    [Fact]
    public void A_leaf_and_the_round_name_the_dealer_whose_boxes_do_not_open()
    {
        RunToLeaves();
        ServerRound leaf = server.Round.Leaves[1];
        SimulatedClient dealer = Members(leaf)[2];
        consortium.Step(consortium.Clients.Where(c => c != dealer));
        Assert.Null(SignedMessage.TryDecode(dealer.Step(server)!.Value, out SignedMessage? honest));
        ShareBundle bundle = (ShareBundle)honest!.Body;
        ShareBundle lie = bundle with { Shares = [.. bundle.Shares.Select(s => s with { Box = new byte[ShareBundle.BoxBytes] })] };
        Assert.Equal(SimulatedServer.Accepted, server.Receive(SignedMessage.Sign(honest.Header, lie, dealer.Key).Bytes));
        RunOn(consortium.Clients);
        Assert.Equal((RoundPhase.Closed, 18, ErrorCodes.TooFewAnswers), (server.Round.Phase, server.Round.SurvivorCount, leaf.AbortReason));
        ReadOnlyMemory<byte> salt = server.Blobs.Get(server.Round.Parameters.PseudonymSaltDigest);
        Assert.Equal([Pseudonym.Of(salt.Span, dealer.Id)], leaf.Suspects);
        Assert.Equal(leaf.Suspects, server.Round.Suspects);
        Assert.Equal(server.Observe(), SimulatedServer.Observe(server.Fold(server.Entries.Count), consortium.Roster));
    }

    [Fact]
    public void If_every_leaf_fails_the_round_fails()
    {
        RunToLeaves();
        RunOn([]);
        Assert.Equal(RoundPhase.Aborted, server.Round.Phase);
        Assert.Equal(ErrorCodes.TooFewDealers, server.Round.AbortReason);
    }

    [Fact]
    public void An_aborted_round_takes_its_leaves_with_it()
    {
        RunToLeaves();
        server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
        Assert.All(server.Round.Leaves, leaf => Assert.Equal(RoundPhase.Aborted, leaf.Phase));
        Assert.False(server.State.HasOpenRound);
    }

    [Fact]
    public void Messages_of_a_leaf_are_refused_by_the_round_and_by_the_other_leaves()
    {
        RunToLeaves();
        SimulatedClient sender = Members(server.Round.Leaves[0])[0];
        Assert.True(SignedMessage.TryDecode(sender.Step(server)!.Value, out SignedMessage? message) is null);
        Assert.Equal(ErrorCodes.RoundMismatch, server.Round.Handle(message!).Rejection!.Code);
        Assert.Equal(ErrorCodes.RoundMismatch, server.Round.Leaves[1].Handle(message!).Rejection!.Code);
        Assert.NotNull(server.Round.Leaves[0].Handle(message!).Accepted);

        // Resigned to name the other leaf it still binds the digest of its own.
        SignedMessage renamed = SignedMessage.Sign(
            message!.Header with { RoundId = server.Round.Leaves[1].Parameters.RoundId }, message.Body, sender.Key);
        Assert.Equal(ErrorCodes.RoundMismatch, server.Round.Leaves[1].Handle(renamed).Rejection!.Code);
    }

    [Fact]
    public void A_client_takes_no_list_of_another_leaf()
    {
        RunToLeaves();
        SimulatedClient[] members = Members(server.Round.Leaves[0]);
        consortium.Step(consortium.Clients);
        server.Advance(Patience.Waiting);
        Announcement foreign = server.AnnouncementOf(EventType.DealersListed, server.Round.Leaves[1])!;
        ClientStep step = members[0].Masking!.OnDealers(foreign, [], members[0].MakeUpdate(server.Round.Parameters.Layout));
        Assert.Equal(ErrorCodes.HistoryRewritten, step.Refusal!.Code);
    }

    [Fact]
    public void A_restart_in_the_middle_of_a_leaf_changes_nothing()
    {
        RunToLeaves();
        while (server.State.HasOpenRound)
        {
            consortium.Step(consortium.Clients);
            foreach (SimulatedClient client in consortium.Clients)
                client.Restart();
            server.Advance(Patience.DeadlinePassed);
            server.Restart();
        }

        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(SimulatedConsortium.SumOf(consortium.Clients), server.Sum());
    }

    [Fact]
    public void Once_a_round_has_leaves_its_log_has_no_list_or_message_of_the_round_itself()
    {
        RunToLeaves();
        byte[] list = new DealersList(server.Round.Leaves[0].OpenDigest, [0, 1, 2]).Encode();
        server.Blobs.Put(list);
        Assert.Throws<InvalidOperationException>(() => Apply(new TaskEvent.ListPublished(EventType.DealersListed, server.Round.Parameters.RoundId, Digest.Of(list), 3)));
        consortium.Step(consortium.Clients);
        ReadOnlyMemory<byte> shares = consortium.Clients[0].Sent[^1];
        Assert.Throws<InvalidOperationException>(() => Apply(new TaskEvent.MessageAccepted(EventType.SharesDealt, server.Round.Parameters.RoundId, default, Digest.Of(shares.Span))));
        RunOn(consortium.Clients);
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);

        void Apply(TaskEvent change) => server.State.Apply(server.State.EntryCount, new LogEntry(consortium.Task.TaskId, change).Encode());
    }

    private void RunToLeaves()
    {
        consortium.Step(consortium.Clients);
        server.Advance(Patience.Waiting);
        Assert.Equal(3, server.Round.Leaves.Count);
    }

    /// <summary>Those clients go on until the round is over.</summary>
    private void RunOn(IReadOnlyCollection<SimulatedClient> clients)
    {
        while (server.State.HasOpenRound)
        {
            consortium.Step(clients);
            server.Advance(Patience.DeadlinePassed);
        }
    }

    private SimulatedClient[] Members(ServerRound leaf) =>
        [.. consortium.Clients.Where(c => c.LeafOf(server.Round).Parameters.RoundId == leaf.Parameters.RoundId || InLeaf(c, leaf))];

    /// <summary>Before its first step in the leaf a client does not know where it stands; the cohort says.</summary>
    private bool InLeaf(SimulatedClient client, ServerRound leaf)
    {
        ReadOnlyMemory<byte> blob = server.AnnouncementOf(EventType.CohortPublished)!.Blob;
        Assert.True(CohortList.TryDecode(blob.Span, out CohortList? list));
        return CohortLeaf.Cut(list!, blob.ToArray(), server.Round.Parameters)
            .Any(l => l.RoundId == leaf.Parameters.RoundId && MaskingCohort.Create(l).IndexOf(client.Id) is not null);
    }
}
