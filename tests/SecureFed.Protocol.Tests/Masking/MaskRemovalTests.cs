using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Masking;

/// <summary>What released shares give away, and what wrong ones cost. Eight clients, the last one dropped: t = 5.</summary>
public sealed class MaskRemovalTests
{
    private const int Dropped = 7;
    private readonly SimulatedConsortium consortium = new("mask removal", new ConsortiumOptions { Clients = 8, Least = 8, DeltaDrop = 0.15m });
    private readonly SimulatedClient[] present;
    private readonly int threshold;

    public MaskRemovalTests()
    {
        present = [.. consortium.Clients.Take(Dropped)];
        threshold = CohortThresholds.TryDerive(consortium.Bounds, 8, out _)!.Threshold;
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        consortium.RunTo(RoundPhase.Unmask, present);
    }

    [Fact]
    public void Fewer_than_t_shares_recover_nothing_and_t_recover_seed_and_mask_key()
    {
        (MaskingCohort cohort, Dictionary<int, ShareBundle> bundles, SortedDictionary<int, UnmaskAnswer> answers) = Answers();
        Assert.Equal(5, threshold);
        foreach (int owner in (int[])[0, 3, Dropped])
        {
            int[] survivors = owner == Dropped ? [] : [owner];
            int[] others = [.. answers.Keys.Where(i => i != owner)];
            for (int first = 0; first + threshold <= others.Length; first++)
            {
                using MaskRecovery short1 = Recover(others[first..(first + threshold - 1)]);
                Assert.False(short1.IsComplete);
                Assert.Empty(short1.InconsistentOwners);
                using MaskRecovery enough = Recover(others[first..(first + threshold)]);
                Assert.True(enough.IsComplete);
            }

            // A guess in the place of the last share is a wrong secret, and the commitment or the advertised key says so.
            using MaskRecovery guessed = Recover(others[..threshold], others[threshold - 1]);
            Assert.False(guessed.IsComplete);
            Assert.Equal([owner], guessed.InconsistentOwners);

            MaskRecovery Recover(int[] responders, int? liar = null) => new MaskRemoval(
                cohort,
                [owner],
                survivors,
                bundles,
                responders.ToDictionary(r => r, r => new UnmaskAnswer(
                    answers[r].SurvivorListDigest,
                    [.. answers[r].Shares.Where(s => s.Owner == owner).Select(s => r == liar ? Wrong(s) : s)]))).TryRecover(isLast: true);
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(0)]
    [InlineData(3)]
    public void One_lying_client_wherever_it_stands_does_not_cost_the_round(int liar) => Assert.Null(Unmask(consortium, present, [liar]));

    [Fact]
    public void As_many_trailing_liars_as_answers_beyond_the_threshold_do_not_cost_the_round()
    {
        // Eight answers, seven about each survivor: two liars may stand behind the five truthful ones.
        SimulatedConsortium whole = new("trailing liars", new ConsortiumOptions { Clients = 8, Least = 8, DeltaDrop = 0.15m });
        whole.Server.OpenRound();
        whole.RunTo(RoundPhase.Unmask);
        Assert.Null(Unmask(whole, whole.Clients, [6, 7]));
    }

    [Fact]
    public void More_liars_than_that_cost_the_round_but_never_shift_the_sum() => Assert.Equal(ErrorCodes.InconsistentShares, Unmask(consortium, present, [5, 6]));

    [Fact]
    public void A_dealer_whose_shares_fit_neither_commitment_nor_key_aborts_the_round()
    {
        foreach (bool survives in (bool[])[true, false])
        {
            SimulatedConsortium cheated = new($"dealer {survives}", new ConsortiumOptions { Clients = 8, Least = 8, DeltaDrop = 0.15m });
            SimulatedClient dealer = cheated.Clients[2];
            SimulatedServer server = cheated.Server;
            server.OpenRound();
            cheated.RunTo(RoundPhase.Share);
            cheated.Step(cheated.Clients.Where(c => c != dealer));
            Assert.Null(SignedMessage.TryDecode(dealer.Step(server)!.Value, out SignedMessage? honest));
            ShareBundle bundle = (ShareBundle)honest!.Body;

            // A survivor lies about its seed, a client that will drop out seals bytes that are no shares of its key.
            IMessageBody lie = survives
                ? bundle with { SeedCommitment = Digest.Of("another"u8) }
                : bundle with { Shares = [.. bundle.Shares.Select(s => s with { Box = new byte[ShareBundle.BoxBytes] })] };
            Assert.Equal(SimulatedServer.Accepted, server.Receive(SignedMessage.Sign(honest.Header, lie, dealer.Key).Bytes));
            server.Advance(Patience.Waiting);
            SimulatedClient[] stay = [.. cheated.Clients.Where(c => survives || c != dealer)];
            cheated.RunTo(RoundPhase.Closed, stay);
            Assert.Equal(RoundPhase.Aborted, server.Round.Phase);
            Assert.Equal(survives ? ErrorCodes.InconsistentShares : ErrorCodes.TooFewAnswers, server.Round.AbortReason);
            server.OpenRound();
            Assert.Equal(2, server.Round.Parameters.Number);
        }
    }

    [Fact]
    public void Scattered_liars_within_the_radius_are_named_and_do_not_cost_the_round()
    {
        // n = 16, t = 9: fifteen shares of each secret, three of which may be wrong anywhere.
        foreach (int[] liars in new int[][] { [0], [0, 5], [1, 6, 11], [0, 2, 4], [8] })
        {
            SimulatedConsortium whole = Unmasking($"scattered {liars.Length} {liars[0]}");
            Assert.Null(Unmask(whole, whole.Clients, liars));
            Assert.Equal(Pseudonyms(whole, liars), whole.Server.Round.Suspects);
        }
    }

    [Fact]
    public void Surplus_wrong_shares_are_not_looked_for()
    {
        SimulatedConsortium whole = Unmasking("surplus");
        Assert.Null(Unmask(whole, whole.Clients, [14, 15]));
        Assert.Empty(whole.Server.Round.Suspects);
    }

    [Fact]
    public void Shares_of_one_dealer_that_are_wrong_at_several_neighbours_name_the_dealer_and_at_one_both()
    {
        foreach (int[] holders in new int[][] { [0, 4], [1, 2, 3], [2] })
        {
            SimulatedConsortium whole = Unmasking($"dealer of {holders.Length}");
            Assert.Null(Unmask(whole, whole.Clients, holders, dealer: 7));
            Assert.Equal(Pseudonyms(whole, holders.Length > 1 ? [7] : [7, .. holders]), whole.Server.Round.Suspects);
        }
    }

    [Fact]
    public void A_dealer_whose_boxes_do_not_open_is_named_by_the_shares_that_are_missing()
    {
        foreach (int damaged in (int[])[15, 3, 1])
        {
            SimulatedConsortium whole = new($"boxes {damaged}", Sixteen);
            whole.Server.OpenRound();
            whole.RunTo(RoundPhase.Share);
            SimulatedClient dealer = whole.Clients[9];
            Assert.Null(SignedMessage.TryDecode(dealer.Step(whole.Server)!.Value, out SignedMessage? honest));
            ShareBundle bundle = (ShareBundle)honest!.Body;
            ShareBundle lie = bundle with { Shares = [.. bundle.Shares.Select((s, i) => i < damaged ? s with { Box = new byte[ShareBundle.BoxBytes] } : s)] };
            Assert.Equal(SimulatedServer.Accepted, whole.Server.Receive(SignedMessage.Sign(honest.Header, lie, dealer.Key).Bytes));
            whole.RunTo(RoundPhase.Closed);
            Assert.Equal(damaged == 15 ? ErrorCodes.TooFewAnswers : null, whole.Server.Round.AbortReason);
            Assert.Equal(Pseudonyms(whole, damaged == 1 ? [0, 9] : [9]), whole.Server.Round.Suspects);
        }
    }

    [Fact]
    public void A_malformed_answer_is_refused_to_its_sender_and_the_round_closes_without_it()
    {
        SimulatedServer server = consortium.Server;
        SimulatedClient sender = present[3];
        Assert.Null(SignedMessage.TryDecode(sender.Step(server)!.Value, out SignedMessage? honest));
        UnmaskAnswer answer = (UnmaskAnswer)honest!.Body;
        ReleasedShare[] shares = [.. answer.Shares];
        byte[] p = Convert.FromHexString("01" + "0129".PadLeft(64, '0'));
        byte[] tooLarge = [.. Enumerable.Repeat((byte)0xff, 33)];
        ReleasedShare own = shares[0] with { Owner = 3 };
        string before = server.Observe();
        foreach ((string code, ReleasedShare[] wrong) in new (string, ReleasedShare[])[]
        {
            (ErrorCodes.InvalidMessage, [shares[0], .. shares]),
            (ErrorCodes.InvalidMessage, [.. shares.Reverse()]),
            (ErrorCodes.InvalidMessage, [shares[0] with { Share = p }, .. shares[1..]]),
            (ErrorCodes.InvalidMessage, [shares[0] with { Share = tooLarge }, .. shares[1..]]),
            (ErrorCodes.InvalidMessage, [shares[0] with { Share = new byte[32] }, .. shares[1..]]),
            (ErrorCodes.InvalidMessage, [shares[0] with { Share = new byte[34] }, .. shares[1..]]),
            (ErrorCodes.InvalidMessage, [shares[0] with { Kind = default }, .. shares[1..]]),
            (ErrorCodes.InvalidAnswer, [.. shares.Append(own).OrderBy(s => s.Owner)]),
            (ErrorCodes.InvalidAnswer, [.. shares, shares[0] with { Owner = 8 }]),
            (ErrorCodes.InvalidAnswer, [shares[0] with { Kind = ShareKind.MaskKey }, .. shares[1..]]),
        })
        {
            Assert.Equal(code, server.Receive(SignedMessage.Sign(honest.Header, answer with { Shares = wrong }, sender.Key).Bytes));
            Assert.Equal(before, server.Observe());
        }

        consortium.Step(present.Where(c => c != sender));
        server.Advance(Patience.Waiting);
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(SimulatedConsortium.SumOf(present), server.Sum());
        Assert.Empty(server.Round.Suspects);
    }

    private static readonly ConsortiumOptions Sixteen = new() { Clients = 16, Least = 16, DeltaDrop = 0.15m };

    private static SimulatedConsortium Unmasking(string seed)
    {
        SimulatedConsortium whole = new(seed, Sixteen);
        whole.Server.OpenRound();
        whole.RunTo(RoundPhase.Unmask);
        return whole;
    }

    private static IEnumerable<Identifier> Pseudonyms(SimulatedConsortium consortium, IEnumerable<int> clients)
    {
        ReadOnlyMemory<byte> salt = consortium.Server.Blobs.Get(consortium.Server.Round.Parameters.PseudonymSaltDigest);
        return clients.Select(i => Pseudonym.Of(salt.Span, consortium.Clients[i].Id)).Order();
    }

    /// <param name="consortium">In its unmask phase.</param>
    /// <param name="present">Those who answer.</param>
    /// <param name="liars">Places of those who answer with wrong shares.</param>
    /// <param name="dealer">Whose shares they change; null for everybody's.</param>
    /// <returns>Why the round was aborted; null after the exact sum.</returns>
    private static string? Unmask(SimulatedConsortium consortium, IReadOnlyList<SimulatedClient> present, int[] liars, int? dealer = null)
    {
        SimulatedServer server = consortium.Server;
        foreach ((SimulatedClient client, int index) in present.Select((c, i) => (c, i)))
        {
            Assert.Null(SignedMessage.TryDecode(client.Step(server)!.Value, out SignedMessage? honest));
            UnmaskAnswer answer = (UnmaskAnswer)honest!.Body;
            if (liars.Contains(index))
                answer = answer with { Shares = [.. answer.Shares.Select(s => dealer is null || s.Owner == dealer ? Wrong(s) : s)] };
            Assert.Equal(SimulatedServer.Accepted, server.Receive(SignedMessage.Sign(honest.Header, answer, client.Key).Bytes));
        }

        server.Advance(Patience.Waiting);
        server.Advance(Patience.DeadlinePassed);
        if (server.Round.Phase == RoundPhase.Closed)
            Assert.Equal(SimulatedConsortium.SumOf(present), server.Sum());
        return server.Round.AbortReason;
    }

    private (MaskingCohort Cohort, Dictionary<int, ShareBundle> Bundles, SortedDictionary<int, UnmaskAnswer> Answers) Answers()
    {
        ReadOnlyMemory<byte> blob = consortium.Server.AnnouncementOf(EventType.CohortPublished)!.Blob;
        Assert.True(CohortList.TryDecode(blob.Span, out CohortList? list));
        Dictionary<int, ShareBundle> bundles = consortium.Clients.Select((c, i) => (i, Body: Body<ShareBundle>(c.Sent[1]))).ToDictionary(b => b.i, b => b.Body);
        SortedDictionary<int, UnmaskAnswer> answers = [];
        for (int i = 0; i < present.Length; i++)
            answers.Add(i, Body<UnmaskAnswer>(present[i].Step(consortium.Server)!.Value));
        return (MaskingCohort.Create(list!, Digest.Of(blob.Span), consortium.Server.Round.Parameters.RoundId), bundles, answers);
    }

    private static T Body<T>(ReadOnlyMemory<byte> bytes)
    {
        Assert.Null(SignedMessage.TryDecode(bytes, out SignedMessage? message));
        return Assert.IsType<T>(message!.Body);
    }

    /// <summary>Another field element in canonical form.</summary>
    private static ReleasedShare Wrong(ReleasedShare share)
    {
        byte[] wrong = share.Share.ToArray();
        wrong[^2] ^= 0x55;
        return share with { Share = wrong };
    }
}
