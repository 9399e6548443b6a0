using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>What the rounds of a tree cost: c in the rounds 1, 2, 4, 8, … of an epoch, 0 in the others, and c again for a node whose round was committed in vain.</summary>
public sealed class TreeBudgetTests
{
    private const int Leaves = 4;
    private static readonly ConsortiumOptions Tree = new() { Clients = 5, TrainRounds = 2 * Leaves, GreatestFailures = 10, Epsilon = 4, SpareRounds = 1, TreeLeaves = Leaves };

    [Fact]
    public void Two_epochs_cost_a_node_for_each_level_and_no_more()
    {
        SimulatedConsortium consortium = new("tree", Tree);
        long c = consortium.Task.Privacy.Releases[0].Charge;

        for (int round = 1; round <= 2 * Leaves; round++)
            Close(consortium);

        Assert.Equal([c, c, 0, c, c, c, 0, c], Charges(consortium));
        Assert.Equal(2 * FenwickTree.DepthOf(Leaves) * c, consortium.Server.State.Budget!.Spent);
        consortium.Server.Append(consortium.Server.State.Publish(ModelAfter(consortium, 2 * Leaves)));
        Assert.IsType<TaskEvent.TaskFinished>(consortium.Server.State.Next(consortium.Random)!.Event);
        AssertFolds(consortium.Server);
    }

    [Fact]
    public void A_node_that_was_committed_in_vain_is_charged_again_and_one_whose_round_was_void_is_not()
    {
        SimulatedConsortium consortium = new("repeated nodes", Tree);
        SimulatedServer server = consortium.Server;
        long c = consortium.Task.Privacy.Releases[0].Charge;
        Close(consortium);
        Close(consortium);
        foreach (RoundPhase phase in (RoundPhase[])[RoundPhase.Upload, RoundPhase.Unmask])
        {
            server.OpenRound();
            consortium.RunTo(phase);
            server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
        }

        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        server.Append(server.State.Refuse(ErrorCodes.InvalidAggregate));
        Close(consortium);
        Close(consortium);

        // Node 3: void, committed and lost, closed without a model, and then for good.
        Assert.Equal([c, c, 0, 0, c, c, c], Charges(consortium));
        Assert.Equal(BudgetState.Void, server.State.Budget!.Entries[2].State);
        AssertFolds(server);
    }

    [Fact]
    public void The_fold_takes_no_other_charge_than_that_of_the_next_node()
    {
        SimulatedConsortium consortium = new("charges of nodes", Tree);
        SimulatedServer server = consortium.Server;
        long c = consortium.Task.Privacy.Releases[0].Charge;
        foreach (long due in (long[])[c, c, 0])
        {
            if (server.State.AwaitsModel)
                server.Append(server.State.Publish(ModelAfter(consortium, server.State.CompletedRounds + 1)));
            RoundParameters next = ((TaskEvent.RoundOpened)server.State.Next(consortium.Random)!.Event).Round;
            Assert.Equal(due, next.Noise!.Charge);
            LogEntry lie = new(consortium.Task.TaskId, new TaskEvent.RoundOpened(next with { Noise = next.Noise with { Charge = c - due } }));
            Assert.Throws<InvalidOperationException>(() => server.State.Apply(server.State.EntryCount, lie.Encode()));
            Close(consortium);
        }
    }

    [Fact]
    public void A_client_refuses_a_node_that_is_opened_for_nothing_where_its_charge_is_due()
    {
        SimulatedConsortium consortium = new("free node", Tree);
        SimulatedServer server = consortium.Server;
        ClientContext context = consortium.Clients[0].Context;
        server.OpenRound();
        RoundParameters honest = server.Round.Parameters;
        SignedEntry free = Opening(consortium, honest with { Noise = honest.Noise! with { Charge = 0 } });

        // Without the model nobody can tell which node it is; with it the client can.
        Assert.Null(MaskingClient.Examine(context, free, 0, out RoundParameters? opened));
        for (int completed = 0; completed < 2 * Leaves; completed++)
        {
            bool isDue = (completed % Leaves + 1) is 1 or 2 or 4;
            Assert.Equal(isDue ? ErrorCodes.InvalidParameters : null, MaskingClient.ExamineModel(consortium.Task, opened!, ModelAfter(consortium, completed))?.Code);
            Assert.Null(MaskingClient.ExamineModel(consortium.Task, honest, ModelAfter(consortium, completed)));
        }

        Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.ExamineModel(consortium.Task, honest, ModelAfter(consortium, 2 * Leaves))!.Code);
    }

    [Fact]
    public void A_client_refuses_a_node_with_less_noise_or_with_a_charge_between()
    {
        SimulatedConsortium consortium = new("less noise", Tree);
        consortium.Server.OpenRound();
        RoundParameters honest = consortium.Server.Round.Parameters;
        foreach (RoundNoise? noise in (RoundNoise?[])[null, honest.Noise! with { Charge = 1 }, new RoundNoise(honest.Noise.NoiseMultiplier / 2, 0)])
            Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.Examine(consortium.Clients[0].Context, Opening(consortium, honest with { Noise = noise }), 0, out _)!.Code);
    }

    [Fact]
    public void A_client_refuses_a_tree_that_the_schedule_or_the_unit_does_not_carry()
    {
        TaskParameters task = new SimulatedConsortium("read a tree", Tree).Task;
        PrivacySpecification privacy = task.Privacy;
        Assert.True(TaskParameters.TryDecode(task.Encode(), out TaskParameters? read));
        Assert.Equal(privacy, read!.Privacy);
        Assert.Equal(Leaves, read.Privacy.TreeLeaves);
        foreach (PrivacySpecification lie in (PrivacySpecification[])
            [
                privacy with { TreeLeaves = 3 },
                privacy with { TreeLeaves = 1 },
                privacy with { TreeLeaves = 0 },
                privacy with { TreeLeaves = PrivacySpecification.GreatestTreeLeaves + 1 },
                privacy with { SamplingRate = 0.5 },
                privacy with { Unit = PrivacyUnit.Client, ExpectedRecords = 0 },
            ])
        {
            Assert.False(TaskParameters.TryDecode((task with { Privacy = lie }).Encode(), out _), lie.ToString());
        }
    }

    private static void Close(SimulatedConsortium consortium)
    {
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        Assert.True(consortium.Server.State.AwaitsModel);
    }

    private static IEnumerable<long> Charges(SimulatedConsortium consortium) => consortium.Server.State.Budget!.Entries.Select(e => e.Units);

    private static ModelState ModelAfter(SimulatedConsortium consortium, int trainRounds) =>
        ModelState.Initial(consortium.Task.Model) with { CompletedTrainRounds = trainRounds };

    private static SignedEntry Opening(SimulatedConsortium consortium, RoundParameters round) => SignedEntry.Sign(
        consortium.Task.TaskId, consortium.Server.Round.OpenIndex, new LogEntry(consortium.Task.TaskId, new TaskEvent.RoundOpened(round)).Encode(), consortium.Server.Key);

    private static void AssertFolds(SimulatedServer server) =>
        Assert.Equal(server.State.Budget!.Entries, server.Fold(server.Entries.Count).Budget!.Entries);
}
