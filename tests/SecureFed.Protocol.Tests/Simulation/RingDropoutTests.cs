using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>Honest rounds above a hundred clients: sparse graph, as many random dropouts as δ_drop allows, the exact sum of the survivors.</summary>
public sealed class RingDropoutTests
{
    [Theory]
    [InlineData(101, 0.05, 0.22, 54, 31)]
    [InlineData(120, 0.05, 0.1, 32, 20)]
    public void Random_dropouts_in_every_phase_leave_an_exact_sum_on_the_ring(int n, double gamma, double deltaDrop, int neighbours, int threshold)
    {
        SimulatedConsortium consortium = new(
            $"ring {n}", new ConsortiumOptions { Clients = n, Least = n - 2, Greatest = n, Gamma = (decimal)gamma, DeltaDrop = (decimal)deltaDrop });
        CohortThresholds thresholds = CohortThresholds.TryDerive(consortium.Bounds, n, out _)!;
        Assert.Equal((neighbours, threshold), (thresholds.Neighbours, thresholds.Threshold));
        SimulatedServer server = consortium.Server;
        server.OpenRound();

        // Each leaves before Share, Upload, Confirm or Unmask.
        RoundPhase[] leavesBefore = [.. Enumerable.Repeat(RoundPhase.Closed, n)];
        for (int left = 0; left < n - thresholds.LeastSurvivors;)
        {
            int client = consortium.Random.Below(n);
            if (leavesBefore[client] != RoundPhase.Closed)
                continue;
            leavesBefore[client] = RoundPhase.Share + consortium.Random.Below(4);
            left++;
        }

        foreach (RoundPhase phase in MaskedPhases.All)
        {
            consortium.Step(consortium.Clients.Where((_, i) => leavesBefore[i] > phase));
            server.Advance(Patience.Waiting);
            if (server.Round.Phase == phase)
                server.Advance(Patience.DeadlinePassed);
        }

        Assert.All(consortium.Clients, c => Assert.Null(c.Refusal));
        Assert.Null(server.Round.AbortReason);
        Assert.Equal(RoundPhase.Closed, server.Round.Phase);
        SimulatedClient[] survivors = [.. consortium.Clients.Where((_, i) => leavesBefore[i] > RoundPhase.Upload)];
        Assert.InRange(survivors.Length, thresholds.LeastSurvivors, n - 1);
        Assert.Equal(SimulatedConsortium.SumOf(survivors), server.Sum());
        Assert.Null(SignedMessage.TryDecode(survivors[0].Sent[1], out SignedMessage? bundle));
        Assert.Equal(neighbours, ((Protocol.Masking.Messages.ShareBundle)bundle!.Body).Shares.Count);
        Assert.NotNull(server.AnnouncementOf(EventType.UnmaskRequested));
    }
}
