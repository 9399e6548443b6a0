using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Tasks;

/// <summary>What a failed round costs: itself, and the task only after as many in a row as the schedule allows.</summary>
public sealed class FailedRoundTests
{
    [Fact]
    public void A_refused_model_costs_the_round_and_only_too_many_in_a_row_cost_the_task()
    {
        SimulatedConsortium consortium = new("refused models", new ConsortiumOptions { Clients = 3, DeltaDrop = 0, GreatestFailures = 2 });
        SimulatedServer server = consortium.Server;
        Digest model = server.State.ModelDigest;
        for (int round = 1; round <= 3; round++)
        {
            Assert.IsType<TaskEvent.RoundOpened>(server.State.Next(consortium.Random)!.Event);
            CloseRound(consortium);
            server.Append(server.State.Refuse(ErrorCodes.InvalidAggregate));
            Assert.Equal((false, false, false, model), (server.State.AwaitsModel, server.State.HasOpenRound, server.State.IsFinished, server.State.ModelDigest));
            Assert.Equal((round, 0, ErrorCodes.InvalidAggregate), (server.State.Rounds.Count, server.State.CompletedRounds, server.State.Rounds[^1].AbortReason));
            AssertFolds(consortium);
        }

        server.Append(server.State.Next(consortium.Random)!);
        Assert.Equal((true, ErrorCodes.InvalidAggregate), (server.State.IsFinished, server.State.FinishReason));
        Assert.Null(server.State.Next(consortium.Random));
        AssertFolds(consortium);
    }

    [Fact]
    public void A_published_model_forgives_the_failures_before_it()
    {
        SimulatedConsortium consortium = new("forgiven", new ConsortiumOptions { Clients = 3, DeltaDrop = 0, GreatestFailures = 1 });
        SimulatedServer server = consortium.Server;
        foreach (bool isRefused in new[] { true, false, true, false })
        {
            CloseRound(consortium);
            server.Append(isRefused
                ? server.State.Refuse(ErrorCodes.InvalidAggregate)
                : server.State.Publish(ModelState.Initial(consortium.Task.Model) with { CompletedTrainRounds = server.State.CompletedRounds + 1 }));
            Assert.IsType<TaskEvent.RoundOpened>(server.State.Next(consortium.Random)!.Event);
            AssertFolds(consortium);
        }

        Assert.Equal(2, server.State.CompletedRounds);
    }

    [Fact]
    public void A_model_is_refused_only_where_one_is_awaited()
    {
        SimulatedConsortium consortium = new("out of place", new ConsortiumOptions { Clients = 3, DeltaDrop = 0 });
        SimulatedServer server = consortium.Server;
        server.OpenRound();
        PendingEvent early = server.State.Refuse(ErrorCodes.InvalidAggregate);
        AssertDoesNotFit(server, early);
        consortium.RunTo(RoundPhase.Closed);
        AssertDoesNotFit(server, new PendingEvent(new TaskEvent.ModelRefused(consortium.Task.TaskId, ErrorCodes.InvalidAggregate)));
        server.Append(early);
        AssertDoesNotFit(server, early);
        AssertDoesNotFit(server, new PendingEvent(new TaskEvent.ModelPublished(server.Round.Parameters.RoundId, server.State.ModelDigest, Digest.Of("model"u8))));
    }

    [Fact]
    public void A_dealer_whose_commitment_is_wrong_loses_the_round_and_is_named_by_its_pseudonym()
    {
        SimulatedConsortium consortium = new("suspect", new ConsortiumOptions { Clients = 5, DeltaDrop = 0 });
        SimulatedServer server = consortium.Server;
        SimulatedClient liar = consortium.Clients[2];
        server.OpenRound();
        consortium.RunTo(RoundPhase.Share);
        Assert.Null(SignedMessage.TryDecode(liar.Step(server)!.Value, out SignedMessage? honest));
        ShareBundle bundle = (ShareBundle)honest!.Body;
        SignedMessage lie = SignedMessage.Sign(honest.Header, bundle with { SeedCommitment = Digest.Of("another seed"u8) }, liar.Key);
        Assert.Equal(SimulatedServer.Accepted, server.Receive(lie.Bytes));
        consortium.RunTo(RoundPhase.Closed);

        Assert.Equal((RoundPhase.Aborted, ErrorCodes.InconsistentShares), (server.Round.Phase, server.Round.AbortReason));
        Identifier suspect = Assert.Single(LastAbort(server).Suspects);
        ReadOnlyMemory<byte> salt = server.Blobs.Get(server.Round.Parameters.PseudonymSaltDigest);
        Assert.Equal(Pseudonym.Of(salt.Span, liar.Id), suspect);
        Assert.Equal([suspect], server.Round.Suspects);
        Assert.All(consortium.Clients, c => Assert.NotEqual(c.Id, suspect));
        AssertFolds(consortium);
    }

    [Fact]
    public void Silence_names_nobody()
    {
        SimulatedConsortium consortium = new("silence", new ConsortiumOptions { Clients = 5, DeltaDrop = 0 });
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Unmask);
        consortium.Server.Advance(Patience.DeadlinePassed);
        Assert.Equal(ErrorCodes.TooFewAnswers, LastAbort(consortium.Server).Reason);
        Assert.Empty(LastAbort(consortium.Server).Suspects);
    }

    [Fact]
    public void No_task_opens_a_round_beyond_its_greatest_round_number()
    {
        SimulatedConsortium consortium = new("greatest number", new ConsortiumOptions { Clients = 3, DeltaDrop = 0, TrainRounds = 2, GreatestFailures = 1 });
        SimulatedServer server = consortium.Server;
        foreach (bool isRefused in new[] { true, false, true, false })
        {
            CloseRound(consortium);
            server.Append(isRefused ? server.State.Refuse(ErrorCodes.InvalidAggregate) : server.State.Publish(ModelState.Initial(consortium.Task.Model)));
        }

        Assert.Equal(consortium.Task.Schedule.GreatestRoundNumber, server.Round.Parameters.Number);
        Assert.IsType<TaskEvent.TaskFinished>(server.State.Next(consortium.Random)!.Event);
    }

    private static void CloseRound(SimulatedConsortium consortium)
    {
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        Assert.Equal((RoundPhase.Closed, true), (consortium.Server.Round.Phase, consortium.Server.State.AwaitsModel));
    }

    private static TaskEvent.RoundAborted LastAbort(SimulatedServer server)
    {
        Assert.True(LogEntry.TryDecode(server.Entries[^1].Bytes.Span, out LogEntry? entry));
        return Assert.IsType<TaskEvent.RoundAborted>(entry!.Event);
    }

    private static void AssertFolds(SimulatedConsortium consortium) =>
        Assert.Equal(consortium.Server.Observe(), SimulatedServer.Observe(consortium.Server.Fold(consortium.Server.Entries.Count), consortium.Roster));

    private static void AssertDoesNotFit(SimulatedServer server, PendingEvent change)
    {
        string before = server.Observe();
        byte[] entry = new LogEntry(server.State.Parameters.TaskId, change.Event).Encode();
        Assert.Throws<InvalidOperationException>(() => server.State.Apply(server.State.EntryCount, entry));
        Assert.Equal(before, server.Observe());
    }
}
