extern alias server;
using System.Net;
using System.Text.Json.Nodes;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Crashes;
using SecureFed.Service.Tests.Storage;
using server::SecureFed.Shared;

namespace SecureFed.Service.Tests.Approvals;

/// <summary>What the disk did not take was not approved.</summary>
public sealed class DurableChangeTests
{
    [Theory]
    [InlineData(FileCallException.InputOutput)]
    [InlineData(FileCallException.NoSpace)]
    public async Task An_approval_that_cannot_be_stored_is_not_acknowledged_and_not_in_force_after_a_restart(int error)
    {
        await using StoredServer server = await StoredServer.CreateAsync();
        Member approver = ApproverOf(server);
        bool fails = false;
        await server.StartAsync(new HookedCalls((call, path) =>
        {
            // Not the file of nonces, in which the request is noted first.
            if (fails && string.Equals(call, nameof(HookedCalls.Write), StringComparison.Ordinal) && string.Equals(Path.GetFileName(path), "journal", StringComparison.Ordinal))
                throw new FileCallException("write", error, "the test has taken the disk away");
        }));
        Identifier task = await server.CreateTaskAsync(Definitions.Noisy());
        SignedChangeRequest request = SignedChangeRequest.Sign(
            new ChangeRequest(task, Identifier.Parse(Definitions.NewId()), ChangeKind.RaiseBudget, 8, 0, server.Operator.Id, (ulong)TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds(), "more"),
            server.Operator.Key);
        await OperatorOf(server).RequestChangeAsync(request.Request, server.Operator.Key);
        SignedChangeRequest asked = await OperatorOf(server).GetChangeRequestAsync(task, request.Request.ChangeId, server.Policy.RosterAuthorityKey);
        fails = true;
        byte[] approval = SignedApproval.Sign(asked.Digest, approver.Id, approver.Key).Bytes.ToArray();
        using HttpClient http = server.HttpFor(approver);
        for (int attempt = 0; attempt < 3; attempt++)
            await http.PutAsync(Routes.Approval(task, asked.Request.ChangeId, approver.Id), HandSteppedClient.Binary(approval)).AssertProblemAsync(HttpStatusCode.InsufficientStorage, ErrorCodes.StorageUnavailable);
        await server.StopAsync();

        await server.StartAsync();
        Assert.Null(Assert.Single(await OperatorOf(server).GetChangesAsync(task)).Approver);
        Assert.Equal(4, (await OperatorOf(server).GetBudgetAsync(task)).Epsilon);
        ChangeView approved = await As(server, approver).ApproveChangeAsync(asked, approver.Id, approver.Key);
        await server.StopAsync();

        await server.StartAsync();
        Assert.Equal([approved], await OperatorOf(server).GetChangesAsync(task));
        Assert.Equal(8, (await OperatorOf(server).GetBudgetAsync(task)).Epsilon);
        await server.StopAsync();
        LogAudit audit = await server.AuditAsync(task);
        Assert.Equal((1, 8.0), (audit.State.Changes.ApprovedCount, audit.State.InForce.Privacy.Epsilon));
    }

    private static SecureFedOperator OperatorOf(StoredServer server) => As(server, server.Operator);

    private static SecureFedOperator As(StoredServer server, Member member) => new(server.HttpFor(member));

    private static Member ApproverOf(StoredServer server)
    {
        JsonNode approver = JsonNode.Parse(File.ReadAllText(Path.Combine(server.Keys, "roster.json")))!["members"]!.AsArray().Single(m => (string?)m!["role"] == "approver")!;
        return new Member(Identifier.Parse((string)approver["id"]!), IdentityFile.Load(Path.Combine(server.Keys, "approver-1.pem")), RosterRole.Approver, "");
    }
}
