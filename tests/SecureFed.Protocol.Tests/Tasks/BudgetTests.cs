using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>RESERVED → COMMITTED | VOID as the fold over a task's log, and what a client checks of it.</summary>
public sealed class BudgetTests
{
    private static readonly ConsortiumOptions Noisy = new() { Clients = 5, DeltaDrop = 0.2m, TrainRounds = 3, GreatestFailures = 10, Epsilon = 4 };

    [Fact]
    public void A_round_is_reserved_when_it_opens_and_committed_when_shares_are_asked_for()
    {
        SimulatedConsortium consortium = new("reserved, committed", Noisy);
        SimulatedServer server = consortium.Server;
        long charge = consortium.Task.Privacy.Releases[0].Charge;

        server.OpenRound();
        Assert.Equal((charge, 0L), (server.State.Budget!.Reserved, server.State.Budget.Spent));
        consortium.RunTo(RoundPhase.Confirm);
        Assert.Equal((charge, 0L), (server.State.Budget.Reserved, server.State.Budget.Spent));
        consortium.RunTo(RoundPhase.Unmask);
        Assert.Equal((0L, charge), (server.State.Budget.Reserved, server.State.Budget.Spent));
        consortium.RunTo(RoundPhase.Closed);
        Assert.Equal((0L, charge), (server.State.Budget.Reserved, server.State.Budget.Spent));
        AssertFolds(server);
    }

    [Fact]
    public void A_round_that_ends_before_shares_were_asked_for_costs_nothing_and_one_that_ends_after_costs_all()
    {
        SimulatedConsortium consortium = new("void", Noisy with { SpareRounds = 5 });
        SimulatedServer server = consortium.Server;
        long charge = consortium.Task.Privacy.Releases[0].Charge;
        foreach (RoundPhase phase in (RoundPhase[])[RoundPhase.Advertise, RoundPhase.Share, RoundPhase.Upload, RoundPhase.Confirm])
        {
            server.OpenRound();
            consortium.RunTo(phase);
            server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
            Assert.Equal((0L, 0L), (server.State.Budget!.Reserved, server.State.Budget.Spent));
        }

        server.OpenRound();
        consortium.RunTo(RoundPhase.Unmask);
        server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));

        Assert.Equal((0L, charge), (server.State.Budget!.Reserved, server.State.Budget.Spent));
        Assert.Equal([BudgetState.Void, BudgetState.Void, BudgetState.Void, BudgetState.Void, BudgetState.Committed], server.State.Budget.Entries.Select(e => e.State));
        AssertFolds(server);
    }

    [Fact]
    public void A_round_that_would_overspend_does_not_open_and_the_refusal_says_requested_spent_and_left()
    {
        SimulatedConsortium consortium = new("exhausted", Noisy);
        SimulatedServer server = consortium.Server;
        for (int round = 1; round <= 3; round++)
        {
            server.OpenRound();
            consortium.RunTo(RoundPhase.Unmask);
            server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
        }

        BudgetView budget = PrivacyOdometer.Read(server.State)!;
        Assert.InRange(budget.EpsilonSpent, 3.99, 4);
        Assert.True(budget.Left < budget.Releases[0].Charge);
        foreach (long figure in (long[])[budget.Releases[0].Charge, budget.Spent, budget.Left])
            Assert.Contains(figure.ToString(System.Globalization.CultureInfo.InvariantCulture), budget.Refusal, StringComparison.Ordinal);

        server.Append(server.State.Next(consortium.Random)!);

        Assert.Equal((true, ErrorCodes.BudgetExhausted), (server.State.IsFinished, server.State.FinishReason));
        AssertFolds(server);
    }

    [Fact]
    public void The_fold_takes_no_opening_whose_noise_or_charge_is_not_the_tasks_or_that_the_budget_does_not_carry()
    {
        SimulatedConsortium consortium = new("other charges", Noisy);
        SimulatedServer server = consortium.Server;
        Assert.True(server.State.Next(consortium.Random)!.Event is TaskEvent.RoundOpened);
        RoundParameters round = ((TaskEvent.RoundOpened)server.State.Next(consortium.Random)!.Event).Round;
        foreach (RoundNoise? noise in (RoundNoise?[])[null, round.Noise! with { Charge = 0 }, round.Noise with { NoiseMultiplier = round.Noise.NoiseMultiplier / 2 }])
        {
            LogEntry entry = new(consortium.Task.TaskId, new TaskEvent.RoundOpened(round with { Noise = noise }));
            Assert.Throws<InvalidOperationException>(() => server.State.Apply(server.State.EntryCount, entry.Encode()));
        }

        for (int spent = 1; spent <= 3; spent++)
        {
            server.OpenRound();
            consortium.RunTo(RoundPhase.Unmask);
            server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
        }

        // Whoever writes it, a fourth round is a corrupt log.
        PendingEvent fourth = new(new TaskEvent.RoundOpened(round with { Number = 4 }));
        Assert.Throws<InvalidOperationException>(() => server.State.Apply(server.State.EntryCount, new LogEntry(consortium.Task.TaskId, fourth.Event).Encode()));
    }

    [Fact]
    public void The_sum_carries_at_least_the_claimed_noise_when_as_many_drop_out_as_may()
    {
        const int Dimension = 20_000;
        SimulatedConsortium consortium = new("noise in the sum", Noisy with { Dimension = Dimension });
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        consortium.RunTo(RoundPhase.Closed, [.. consortium.Clients.Skip(1)]);
        CohortThresholds thresholds = CohortThresholds.TryDerive(consortium.Bounds, 5, out _)!;
        UpdateLayout layout = server.Round.Parameters.Layout;
        double z = consortium.Task.Privacy.Releases[0].NoiseMultiplier;

        int[] exact = SimulatedConsortium.SumOf(consortium.Survivors());
        double[] noise = [.. server.Sum().Zip(exact, (released, sum) => (double)released - sum)];

        // Four survive of which one may collude: three honest shares make the claim, so four make 4/3 of it.
        Assert.Equal((4, 3), (server.Round.SurvivorCount, thresholds.HonestSurvivors));
        double claimed = z * z * (double)layout.SquaredSensitivity;
        double measured = noise.Average(v => v * v);
        Assert.Equal(server.Round.NoiseVariance, claimed * 4 / 3, 4.0);
        Assert.InRange(measured / server.Round.NoiseVariance, 1 - 6 * Math.Sqrt(2.0 / Dimension), 1 + 6 * Math.Sqrt(2.0 / Dimension));
        Assert.True(measured > claimed);
    }

    [Fact]
    public void An_update_without_its_share_of_noise_cannot_be_masked()
    {
        SimulatedConsortium consortium = new("no share", Noisy);
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        SimulatedClient client = consortium.Clients[0];
        MaskingClient masking = client.Masking!;
        SimulatedConsortium other = new("no share", Noisy);
        other.Server.OpenRound();
        QuantizedUpdate quantized = new Quantizer(consortium.Random).Quantize(Clipper.Clip(ModelUpdate.Create(masking.Round.Layout, new double[masking.Round.Layout.Dimension])));
        Announcement dealers = server.AnnouncementOf(EventType.DealersListed)!;
        foreach (NoisedUpdate wrong in (NoisedUpdate[])
            [NoNoise.Instance.Add(quantized), new DiscreteGaussianNoise(masking.ShareVariance + new Rational(-1, 1), consortium.Random).Add(quantized)])
        {
            Assert.Throws<ArgumentException>(() => masking.OnDealers(dealers, server.Round.InboxOf(client.Id), wrong));
            Assert.False(masking.HasMasked);
        }

        NoisedUpdate right = new DiscreteGaussianNoise(masking.ShareVariance, consortium.Random).Add(quantized);
        Assert.Null(masking.OnDealers(dealers, server.Round.InboxOf(client.Id), right).Refusal);
    }

    [Fact]
    public void A_client_refuses_a_task_whose_charges_do_not_cover_its_noise_or_its_schedule()
    {
        TaskParameters task = new SimulatedConsortium("read", Noisy).Task;
        PrivacySpecification privacy = task.Privacy;
        ReleaseSpecification release = privacy.Releases[0];
        Assert.True(TaskParameters.TryDecode(task.Encode(), out TaskParameters? read));
        Assert.Equal(privacy, read!.Privacy);
        foreach (PrivacySpecification lie in (PrivacySpecification[])
            [
                privacy with { Releases = [release with { NoiseMultiplier = release.NoiseMultiplier * 0.99 }] },
                privacy with { Releases = [release with { Charge = release.Charge / 2 }] },
                privacy with { Releases = [release with { Charge = release.Charge * 2 }] },
                privacy with { Releases = [release with { NoiseMultiplier = -1 }] },
                privacy with { Releases = [release with { NoiseMultiplier = 0 }] },
                privacy with { Releases = [release with { NoiseMultiplier = 1e9 }] },
                privacy with { Releases = [] },
                privacy with { Epsilon = 3.9 }, privacy with { Epsilon = -1 }, privacy with { Epsilon = 0 },
                privacy with { Delta = 1e-6 }, privacy with { Delta = 0 }, privacy with { Delta = 1 }, privacy with { Delta = 2e-5, Epsilon = 4.1 },
                privacy with { Order = 1 }, privacy with { Order = 300 },
                privacy with { SamplingRate = 0.5 }, privacy with { ExpectedRecords = 7 },
                privacy with { Unit = PrivacyUnit.Record },
            ])
        {
            Assert.False(TaskParameters.TryDecode((task with { Privacy = lie }).Encode(), out _), lie.ToString());
        }
    }

    [Fact]
    public void A_client_refuses_an_opening_whose_noise_is_not_the_tasks()
    {
        SimulatedConsortium consortium = new("opening", Noisy);
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        ClientContext context = consortium.Clients[0].Context;
        RoundParameters round = server.Round.Parameters;
        Assert.Null(MaskingClient.Examine(context, server.Opening, 0, out _));
        foreach (RoundNoise? noise in (RoundNoise?[])[null, round.Noise! with { NoiseMultiplier = 1e-3 }, round.Noise with { Charge = 1 }])
        {
            SignedEntry opening = SignedEntry.Sign(
                consortium.Task.TaskId, server.Round.OpenIndex, new LogEntry(consortium.Task.TaskId, new TaskEvent.RoundOpened(round with { Noise = noise })).Encode(), server.Key);
            Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.Examine(context, opening, 0, out _)!.Code);
        }
    }

    [Fact]
    public void A_policy_limits_budget_and_noise_and_asks_no_guard_of_a_task_with_noise()
    {
        SimulatedConsortium consortium = new("policy", Noisy);
        ClientPolicy policy = consortium.Policy with { RequiresNoise = true, LeastDifference = 2 };
        PrivacyLimits limits = PrivacyLimits.Default;
        double z = consortium.Task.Privacy.Releases[0].NoiseMultiplier;

        Assert.Null((policy with { Privacy = limits with { GreatestEpsilon = 5, LeastNoiseMultiplier = (decimal)z } }).Check(consortium.Task));
        Assert.Null((policy with { Privacy = limits with { GreatestEpsilon = 4, FailureAllowance = 0 } }).Check(consortium.Task));
        Assert.Equal(ErrorCodes.PolicyViolated, (policy with { Privacy = limits with { GreatestEpsilon = 4.99m } }).Check(consortium.Task)!.Code);
        Assert.Equal(ErrorCodes.PolicyViolated, (policy with { Privacy = limits with { GreatestDelta = 0.000009m } }).Check(consortium.Task)!.Code);
        Assert.Equal(ErrorCodes.PolicyViolated, (policy with { Privacy = limits with { LeastNoiseMultiplier = (decimal)z + 0.01m } }).Check(consortium.Task)!.Code);
        Assert.Equal(ErrorCodes.PolicyViolated, policy.Check(new SimulatedConsortium("exact", new ConsortiumOptions { LeastDifference = 2 }).Task)!.Code);
    }

    [Fact]
    public void Readers_of_the_models_are_told_a_smaller_epsilon_than_the_server_and_its_colluders()
    {
        SimulatedConsortium consortium = new("two views", Noisy with { Clients = 30, Gamma = 0.1m, DeltaDrop = 0.1m });
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);

        BudgetView budget = PrivacyOdometer.Read(consortium.Server.State)!;

        Assert.Equal(budget.EpsilonSpent, budget.Views.Server);
        Assert.InRange(budget.Views.ModelReaders, 0.1, 0.9999 * budget.Views.Server);
    }

    private static void AssertFolds(SimulatedServer server)
    {
        TaskState folded = server.Fold(server.Entries.Count);
        Assert.Equal(server.State.Budget!.Entries, folded.Budget!.Entries);
        Assert.Equal((server.State.Budget.Spent, server.State.Budget.Reserved), (folded.Budget.Spent, folded.Budget.Reserved));
    }
}
