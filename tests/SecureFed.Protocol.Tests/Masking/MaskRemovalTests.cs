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
                Assert.Null(short1.InconsistentOwner);
                using MaskRecovery enough = Recover(others[first..(first + threshold)]);
                Assert.True(enough.IsComplete);
            }

            // A guess in the place of the last share is a wrong secret, and the commitment or the advertised key says so.
            using MaskRecovery guessed = Recover(others[..threshold], others[threshold - 1]);
            Assert.False(guessed.IsComplete);
            Assert.NotNull(guessed.InconsistentOwner);

            MaskRecovery Recover(int[] responders, int? liar = null) => new MaskRemoval(
                cohort,
                [owner],
                survivors,
                bundles,
                responders.ToDictionary(r => r, r => new UnmaskAnswer(
                    answers[r].SurvivorListDigest,
                    [.. answers[r].Shares.Where(s => s.Owner == owner).Select(s => r == liar ? Wrong(s) : s)]))).TryRecover();
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

    /// <returns>Why the round was aborted; null after the exact sum.</returns>
    private static string? Unmask(SimulatedConsortium consortium, IReadOnlyList<SimulatedClient> present, int[] liars)
    {
        SimulatedServer server = consortium.Server;
        foreach ((SimulatedClient client, int index) in present.Select((c, i) => (c, i)))
        {
            Assert.Null(SignedMessage.TryDecode(client.Step(server)!.Value, out SignedMessage? honest));
            UnmaskAnswer answer = (UnmaskAnswer)honest!.Body;
            if (liars.Contains(index))
                answer = answer with { Shares = [.. answer.Shares.Select(Wrong)] };
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
