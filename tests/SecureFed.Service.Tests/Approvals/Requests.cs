using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Approvals;

/// <summary>Requests for changes and approvals, signed by whom a test likes.</summary>
internal static class Requests
{
    public static ChangeRequest Of(TestConsortium consortium, Identifier task, ChangeKind kind, double epsilon = 0, int trainRounds = 0, TimeSpan? lifetime = null) => new(
        task,
        Identifier.Parse(Definitions.NewId()),
        kind,
        epsilon,
        trainRounds,
        consortium.Operator.Id,
        (ulong)TimeProvider.System.GetUtcNow().Add(lifetime ?? TimeSpan.FromHours(1)).ToUnixTimeSeconds(),
        "the board agreed");

    public static SignedChangeRequest Sign(this ChangeRequest request, Member member) => SignedChangeRequest.Sign(request, member.Key);

    public static async Task<HttpResponseMessage> PostAsync(TestConsortium consortium, Member member, Identifier task, ReadOnlyMemory<byte> request)
    {
        using HttpClient http = consortium.HttpFor(member);
        return await http.PostAsync(Routes.TaskPart(task, "changes"), HandSteppedClient.Binary(request.ToArray()));
    }

    public static Task<HttpResponseMessage> PostAsync(TestConsortium consortium, SignedChangeRequest request) =>
        PostAsync(consortium, consortium.Operator, request.Request.TaskId, request.Bytes);

    /// <summary>The approver's own approval of the request, under its own name.</summary>
    public static Task<HttpResponseMessage> PutAsync(TestConsortium consortium, SignedChangeRequest request, Member approver) =>
        PutAsync(consortium, request, approver, SignedApproval.Sign(request.Digest, approver.Id, approver.Key).Bytes);

    public static async Task<HttpResponseMessage> PutAsync(TestConsortium consortium, SignedChangeRequest request, Member approver, ReadOnlyMemory<byte> approval, Identifier? named = null)
    {
        using HttpClient http = consortium.HttpFor(approver);
        return await http.PutAsync(Routes.Approval(request.Request.TaskId, request.Request.ChangeId, named ?? approver.Id), HandSteppedClient.Binary(approval.ToArray()));
    }
}
