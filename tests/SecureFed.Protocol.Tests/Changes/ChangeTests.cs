using System.Text.Json;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Changes;

/// <summary>What two people can change of a task, as entries of its log; and what binds clients all the same.</summary>
public sealed class ChangeTests
{
    private static readonly ConsortiumOptions Noisy = new() { Clients = 5, DeltaDrop = 0.2m, TrainRounds = 2, GreatestFailures = 10, Epsilon = 4 };

    [Fact]
    public void An_exhausted_task_goes_on_after_an_approved_raise_and_the_auditors_epsilon_is_the_servers()
    {
        SimulatedConsortium consortium = new("raise", Noisy);
        SimulatedServer server = consortium.Server;
        consortium.Exhaust();
        (long spent, double epsilon) = (server.State.Budget!.Spent, server.State.Budget.EpsilonSpent);

        SignedChangeRequest request = consortium.Request(ChangeKind.RaiseBudget, epsilon: 8);
        FourEyes.Append(server, server.State.RequestChange(request.Bytes));
        Assert.Null(server.State.Next(consortium.Random)); // Asking changes nothing.
        Assert.Equal(4, server.State.Budget.Cap.Epsilon);
        FourEyes.Append(server, server.State.ApproveChange(FourEyes.Approval(request, consortium.Approver).Bytes));

        Assert.Equal((false, "", 8.0, spent, epsilon), (server.State.IsFinished, server.State.FinishReason, server.State.Budget.Cap.Epsilon, server.State.Budget.Spent, server.State.Budget.EpsilonSpent));
        Assert.Equal(4, server.State.Parameters.Privacy.Epsilon); // What clients agreed to, and what rounds name.
        server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        Assert.InRange(server.State.Budget.EpsilonSpent, 4.01, 8);

        BudgetView published = PrivacyOdometer.Read(server.State)!;
        EntryAudit audit = consortium.Audit(consortium.Entries(), out RoundRejection? fault);
        Assert.Null(fault);
        Assert.Equal(JsonSerializer.Serialize(published, ResourceJson.Options), JsonSerializer.Serialize(audit.ReadBudget(), ResourceJson.Options));
        Assert.Equal((8.0, published.EpsilonSpent), (published.Epsilon, audit.Budget!.EpsilonSpent));
        Assert.Null(consortium.Replay(consortium.Entries()));
        Assert.Equal(server.Observe(), SimulatedServer.Observe(server.Fold(server.Entries.Count), consortium.Roster));
        AuditedChange change = Assert.Single(audit.Changes);
        Assert.Equal((request.Digest, consortium.Approver.Id, request.Request), (change.RequestDigest, change.Approver, change.Request));
        Assert.Equal(change.RequestIndex + 1, change.ApprovalIndex);
    }

    [Fact]
    public void A_raise_that_is_too_small_for_another_round_ends_the_task_again()
    {
        SimulatedConsortium consortium = new("small raise", Noisy);
        consortium.Exhaust();
        consortium.Change(consortium.Request(ChangeKind.RaiseBudget, epsilon: 4.0001));
        Assert.Equal(new TaskEvent.TaskFinished(ErrorCodes.BudgetExhausted), consortium.Server.State.Next(consortium.Random)!.Event);
    }

    [Fact]
    public void A_round_in_progress_keeps_its_charge_when_the_budget_is_raised()
    {
        SimulatedConsortium consortium = new("raise in a round", Noisy);
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        long reserved = consortium.Server.State.Budget!.Reserved;
        consortium.Change(consortium.Request(ChangeKind.RaiseBudget, epsilon: 8));
        consortium.RunTo(RoundPhase.Closed);
        Assert.Equal((reserved, 0L), (consortium.Server.State.Budget.Spent, consortium.Server.State.Budget.Reserved));
        _ = consortium.Audit(consortium.Entries(), out RoundRejection? fault);
        Assert.Null(fault);
    }

    [Fact]
    public void A_task_that_demands_it_opens_no_round_before_its_start_is_approved()
    {
        SimulatedConsortium consortium = new("start", Noisy with { RequiresApproval = true });
        SimulatedServer server = consortium.Server;
        SimulatedConsortium free = new("start", Noisy);
        RoundParameters round = ((TaskEvent.RoundOpened)free.Server.State.Next(free.Random)!.Event).Round with { TaskDigest = server.State.ParametersDigest, RosterDigest = consortium.Roster.Digest };
        ReadOnlyMemory<byte> early = consortium.Encode(new TaskEvent.RoundOpened(round));
        Assert.Null(server.State.Next(consortium.Random));
        Assert.Throws<InvalidOperationException>(() => server.State.Apply(1, early.Span));
        _ = consortium.Audit([.. consortium.Entries(), early], out RoundRejection? fault);
        Assert.Contains("nobody has approved the start", fault!.Detail, StringComparison.Ordinal);

        consortium.Change(consortium.Request(ChangeKind.Start));
        server.OpenRound();
        Assert.True(server.State.HasOpenRound);
        _ = consortium.Audit(consortium.Entries(), out fault);
        Assert.Null(fault);
        Assert.Null(consortium.Replay(consortium.Entries()));
        AssertRefused(server.State.RequestChange(consortium.Request(ChangeKind.Start, change: "again").Bytes), ErrorCodes.ApprovalInvalid, "before");
    }

    [Fact]
    public void An_extended_schedule_trains_on_and_fits_the_budget_or_is_refused()
    {
        SimulatedConsortium consortium = new("extend", Noisy);
        SimulatedServer server = consortium.Server;
        AssertRefused(server.State.RequestChange(consortium.Request(ChangeKind.ExtendSchedule, trainRounds: 3).Bytes), ErrorCodes.ApprovalInvalid, "needs");
        consortium.Change(consortium.Request(ChangeKind.RaiseBudget, epsilon: 8));
        consortium.Change(consortium.Request(ChangeKind.ExtendSchedule, trainRounds: 3, change: "second"));
        for (int round = 1; round <= 3; round++)
        {
            server.OpenRound();
            consortium.RunTo(RoundPhase.Closed);
        }

        server.Append(server.State.Publish(ModelState.Initial(consortium.Task.Model) with { CompletedTrainRounds = 3 }));
        server.Append(server.State.Next(consortium.Random)!);
        Assert.Equal((true, "", 3, 2), (server.State.IsFinished, server.State.FinishReason, server.State.CompletedRounds, server.State.Parameters.Schedule.TrainRounds));
        _ = consortium.Audit(consortium.Entries(), out RoundRejection? fault);
        Assert.Null(fault);

        // A complete schedule is final: its result was given out as the last.
        AssertRefused(server.State.RequestChange(consortium.Request(ChangeKind.ExtendSchedule, trainRounds: 4, change: "late").Bytes), ErrorCodes.TaskFinished, "over");
        AssertRefused(server.State.RequestChange(consortium.Request(ChangeKind.RaiseBudget, epsilon: 16, change: "late").Bytes), ErrorCodes.TaskFinished, "over");
    }

    [Fact]
    public void A_schedule_is_not_extended_once_its_evaluation_has_opened()
    {
        SimulatedConsortium consortium = new("evaluation", new ConsortiumOptions { TrainRounds = 2 });
        SignedChangeRequest request = consortium.Request(ChangeKind.ExtendSchedule, trainRounds: 3);
        ChangeLedger ledger = new(consortium.Task);
        AssertRefused(ledger.Request(request.Bytes, consortium.Roster, canExtend: false), ErrorCodes.ApprovalInvalid, "evaluation");
        Assert.NotNull(ledger.Request(request.Bytes, consortium.Roster, canExtend: true).Accepted);
        ChangeAudit audit = new(_ => request.Bytes);
        audit.Start(consortium.Task);
        Assert.Contains("evaluation", audit.Request(1, request.Digest, consortium.Task.TaskId, canExtend: false), StringComparison.Ordinal);
        Assert.Null(audit.Request(1, request.Digest, consortium.Task.TaskId, canExtend: true));
    }

    [Fact]
    public void A_client_whose_policy_allows_less_refuses_every_round_of_a_raised_task()
    {
        SimulatedConsortium consortium = new("policy and raise", Noisy);
        consortium.Exhaust();
        SignedChangeRequest request = consortium.Request(ChangeKind.RaiseBudget, epsilon: 8);
        SignedApproval approval = consortium.Change(request);
        consortium.Server.OpenRound();

        TaskParameters changed = ChangeLedger.Fold(consortium.Task, [(request.Bytes, approval.Bytes)], consortium.Roster, out RoundRejection? fault);
        Assert.Null(fault);
        ClientContext client = consortium.ContextOf(consortium.Clients[0]) with { Changed = changed };
        Assert.Null(MaskingClient.Examine(client, consortium.Server.Opening, 0, out _));
        ClientPolicy strict = consortium.Policy with { Privacy = PrivacyLimits.Default with { GreatestEpsilon = 9.9m } }; // 8 and a quarter more are 10.
        Assert.Null(strict.Check(consortium.Task));
        Assert.Equal(ErrorCodes.PolicyViolated, MaskingClient.Examine(client with { Policy = strict }, consortium.Server.Opening, 0, out _)!.Code);
    }

    [Fact]
    public void A_client_takes_part_beyond_its_schedule_only_if_two_people_have_signed_for_it()
    {
        SimulatedConsortium consortium = new("beyond", new ConsortiumOptions { TrainRounds = 1, GreatestFailures = 0 });
        SignedChangeRequest request = consortium.Request(ChangeKind.ExtendSchedule, trainRounds: 2);
        SignedApproval approval = consortium.Change(request);
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Closed);
        consortium.Server.OpenRound();
        ClientContext client = consortium.ContextOf(consortium.Clients[0]);
        Assert.Equal(ErrorCodes.InvalidParameters, MaskingClient.Examine(client, consortium.Server.Opening, 1, out _)!.Code);
        TaskParameters changed = ChangeLedger.Fold(consortium.Task, [(request.Bytes, approval.Bytes)], consortium.Roster, out _);
        Assert.Null(MaskingClient.Examine(client with { Changed = changed }, consortium.Server.Opening, 1, out _));

        // The server's own invention: signed by the wrong keys, or shown twice.
        SignedApproval forged = SignedApproval.Sign(request.Digest, consortium.Approver.Id, consortium.Server.Key);
        Assert.Same(consortium.Task, ChangeLedger.Fold(consortium.Task, [(request.Bytes, forged.Bytes)], consortium.Roster, out RoundRejection? fault));
        Assert.Equal(ErrorCodes.ApprovalInvalid, fault!.Code);
        Assert.Same(consortium.Task, ChangeLedger.Fold(consortium.Task, [(request.Bytes, approval.Bytes), (request.Bytes, approval.Bytes)], consortium.Roster, out fault));
        Assert.Equal(ErrorCodes.ApprovalInvalid, fault!.Code);
    }

    internal static void AssertRefused(MessageDecision decision, string code, string words)
    {
        Assert.Null(decision.Accepted);
        Assert.Equal(code, decision.Rejection?.Code);
        Assert.Contains(words, decision.Rejection!.Detail, StringComparison.Ordinal);
    }
}
