using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Changes;

/// <summary>Requests and approvals of a simulated consortium.</summary>
internal static class FourEyes
{
    public const ulong Expiry = 1_900_000_000;

    public static SignedChangeRequest Request(this SimulatedConsortium consortium, ChangeKind kind, double epsilon = 0, int trainRounds = 0, string change = "change") => SignedChangeRequest.Sign(
        new ChangeRequest(consortium.Task.TaskId, Identifier.Random(Seeded.Source(change)), kind, epsilon, trainRounds, consortium.Operator.Id, Expiry, "because"),
        consortium.Operator.Key);

    public static SignedApproval Approval(SignedChangeRequest request, SimulatedClient approver) => SignedApproval.Sign(request.Digest, approver.Id, approver.Key);

    /// <summary>The server takes both and logs them.</summary>
    public static SignedApproval Change(this SimulatedConsortium consortium, SignedChangeRequest request)
    {
        SimulatedServer server = consortium.Server;
        SignedApproval approval = Approval(request, consortium.Approver);
        Append(server, server.State.RequestChange(request.Bytes));
        Append(server, server.State.ApproveChange(approval.Bytes));
        return approval;
    }

    public static void Append(SimulatedServer server, MessageDecision decision)
    {
        Assert.True(decision.Accepted is not null, decision.Rejection?.Detail);
        server.Append(decision.Accepted);
    }

    /// <summary>Every round of the schedule fails after shares were asked for, until nothing is left and the task ends.</summary>
    public static void Exhaust(this SimulatedConsortium consortium)
    {
        SimulatedServer server = consortium.Server;
        while (server.State.Next(consortium.Random) is { Event: TaskEvent.RoundOpened } opening)
        {
            server.Append(opening);
            consortium.RunTo(RoundPhase.Unmask);
            server.Append(server.Round.Abort(ErrorCodes.AbortedByOperator));
        }

        server.Append(server.State.Next(consortium.Random)!);
        Assert.Equal(ErrorCodes.BudgetExhausted, server.State.FinishReason);
    }

    public static EntryAudit Audit(this SimulatedConsortium consortium, IEnumerable<ReadOnlyMemory<byte>> entries, out RoundRejection? fault, Func<Digest, ReadOnlyMemory<byte>?>? findBlob = null)
    {
        EntryAudit audit = new(findBlob ?? (digest => consortium.Server.Blobs.Get(digest)));
        fault = null;
        foreach (ReadOnlyMemory<byte> entry in entries)
        {
            fault = audit.Add(audit.EntryCount, entry.Span);
            if (fault is not null)
                break;
        }

        return audit;
    }

    public static string? Replay(this SimulatedConsortium consortium, IEnumerable<ReadOnlyMemory<byte>> entries)
    {
        TaskReplay replay = new(consortium.Server.Blobs, consortium.Authority.PublicKey);
        ulong index = 0;
        return entries.Select(entry => replay.Add(index++, entry.Span)).FirstOrDefault(fault => fault is not null);
    }

    public static List<ReadOnlyMemory<byte>> Entries(this SimulatedConsortium consortium) => [.. consortium.Server.Entries.Select(e => e.Bytes)];

    public static byte[] Encode(this SimulatedConsortium consortium, TaskEvent change) => new LogEntry(consortium.Task.TaskId, change).Encode();

    public static TaskEvent EventOf(ReadOnlyMemory<byte> entry) => LogEntry.TryDecode(entry.Span, out LogEntry? decoded) ? decoded!.Event : throw new InvalidOperationException();
}
