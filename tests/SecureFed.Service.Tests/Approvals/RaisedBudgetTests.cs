using Microsoft.Extensions.DependencyInjection;
using SecureFed.Client;
using SecureFed.Client.Ledger;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Approvals;

/// <summary>A raise from one end to the other: server, clients with a ledger and policy of their own, and an auditor.</summary>
public sealed class RaisedBudgetTests(TestConsortium consortium)
{
    private static PrivacyLimits Generous => PrivacyLimits.Default with { GreatestEpsilon = 20, ClientTotalEpsilon = 100 };

    [Fact]
    public async Task An_exhausted_task_goes_on_after_an_approved_raise_and_the_auditors_epsilon_is_the_published_one()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy(greatestFailures: 5));
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await FailAfterTheRequestAsync(task);
        Assert.Equal(ErrorCodes.BudgetExhausted, (await RoundResourceTests.FinishedAsync(http, task)).FinishReason);

        SecureFedOperator taskOperator = consortium.OperatorApi();
        ChangeView asked = await taskOperator.RequestChangeAsync(Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 9), consortium.Operator.Key);
        SecureFedOperator approver = new(consortium.HttpFor(consortium.Approver));
        SignedChangeRequest read = await approver.GetChangeRequestAsync(task, Identifier.Parse(asked.ChangeId), consortium.Authority.PublicKey);
        Assert.Equal(("the privacy budget is raised to epsilon 9", asked.RequestDigest), (read.Request.Effect, read.Digest.ToString()));
        Assert.NotNull((await approver.ApproveChangeAsync(read, consortium.Approver.Id, consortium.Approver.Key)).ApprovalEntry);
        Assert.Equal(
            ErrorCodes.RosterUntrusted,
            (await Assert.ThrowsAsync<SecureFedException>(() => approver.GetChangeRequestAsync(task, read.Request.ChangeId, consortium.ServerMember.Key.PublicKey))).Code);

        // Clients that were in the failed round have 4 of their own 5 behind them: only the two signatures let them go on.
        IPrivacyLedger[] ledgers = [.. Enumerable.Range(0, 3).Select(_ => new MemoryPrivacyLedger())];
        TaskParameters parameters = await consortium.ClientFor(0, task).GetTaskParametersAsync();
        foreach (IPrivacyLedger ledger in ledgers)
            await ledger.ChargeAsync(new PrivacyCharge(parameters, 1, Digest.Of("round 1"u8), parameters.Privacy.Releases[0].Charge), Generous);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task, o => (o.Policy, o.Ledger) = (consortium.Policy with { Privacy = Generous }, ledgers[i])).ContributeAsync(new double[] { 1, 2, 3, 4 })));
        Assert.Equal(("", 1), (await RoundResourceTests.FinishedAsync(http, task)) is var end ? (end.FinishReason, end.CompletedRounds) : default);
        Assert.Equal((9 * 1.25, 2), (await ledgers[0].ReadAsync())[0] is var cost ? (cost.EpsilonLimit, cost.Rounds) : default);

        BudgetView published = await taskOperator.GetBudgetAsync(task);
        Assert.Equal(9, published.Epsilon);
        Assert.InRange(published.EpsilonSpent, 4.01, 9);
        TaskHost host = consortium.Services.GetRequiredService<TaskRegistry>().Find(task)!;
        EntryAudit audit = new(digest => host.TryGetBlob(digest, out ReadOnlyMemory<byte> blob) ? blob : default(ReadOnlyMemory<byte>?));
        ulong entries = (await taskOperator.GetTaskAsync(task)).Entries;
        for (ulong index = 0; index < entries; index++)
            Assert.Null(audit.Add(index, host.EntryAt(index).Bytes.Span));
        Assert.Equal((published.EpsilonSpent, published.Epsilon, published.Units), audit.ReadBudget() is var own ? (own!.EpsilonSpent, own.Epsilon, own.Units) : default);
    }

    [Fact]
    public async Task A_client_whose_policy_allows_less_refuses_the_rounds_of_a_raised_task()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        SecureFedClient client = consortium.ClientFor(0, task); // ε 10 at most, a quarter for failed rounds included.
        _ = await client.GetTaskParametersAsync();
        await ChangeAsync(Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 9));
        RoundRefusedException refused = await Assert.ThrowsAsync<RoundRefusedException>(() => client.ContributeAsync(new double[] { 1, 2, 3, 4 }));
        Assert.Equal(ErrorCodes.PolicyViolated, refused.Code);
        Assert.Contains("epsilon 9", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_clients_ledger_raises_its_limit_for_two_signatures_and_not_for_a_servers_word(bool isFile)
    {
        using TemporaryDirectory directory = new();
        IPrivacyLedger ledger = isFile ? new FilePrivacyLedger(directory.Path) : new MemoryPrivacyLedger();
        Identifier id = await consortium.CreateTaskAsync(Definitions.Noisy());
        TaskParameters task = await consortium.ClientFor(0, id).GetTaskParametersAsync();
        TaskParameters raised = task with { Privacy = task.Privacy with { Epsilon = 9 } };
        PrivacyCharge Part(TaskParameters under, int round, bool isRaised) =>
            new(under, round, Digest.Of([(byte)round]), task.Privacy.Releases[0].Charge) { IsBudgetRaised = isRaised };
        PrivacyLimits limits = PrivacyLimits.Default with { GreatestEpsilon = 20, ClientTotalEpsilon = 12 };
        await ledger.ChargeAsync(Part(task, 1, false), limits);

        foreach ((PrivacyCharge charge, PrivacyLimits under) in ((PrivacyCharge, PrivacyLimits)[])
            [(Part(task, 2, false), limits), (Part(raised, 2, false), limits), (Part(raised, 2, true), limits with { ClientTotalEpsilon = 11 }), (Part(task with { Privacy = task.Privacy with { Epsilon = 4.01 } }, 2, true), limits)])
        {
            Assert.Equal(ErrorCodes.BudgetExhausted, (await Assert.ThrowsAsync<RoundRefusedException>(() => ledger.ChargeAsync(charge, under))).Code);
        }

        await ledger.ChargeAsync(Part(raised, 2, true), limits);
        IPrivacyLedger reopened = isFile ? new FilePrivacyLedger(directory.Path) : ledger;
        TaskSpending spending = Assert.Single(await reopened.ReadAsync());
        Assert.Equal((11.25, 2, task.Privacy.ToCap().EpsilonOf(2 * task.Privacy.Releases[0].Charge)), (spending.EpsilonLimit, spending.Rounds, spending.Epsilon));
    }

    [Fact]
    public async Task A_server_that_shows_an_approval_nobody_signed_gains_no_round()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        SignedChangeRequest request = Requests.Of(consortium, task, ChangeKind.RaiseBudget, epsilon: 6).Sign(consortium.Operator);
        SignedApproval forged = SignedApproval.Sign(request.Digest, consortium.Approver.Id, consortium.ServerMember.Key);
        TaskParameters parameters = await consortium.ClientFor(0, task).GetTaskParametersAsync();
        ChangeView shown = ChangeView.Of(new ChangeRecord(request, 1, forged, 2));
        Assert.Equal(ErrorCodes.ApprovalInvalid, Assert.Throws<RoundRefusedException>(() => ApprovedChanges.Verify(parameters, [shown], consortium.Roster)).Code);
        Assert.Equal(ErrorCodes.ApprovalInvalid, Assert.Throws<RoundRefusedException>(() => ApprovedChanges.Verify(parameters, [shown with { SignedApproval = "?" }], consortium.Roster)).Code);
        Assert.Equal(4, ApprovedChanges.Verify(parameters, [shown with { ApprovalEntry = null }], consortium.Roster).Privacy.Epsilon);
        SignedApproval genuine = SignedApproval.Sign(request.Digest, consortium.Approver.Id, consortium.Approver.Key);
        Assert.Equal(6, ApprovedChanges.Verify(parameters, [ChangeView.Of(new ChangeRecord(request, 1, genuine, 2))], consortium.Roster).Privacy.Epsilon);
    }

    private async Task ChangeAsync(ChangeRequest change)
    {
        SignedChangeRequest request = change.Sign(consortium.Operator);
        Assert.True((await Requests.PostAsync(consortium, request)).IsSuccessStatusCode);
        Assert.True((await Requests.PutAsync(consortium, request, consortium.Approver)).IsSuccessStatusCode);
    }

    /// <summary>A round that is aborted once shares were asked for: paid for, and without a result.</summary>
    private async Task FailAfterTheRequestAsync(Identifier task)
    {
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        try
        {
            foreach (HandSteppedClient client in cohort)
                await HandSteppedClient.Accept(client.AdvertiseAsync());
            foreach (HandSteppedClient client in cohort)
                await HandSteppedClient.Accept(client.PutAsync("shares", await client.SharesAsync()));
            foreach (HandSteppedClient client in cohort)
                await HandSteppedClient.Accept(client.PutAsync("uploads", await client.UploadAsync(1, 1, 1, 1)));
            foreach (HandSteppedClient client in cohort)
                await HandSteppedClient.Accept(client.PutAsync("confirmations", await client.ConfirmationAsync()));
            await cohort[0].AnnouncementAsync("unmask-request");
            await consortium.OperatorApi().AbortRoundAsync(task, cohort[0].Round);
        }
        finally
        {
            foreach (HandSteppedClient client in cohort)
                client.Dispose();
        }
    }
}
