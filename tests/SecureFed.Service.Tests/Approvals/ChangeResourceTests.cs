using System.Net;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Approvals;

/// <summary>The changes of a task over HTTP: who may, what is refused and with which code, and what the same bytes do again.</summary>
public sealed class ChangeResourceTests(TestConsortium consortium)
{
    [Fact]
    public async Task A_request_and_its_approval_are_taken_once_and_acknowledged_again()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        SignedChangeRequest request = Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 8).Sign(consortium.Operator);
        using HttpResponseMessage first = await Requests.PostAsync(consortium, request);
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        ChangeView asked = await first.ReadAsync<ChangeView>();
        Assert.Equal((ChangeKind.RaiseBudget, 8.0, null, request.Digest.ToString(), null), (asked.Kind, asked.Epsilon, asked.TrainRounds, asked.RequestDigest, asked.Approver));
        using HttpResponseMessage second = await Requests.PostAsync(consortium, request);
        Assert.Equal((HttpStatusCode.OK, asked), (second.StatusCode, await second.ReadAsync<ChangeView>()));
        Assert.Equal(4, (await consortium.OperatorApi().GetBudgetAsync(task)).Epsilon);

        byte[] approval = SignedApproval.Sign(request.Digest, consortium.Approver.Id, consortium.Approver.Key).Bytes.ToArray();
        using HttpResponseMessage approved = await Requests.PutAsync(consortium, request, consortium.Approver, approval);
        Assert.Equal(HttpStatusCode.Created, approved.StatusCode);
        ChangeView done = await approved.ReadAsync<ChangeView>();
        using HttpResponseMessage again = await Requests.PutAsync(consortium, request, consortium.Approver, approval);
        Assert.Equal((HttpStatusCode.OK, done), (again.StatusCode, await again.ReadAsync<ChangeView>()));
        Assert.Equal((consortium.Approver.Id.ToString(), true), (done.Approver, done.ApprovalEntry > done.RequestEntry));
        Assert.Equal([done], await consortium.OperatorApi().GetChangesAsync(task));
        Assert.Equal(8, (await consortium.OperatorApi().GetBudgetAsync(task)).Epsilon);
        Assert.Equal(1, (await consortium.OperatorApi().GetTaskAsync(task)).ApprovedChanges);

        // Another signature of the same approver, another approver, another request under the same identifier.
        await Requests.PutAsync(consortium, request, consortium.Approver).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ConflictingMessage);
        await Requests.PutAsync(consortium, request, consortium.OtherApprover).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        await Requests.PostAsync(consortium, (request.Request with { Epsilon = 9 }).Sign(consortium.Operator)).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ConflictingMessage);
    }

    [Fact]
    public async Task Nobody_approves_alone_or_in_anothers_name()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        SignedChangeRequest request = Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 8).Sign(consortium.Operator);
        await Requests.PostAsync(consortium, consortium.Approver, task, request.Bytes).AssertProblemAsync(HttpStatusCode.Forbidden, ErrorCodes.WrongRole);
        await Requests.PostAsync(consortium, consortium.Clients[0], task, request.Bytes).AssertProblemAsync(HttpStatusCode.Forbidden, ErrorCodes.WrongRole);
        await Requests.PostAsync(consortium, consortium.Operator, task, new byte[10]).AssertProblemAsync(HttpStatusCode.BadRequest, ErrorCodes.InvalidMessage);
        SignedChangeRequest borrowed = (request.Request with { Requester = consortium.Approver.Id }).Sign(consortium.Approver);
        await Requests.PostAsync(consortium, borrowed).AssertProblemAsync(HttpStatusCode.Forbidden, ErrorCodes.Forbidden);
        SignedChangeRequest forged = SignedChangeRequest.Sign(request.Request, consortium.Approver.Key);
        await Requests.PostAsync(consortium, forged).AssertProblemAsync(HttpStatusCode.Unauthorized, ErrorCodes.SignatureInvalid);
        await Requests.PutAsync(consortium, request, consortium.Approver).AssertProblemAsync(HttpStatusCode.NotFound, ErrorCodes.UnknownResource);

        Assert.Equal(HttpStatusCode.Created, (await Requests.PostAsync(consortium, request)).StatusCode);
        byte[] approval = SignedApproval.Sign(request.Digest, consortium.Approver.Id, consortium.Approver.Key).Bytes.ToArray();
        await Requests.PutAsync(consortium, request, consortium.Operator).AssertProblemAsync(HttpStatusCode.Forbidden, ErrorCodes.WrongRole);
        await Requests.PutAsync(consortium, request, consortium.Operator, approval, consortium.Approver.Id).AssertProblemAsync(HttpStatusCode.Forbidden, ErrorCodes.WrongRole);
        await Requests.PutAsync(consortium, request, consortium.Clients[0]).AssertProblemAsync(HttpStatusCode.Forbidden, ErrorCodes.WrongRole);
        await Requests.PutAsync(consortium, request, consortium.InsideApprover).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        await Requests.PutAsync(consortium, request, consortium.InsideApprover, approval).AssertProblemAsync(HttpStatusCode.Forbidden, ErrorCodes.Forbidden);
        await Requests.PutAsync(consortium, request, consortium.InsideApprover, approval, consortium.Approver.Id).AssertProblemAsync(HttpStatusCode.Forbidden, ErrorCodes.Forbidden);
        byte[] unsigned = SignedApproval.Sign(request.Digest, consortium.Approver.Id, consortium.Operator.Key).Bytes.ToArray();
        await Requests.PutAsync(consortium, request, consortium.Approver, unsigned).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        await Requests.PutAsync(consortium, request, consortium.Approver, new byte[SignedApproval.EncodedBytes]).AssertProblemAsync(HttpStatusCode.BadRequest, ErrorCodes.InvalidMessage);
        Assert.Null(Assert.Single(await consortium.OperatorApi().GetChangesAsync(task)).Approver);
        Assert.Equal(4, (await consortium.OperatorApi().GetBudgetAsync(task)).Epsilon);
    }

    [Fact]
    public async Task What_was_signed_for_one_task_or_request_serves_for_no_other()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        Identifier other = await consortium.CreateTaskAsync(Definitions.Noisy());
        SignedChangeRequest request = Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 8).Sign(consortium.Operator);
        SignedChangeRequest larger = Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 10).Sign(consortium.Operator);
        Assert.Equal(HttpStatusCode.Created, (await Requests.PostAsync(consortium, request)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await Requests.PostAsync(consortium, larger)).StatusCode);
        await Requests.PostAsync(consortium, consortium.Operator, other, request.Bytes).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        byte[] approval = SignedApproval.Sign(request.Digest, consortium.Approver.Id, consortium.Approver.Key).Bytes.ToArray();
        await Requests.PutAsync(consortium, larger, consortium.Approver, approval).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        Assert.Equal(4, (await consortium.OperatorApi().GetBudgetAsync(task)).Epsilon);

        // The larger one first makes the smaller one stale.
        Assert.Equal(HttpStatusCode.Created, (await Requests.PutAsync(consortium, larger, consortium.Approver)).StatusCode);
        await Requests.PutAsync(consortium, request, consortium.Approver, approval).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        Assert.Equal(10, (await consortium.OperatorApi().GetBudgetAsync(task)).Epsilon);
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await http.GetAsync($"/v1/tasks/{Definitions.NewId()}/changes").AssertProblemAsync(HttpStatusCode.NotFound, ErrorCodes.UnknownTask);
    }

    [Fact]
    public async Task A_request_that_has_expired_or_never_would_is_refused()
    {
        ShiftedTime time = new();
        using TestConsortium own = new(time, null);
        Identifier task = await own.CreateTaskAsync(Definitions.Noisy());
        await Requests.PostAsync(own, Requests.Of(own, task, ChangeKind.RaiseBudget, epsilon: 8, lifetime: TimeSpan.FromSeconds(-5)).Sign(own.Operator)).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        await Requests.PostAsync(own, Requests.Of(own, task, ChangeKind.RaiseBudget, epsilon: 8, lifetime: TimeSpan.FromHours(25)).Sign(own.Operator)).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        SignedChangeRequest request = Requests.Of(own, task, ChangeKind.RaiseBudget, epsilon: 8, lifetime: TimeSpan.FromHours(24)).Sign(own.Operator);
        Assert.Equal(HttpStatusCode.Created, (await Requests.PostAsync(own, request)).StatusCode);
        time.Advance(TimeSpan.FromHours(24));
        await Requests.PutAsync(own, request, own.Approver).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.ApprovalInvalid);
        Assert.Equal(4, (await own.OperatorApi().GetBudgetAsync(task)).Epsilon);
    }

    [Fact]
    public async Task A_data_set_must_carry_a_raise_before_it_is_logged_and_carries_it_ever_after()
    {
        string dataSet = Definitions.NewId();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy(epsilon: 4, dataSet: dataSet));
        await consortium.CreateTaskAsync(Definitions.Noisy(epsilon: 10, dataSet: dataSet));
        SignedChangeRequest much = Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 10.5).Sign(consortium.Operator);
        Assert.Equal(HttpStatusCode.Created, (await Requests.PostAsync(consortium, much)).StatusCode);
        await Requests.PutAsync(consortium, much, consortium.Approver).AssertProblemAsync(HttpStatusCode.Conflict, ErrorCodes.BudgetExhausted);
        Assert.Null(Assert.Single(await consortium.OperatorApi().GetChangesAsync(task)).Approver);
        SignedChangeRequest rest = Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 10).Sign(consortium.Operator);
        Assert.Equal(HttpStatusCode.Created, (await Requests.PostAsync(consortium, rest)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await Requests.PutAsync(consortium, rest, consortium.Approver)).StatusCode);
        SecureFedException full = await Assert.ThrowsAsync<SecureFedException>(() => consortium.CreateTaskAsync(Definitions.Noisy(epsilon: 0.5, dataSet: dataSet)));
        Assert.Equal(ErrorCodes.BudgetExhausted, full.Code);
    }

    [Fact]
    public async Task A_server_that_demands_approvals_takes_no_task_without_one_and_says_what_to_do()
    {
        using TestConsortium own = new(null, null, requireApproval: true);
        SecureFedException refused = await Assert.ThrowsAsync<SecureFedException>(() => own.CreateTaskAsync(Definitions.Noisy()));
        Assert.Equal(ErrorCodes.ApprovalRequired, refused.Code);
        Assert.Contains("requiresApproval", refused.Message, StringComparison.Ordinal);
        Identifier task = await own.CreateTaskAsync(Definitions.Noisy() with { RequiresApproval = true });
        TaskView waiting = await own.OperatorApi().GetTaskAsync(task);
        Assert.Equal((true, null), (waiting.AwaitsApproval, waiting.Round));
        SignedChangeRequest start = Requests.Of(own, task, ChangeKind.Start).Sign(own.Operator);
        Assert.Equal(HttpStatusCode.Created, (await Requests.PostAsync(own, start)).StatusCode);
        await Task.Delay(400);
        Assert.Null((await own.OperatorApi().GetTaskAsync(task)).Round);
        Assert.Equal(HttpStatusCode.Created, (await Requests.PutAsync(own, start, own.Approver)).StatusCode);
        using HttpClient http = own.HttpFor(own.Operator);
        Assert.False((await HandSteppedClient.WaitForRoundAsync(http, task)).AwaitsApproval);
    }
}
