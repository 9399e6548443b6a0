using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Client;

/// <summary>Changes of a task as a server shows them, believed for their two signatures only.</summary>
internal static class ApprovedChanges
{
    /// <summary>The task's parameters with every approved change.</summary>
    /// <remarks>Whether they stand in the log is not asked: a round that only an unlogged change would allow is no legal entry, which every auditor sees.</remarks>
    /// <exception cref="RoundRefusedException"><c>approval-invalid</c>: the server shows one that no two people of the roster have signed.</exception>
    public static TaskParameters Verify(TaskParameters task, IEnumerable<ChangeView> changes, Roster roster)
    {
        List<(ReadOnlyMemory<byte> Request, ReadOnlyMemory<byte> Approval)> approved = [];
        foreach (ChangeView change in changes.Where(c => c.ApprovalEntry is not null).OrderBy(c => c.ApprovalEntry))
            approved.Add((Decode(change.SignedRequest), Decode(change.SignedApproval)));
        TaskParameters changed = ChangeLedger.Fold(task, approved, roster, out RoundRejection? fault);
        return fault is null
            ? changed
            : throw new RoundRefusedException(ErrorCodes.ApprovalInvalid, $"The server shows an approved change of the task that is none: {fault.Detail} The client abstains; ask the operator and the roster authority.");
    }

    /// <summary>Null if the bytes are no canonical request; their signature is not checked.</summary>
    public static SignedChangeRequest? TryReadRequest(ChangeView change) => SignedChangeRequest.TryDecode(Decode(change.SignedRequest));

    /// <summary>Empty if there is nothing in base64: which no decoder takes.</summary>
    private static byte[] Decode(string? base64)
    {
        try
        {
            return Convert.FromBase64String(base64 ?? "");
        }
        catch (FormatException)
        {
            return [];
        }
    }
}
