using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Changes;

/// <summary>One person who wants to be two, and a server that wants neither.</summary>
public sealed class ChangeAttackTests
{
    private static readonly ConsortiumOptions Noisy = new() { Clients = 5, DeltaDrop = 0.2m, TrainRounds = 2, GreatestFailures = 10, Epsilon = 4 };

    private static readonly Dictionary<string, Func<SimulatedConsortium, SignedChangeRequest, SignedApproval>> WrongApprovals = new(StringComparer.Ordinal)
    {
        ["the operator's own"] = (c, r) => FourEyes.Approval(r, c.Operator),
        ["of the operator's organisation"] = (c, r) => FourEyes.Approval(r, c.InsideApprover),
        ["of a client"] = (c, r) => FourEyes.Approval(r, c.Clients[0]),
        ["of a stranger"] = (c, r) => SignedApproval.Sign(r.Digest, c.Task.TaskId, c.Approver.Key),
        ["signed by the operator in the approver's name"] = (c, r) => SignedApproval.Sign(r.Digest, c.Approver.Id, c.Operator.Key),
        ["signed by the server in the approver's name"] = (c, r) => SignedApproval.Sign(r.Digest, c.Approver.Id, c.Server.Key),
        ["of another request"] = (c, _) => FourEyes.Approval(c.Request(ChangeKind.RaiseBudget, epsilon: 9, change: "another"), c.Approver),
        ["of the same change of another task"] = (c, _) => FourEyes.Approval(new SimulatedConsortium("another task", Noisy).Request(ChangeKind.RaiseBudget, epsilon: 8), c.Approver),
    };

    public static TheoryData<string> Approvals() => [.. WrongApprovals.Keys];

    [Theory]
    [MemberData(nameof(Approvals))]
    public void An_approval_that_is_not_a_second_persons_changes_nothing_and_a_log_that_holds_it_is_caught(string which)
    {
        SimulatedConsortium consortium = new("four eyes", Noisy);
        SimulatedServer server = consortium.Server;
        SignedChangeRequest request = consortium.Request(ChangeKind.RaiseBudget, epsilon: 8);
        FourEyes.Append(server, server.State.RequestChange(request.Bytes));
        SignedApproval approval = WrongApprovals[which](consortium, request);
        string before = server.Observe();
        Assert.Equal(ErrorCodes.ApprovalInvalid, server.State.ApproveChange(approval.Bytes).Rejection?.Code);
        Assert.Equal((before, 4.0), (server.Observe(), server.State.Budget!.Cap.Epsilon));

        server.Blobs.Put(approval.Bytes);
        ReadOnlyMemory<byte> logged = consortium.Encode(new TaskEvent.ChangeApproved(request.Digest, approval.Digest));
        Assert.StartsWith("Entry 2", consortium.Replay([.. consortium.Entries(), logged]), StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => server.State.Apply(2, logged.Span));
    }

    /// <summary>Two identities of one person are two keys: the authority cannot enrol one key twice, whatever names and roles go with it.</summary>
    [Fact]
    public void One_key_cannot_be_enrolled_as_operator_and_as_approver()
    {
        SimulatedConsortium consortium = new("one key", Noisy);
        RosterEntry twin = new(Identifier.Random(consortium.Random), RosterRole.Approver, "Elsewhere", consortium.Operator.Key.PublicKey);
        Assert.Throws<ArgumentException>(() => Roster.Create(2, [.. consortium.Roster.Entries, twin], consortium.Authority));
    }

    [Fact]
    public void A_request_is_an_operators_own()
    {
        SimulatedConsortium consortium = new("requests", Noisy);
        SimulatedServer server = consortium.Server;
        ChangeRequest raise = consortium.Request(ChangeKind.RaiseBudget, epsilon: 8).Request;
        Refused(SignedChangeRequest.Sign(raise with { Requester = consortium.Approver.Id }, consortium.Approver.Key), ErrorCodes.WrongRole);
        Refused(SignedChangeRequest.Sign(raise with { Requester = consortium.Clients[0].Id }, consortium.Clients[0].Key), ErrorCodes.WrongRole);
        Refused(SignedChangeRequest.Sign(raise, consortium.Approver.Key), ErrorCodes.SignatureInvalid);
        Refused(SignedChangeRequest.Sign(raise, consortium.Server.Key), ErrorCodes.SignatureInvalid);
        Refused(SignedChangeRequest.Sign(raise with { TaskId = consortium.Operator.Id }, consortium.Operator.Key), ErrorCodes.ApprovalInvalid);
        byte[] tampered = consortium.Request(ChangeKind.RaiseBudget, epsilon: 8).Bytes.ToArray();
        tampered[40] ^= 1; // The last bits of ε.
        Assert.Equal(8.000000000000002, SignedChangeRequest.TryDecode(tampered)!.Request.Epsilon, 0.1);
        Assert.Equal(ErrorCodes.SignatureInvalid, server.State.RequestChange(tampered).Rejection!.Code);
        Assert.Equal(ErrorCodes.InvalidMessage, server.State.RequestChange(new byte[200]).Rejection!.Code);
        Assert.Equal(ErrorCodes.InvalidMessage, server.State.ApproveChange(new byte[SignedApproval.EncodedBytes]).Rejection!.Code);

        void Refused(SignedChangeRequest request, string code)
        {
            Assert.Equal(code, server.State.RequestChange(request.Bytes).Rejection?.Code);
            server.Blobs.Put(request.Bytes);
            Assert.StartsWith("Entry 1", consortium.Replay([.. consortium.Entries(), consortium.Encode(new TaskEvent.ChangeRequested(request.Digest))]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Values_that_are_not_greater_are_refused_when_requested_and_when_they_have_become_stale()
    {
        SimulatedConsortium consortium = new("stale", Noisy);
        SimulatedServer server = consortium.Server;
        foreach (double epsilon in (double[])[4, 3.9, 1e7])
            ChangeTests.AssertRefused(server.State.RequestChange(consortium.Request(ChangeKind.RaiseBudget, epsilon).Bytes), ErrorCodes.ApprovalInvalid, "cannot be made");
        SignedChangeRequest absurd = consortium.Request(ChangeKind.RaiseBudget, epsilon: 1e7);
        server.Blobs.Put(absurd.Bytes);
        _ = consortium.Audit([.. consortium.Entries(), consortium.Encode(new TaskEvent.ChangeRequested(absurd.Digest))], out RoundRejection? beyond);
        Assert.Contains("1e6", beyond!.Detail, StringComparison.Ordinal);
        foreach (int rounds in (int[])[1, 2])
            ChangeTests.AssertRefused(server.State.RequestChange(consortium.Request(ChangeKind.ExtendSchedule, trainRounds: rounds).Bytes), ErrorCodes.ApprovalInvalid, "not more than");
        SimulatedConsortium exact = new("no budget", new ConsortiumOptions());
        ChangeTests.AssertRefused(exact.Server.State.RequestChange(exact.Request(ChangeKind.RaiseBudget, epsilon: 8).Bytes), ErrorCodes.ApprovalInvalid, "no noise");
        ChangeTests.AssertRefused(exact.Server.State.RequestChange(exact.Request(ChangeKind.Start).Bytes), ErrorCodes.ApprovalInvalid, "no approved start");

        SignedChangeRequest lower = consortium.Request(ChangeKind.RaiseBudget, epsilon: 6, change: "lower");
        FourEyes.Append(server, server.State.RequestChange(lower.Bytes));
        consortium.Change(consortium.Request(ChangeKind.RaiseBudget, epsilon: 8));
        SignedApproval late = FourEyes.Approval(lower, consortium.OtherApprover);
        ChangeTests.AssertRefused(server.State.ApproveChange(late.Bytes), ErrorCodes.ApprovalInvalid, "not greater than 8");
        server.Blobs.Put(late.Bytes);
        ReadOnlyMemory<byte> logged = consortium.Encode(new TaskEvent.ChangeApproved(lower.Digest, late.Digest));
        Assert.StartsWith("Entry 4", consortium.Replay([.. consortium.Entries(), logged]), StringComparison.Ordinal);
        _ = consortium.Audit([.. consortium.Entries(), logged], out RoundRejection? fault);
        Assert.Contains("not greater", fault!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void An_approval_is_used_once_and_a_change_identifier_too()
    {
        SimulatedConsortium consortium = new("once", Noisy);
        SimulatedServer server = consortium.Server;
        SignedChangeRequest request = consortium.Request(ChangeKind.RaiseBudget, epsilon: 8);
        SignedApproval approval = consortium.Change(request);
        Assert.Equal((1UL, 2UL), (server.State.RequestChange(request.Bytes).RepeatedIndex, server.State.ApproveChange(approval.Bytes).RepeatedIndex));
        ChangeTests.AssertRefused(server.State.ApproveChange(FourEyes.Approval(request, consortium.OtherApprover).Bytes), ErrorCodes.ApprovalInvalid, "used once");
        ChangeTests.AssertRefused(server.State.ApproveChange(FourEyes.Approval(request, consortium.Approver).Bytes), ErrorCodes.ConflictingMessage, "that one stands");
        ChangeTests.AssertRefused(server.State.RequestChange(consortium.Request(ChangeKind.RaiseBudget, epsilon: 9).Bytes), ErrorCodes.ConflictingMessage, "fresh one");

        foreach (int place in (int[])[1, 2])
        {
            ReadOnlyMemory<byte>[] twice = [.. consortium.Entries(), consortium.Entries()[place]];
            Assert.StartsWith("Entry 3", consortium.Replay(twice), StringComparison.Ordinal);
            _ = consortium.Audit(twice, out RoundRejection? fault);
            Assert.Contains("before", fault!.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_server_that_raises_its_budget_without_an_entry_is_caught_by_the_entries_alone()
    {
        SimulatedConsortium consortium = new("secret raise", Noisy);
        consortium.Exhaust();
        int finished = consortium.Server.Entries.Count - 1;
        consortium.Change(consortium.Request(ChangeKind.RaiseBudget, epsilon: 8));
        consortium.Server.OpenRound();
        List<ReadOnlyMemory<byte>> entries = consortium.Entries();
        ReadOnlyMemory<byte> opening = entries[^1];
        Assert.IsType<TaskEvent.RoundOpened>(FourEyes.EventOf(opening));

        foreach ((List<ReadOnlyMemory<byte>> kept, string words) in ((List<ReadOnlyMemory<byte>>, string)[])
            [
                ([.. entries[..finished], opening], "budget-exhausted"), // Neither the end nor the change.
                ([.. entries[..(finished + 1)], opening], "nothing but deletions"), // Not the change.
                ([.. entries[..(finished + 2)], opening], "nothing but deletions"), // The request alone.
                ([.. entries[..(finished + 1)], entries[finished + 2], opening], "nobody requested"), // The approval alone.
            ])
        {
            _ = consortium.Audit(kept, out RoundRejection? fault);
            Assert.Contains(words, fault!.Detail, StringComparison.Ordinal);
            Assert.NotNull(consortium.Replay(kept));
        }
    }

    /// <summary>Without the request nobody can tell what was approved: then nothing is claimed about budget and schedule, and the rest is still judged.</summary>
    [Fact]
    public void An_auditor_without_the_blobs_of_a_change_says_so_and_claims_no_budget_after_it()
    {
        SimulatedConsortium consortium = new("blind", Noisy);
        consortium.Exhaust();
        consortium.Change(consortium.Request(ChangeKind.RaiseBudget, epsilon: 8));
        consortium.Server.OpenRound();
        EntryAudit audit = consortium.Audit(
            consortium.Entries(), out RoundRejection? fault, digest => digest == consortium.Server.State.ParametersDigest ? consortium.Server.Blobs.Get(digest) : default(ReadOnlyMemory<byte>?));
        Assert.Null(fault);
        Assert.True(audit.HasUnreadChange);
        Assert.Null(audit.ReadBudget());
        Assert.Null(audit.InForce);
        Assert.Null(Assert.Single(audit.Changes).Request);

        List<ReadOnlyMemory<byte>> lie = consortium.Entries();
        TaskEvent.RoundOpened opened = (TaskEvent.RoundOpened)FourEyes.EventOf(lie[^1]);
        lie[^1] = consortium.Encode(new TaskEvent.RoundOpened(opened.Round with { Noise = opened.Round.Noise! with { Charge = 0 } }));
        _ = consortium.Audit(lie, out fault, digest => digest == consortium.Server.State.ParametersDigest ? consortium.Server.Blobs.Get(digest) : default(ReadOnlyMemory<byte>?));
        Assert.Contains("its noise or its charge", fault!.Detail, StringComparison.Ordinal);
        _ = consortium.Audit(consortium.Entries(), out fault, _ => default(ReadOnlyMemory<byte>?));
        Assert.Null(fault);
    }

    /// <summary>A signature over a request is none over an approval, a message or an entry, and the other way round.</summary>
    [Fact]
    public void Requests_and_approvals_are_signed_under_contexts_of_their_own()
    {
        SigningContext[] contexts = [SigningContext.Roster, SigningContext.Message, SigningContext.Entry, SigningContext.ChangeRequest, SigningContext.Approval];
        Assert.Equal(contexts.Length, contexts.Select(c => Convert.ToHexString(c.Bind([]))).Distinct(StringComparer.Ordinal).Count());
        SimulatedConsortium consortium = new("contexts", Noisy);
        SignedChangeRequest request = consortium.Request(ChangeKind.RaiseBudget, epsilon: 8);
        byte[] content = request.Bytes[..^P256.SignatureBytes].ToArray();
        foreach (SigningContext other in contexts.Except([SigningContext.ChangeRequest]))
            Assert.False(SignedChangeRequest.TryDecode((byte[])[.. content, .. consortium.Operator.Key.Sign(other.Bind(content))])!.IsSignedBy(consortium.Roster));
        Assert.True(request.IsSignedBy(consortium.Roster));
    }
}
