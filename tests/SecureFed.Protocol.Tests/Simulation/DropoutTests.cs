using SecureFed.Cryptography.Rings;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>Clients that vanish before each phase: an exact sum or the right reason, and the task goes on.</summary>
public sealed class DropoutTests
{
    private const RoundPhase Never = RoundPhase.Closed;

    public static TheoryData<int, ServerClass, int> Cohorts()
    {
        TheoryData<int, ServerClass, int> cohorts = [];
        foreach (int ringBits in (int[])[16, 20, 32])
        {
            foreach (int n in (int[])[3, 5, 8, 20])
            {
                cohorts.Add(n, ServerClass.Malicious, ringBits);
                cohorts.Add(n, ServerClass.Curious, ringBits);
            }
        }

        return cohorts;
    }

    [Theory]
    [MemberData(nameof(Cohorts))]
    public void Sum_of_the_survivors_is_exact_or_the_round_aborts_with_its_reason(int n, ServerClass serverClass, int ringBits)
    {
        SimulatedConsortium consortium = new($"dropout {n} {serverClass} {ringBits}", OptionsFor(n, serverClass, ringBits));
        List<RoundPhase[]> plans = [[.. Enumerable.Repeat(Never, n)]];

        // A round of twenty costs a third of a second: the ring does not change who may leave, so one ring runs all plans.
        bool runsAllPlans = n < 20 || ringBits == 32;

        // As many as can leave before each phase, and one more.
        CohortThresholds full = CohortThresholds.TryDerive(consortium.Bounds, n, out _)!;
        int[] bearable = [n - consortium.Bounds.Least, n - full.LeastSurvivors, n - full.LeastSurvivors, n - full.Quorum, n - full.Threshold - 1];
        foreach ((RoundPhase phase, int most) in runsAllPlans ? MaskedPhases.All.Zip(bearable) : [])
        {
            foreach (int leaving in (int[])[Math.Min(most, n), Math.Min(most + 1, n)])
                plans.Add([.. Enumerable.Range(0, n).Select(i => i < leaving ? phase : Never)]);
        }

        int random = n switch { 20 => 2, 8 => 8, _ => 20 };
        for (int i = 0; i < random; i++)
        {
            // Sparse, so that some random rounds give a sum.
            plans.Add([.. Enumerable.Range(0, n).Select(_ => consortium.Random.Below(5) == 0 ? MaskedPhases.All[consortium.Random.Below(5)] : Never)]);
        }

        HashSet<string> outcomes = [];
        foreach (RoundPhase[] plan in plans)
            outcomes.Add(RunAndCheck(consortium, plan));

        // The plans reach every outcome that the class knows.
        Assert.Contains("", outcomes);
        if (!runsAllPlans)
            return;
        Assert.Contains(ErrorCodes.CohortTooSmall, outcomes);
        Assert.Contains(ErrorCodes.TooFewDealers, outcomes);
        Assert.Contains(ErrorCodes.TooFewSurvivors, outcomes);
        Assert.Contains(ErrorCodes.TooFewAnswers, outcomes);
        Assert.Equal(serverClass == ServerClass.Malicious, outcomes.Contains(ErrorCodes.QuorumMissing));
        Assert.Equal(consortium.Server.Observe(), SimulatedServer.Observe(consortium.Server.Fold(consortium.Server.Entries.Count), consortium.Roster));
    }

    [Fact]
    public void A_task_is_given_up_after_more_failures_in_a_row_than_it_allows()
    {
        SimulatedConsortium consortium = new("failures", new ConsortiumOptions { Clients = 5, GreatestFailures = 2 });
        RoundPhase[] allAway = [.. Enumerable.Repeat(RoundPhase.Share, 5)];
        Assert.Equal(ErrorCodes.TooFewDealers, RunAndCheck(consortium, allAway));
        Assert.Equal(ErrorCodes.TooFewDealers, RunAndCheck(consortium, allAway));
        Assert.Equal("", RunAndCheck(consortium, [.. Enumerable.Repeat(Never, 5)]));
        for (int i = 0; i < 3; i++)
            Assert.Equal(ErrorCodes.TooFewDealers, RunAndCheck(consortium, allAway));

        consortium.Server.OpenRound();
        Assert.True(consortium.Server.State.IsFinished);
        Assert.Equal(ErrorCodes.TooFewDealers, consortium.Server.State.FinishReason);
        Assert.Null(consortium.Server.State.Next(consortium.Random));
    }

    [Fact]
    public void A_task_finishes_when_its_schedule_is_complete()
    {
        SimulatedConsortium consortium = new("schedule", new ConsortiumOptions { Clients = 3, DeltaDrop = 0, TrainRounds = 2 });
        Assert.Equal("", RunAndCheck(consortium, [Never, Never, Never]));
        Assert.Equal(ErrorCodes.CohortTooSmall, RunAndCheck(consortium, [Never, Never, RoundPhase.Advertise]));
        Assert.Equal("", RunAndCheck(consortium, [Never, Never, Never]));
        consortium.Server.OpenRound();
        Assert.True(consortium.Server.State.IsFinished);
        Assert.Equal("", consortium.Server.State.FinishReason);
        Assert.Equal([1, 2, 3], consortium.Server.State.Rounds.Select(r => r.Number));
        Assert.Equal(2, consortium.Server.State.CompletedRounds);
    }

    /// <returns>The reason of the abort, or nothing for a sum.</returns>
    private static string RunAndCheck(SimulatedConsortium consortium, RoundPhase[] leavesBefore)
    {
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        int round = server.Round.Parameters.Number;
        foreach (RoundPhase phase in MaskedPhases.All)
        {
            if (!server.State.HasOpenRound)
                break;
            // A curious server needs no confirmations and is in Unmask before the clients have seen the survivor list.
            bool skipsConfirm = phase == RoundPhase.Confirm && consortium.Bounds.ServerClass == ServerClass.Curious;
            Assert.Equal(skipsConfirm ? RoundPhase.Unmask : phase, server.Round.Phase);
            consortium.Step(consortium.Clients.Where((_, i) => leavesBefore[i] > phase));
            server.Advance(Patience.Waiting);
            if (server.State.HasOpenRound && server.Round.Phase == phase)
                server.Advance(Patience.DeadlinePassed);
        }

        Assert.Equal(round, server.State.Rounds[^1].Number);
        string expected = ExpectedOutcome(consortium.Bounds, leavesBefore);
        Assert.Equal(expected, server.Round.AbortReason ?? "");
        if (expected.Length > 0)
        {
            Assert.Equal(RoundPhase.Aborted, server.Round.Phase);
            Assert.Null(server.Round.AggregateDigest);
            return expected;
        }

        SimulatedClient[] survivors = [.. consortium.Clients.Where((_, i) => leavesBefore[i] > RoundPhase.Upload)];
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        Assert.Equal(SimulatedConsortium.SumOf(survivors), server.Sum());
        Assert.Equal(survivors.Length, server.State.Rounds[^1].Survivors);
        AssertAuditable(consortium);
        return "";
    }

    /// <summary>aggregate = Σ uploads − masks, from the blobs alone (DESIGN section 6).</summary>
    private static void AssertAuditable(SimulatedConsortium consortium)
    {
        ServerRound round = consortium.Server.Round;
        uint[] expected = new uint[round.Parameters.Layout.Dimension];
        uint[] words = new uint[expected.Length];
        foreach (SimulatedClient survivor in consortium.Survivors())
        {
            Assert.Null(SignedMessage.TryDecode(survivor.Sent[2], out SignedMessage? message));
            Upload upload = Assert.IsType<Upload>(message!.Body);
            Assert.True(RingPacking.TryUnpack(upload.PackedWords.Span, upload.RingBits, words));
            Ring.Add(expected, words);
        }

        Assert.True(RingVector.TryDecode(consortium.Server.Blobs.Get(round.MaskTotalDigest!.Value).Span, words));
        Ring.Subtract(expected, words);
        Ring.Reduce(expected, round.Parameters.Layout.RingBits);
        Assert.Equal(RingVector.Encode(expected), consortium.Server.Blobs.Get(round.AggregateDigest!.Value).ToArray());
    }

    /// <summary>Computed from the plan alone.</summary>
    private static string ExpectedOutcome(CohortBounds bounds, RoundPhase[] leavesBefore)
    {
        int Present(RoundPhase phase) => leavesBefore.Count(l => l > phase);
        int n = Present(RoundPhase.Advertise);
        if (n < bounds.Least)
            return ErrorCodes.CohortTooSmall;
        CohortThresholds thresholds = CohortThresholds.TryDerive(bounds, n, out _)!;
        if (Present(RoundPhase.Share) < thresholds.LeastSurvivors)
            return ErrorCodes.TooFewDealers;
        if (Present(RoundPhase.Upload) < thresholds.LeastSurvivors)
            return ErrorCodes.TooFewSurvivors;
        if (Present(RoundPhase.Confirm) < thresholds.Quorum)
            return ErrorCodes.QuorumMissing;

        // Nobody holds a share of its own secrets, so one answer more than t is needed.
        return Present(RoundPhase.Unmask) <= thresholds.Threshold ? ErrorCodes.TooFewAnswers : "";
    }

    private static ConsortiumOptions OptionsFor(int n, ServerClass serverClass, int ringBits)
    {
        (int least, decimal deltaDrop) = (n, serverClass) switch
        {
            (3, _) => (3, 0m),
            (5, ServerClass.Malicious) => (5, 0.2m),
            (5, _) => (4, 0.2m),
            (8, ServerClass.Malicious) => (6, 0.15m),
            (8, _) => (6, 0.25m),
            (_, ServerClass.Malicious) => (16, 0.25m),
            _ => (16, 0.4m),
        };
        return new ConsortiumOptions { Clients = n, Least = least, DeltaDrop = deltaDrop, Class = serverClass, RingBits = ringBits, ClipNorm = 3 };
    }
}
