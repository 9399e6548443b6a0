using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Budgets;

/// <summary>The server's side: budgets of data sets, the odometer over HTTP, and what makes no budget.</summary>
public class ServerBudgetTests(TestConsortium consortium)
{
    [Fact]
    public async Task A_task_that_exceeds_its_data_sets_budget_is_refused_with_the_figures()
    {
        string dataSet = Definitions.NewId();
        TaskDefinition first = Definitions.Noisy(epsilon: 8, dataSet: dataSet);
        await consortium.CreateTaskAsync(first);
        await consortium.CreateTaskAsync(Definitions.Noisy(epsilon: 8, dataSet: dataSet));
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        using HttpResponseMessage refused = await PostAsync(http, Definitions.Noisy(epsilon: 8, dataSet: dataSet));
        await refused.AssertProblemAsync(HttpStatusCode.Conflict, "budget-exhausted");
        string detail = JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.GetProperty("detail").GetString()!;
        Assert.Contains($"Data set '{dataSet}', unit Client", detail, StringComparison.Ordinal);
        Assert.Contains("requested (epsilon 8, delta 1E-06), spent (16, 2E-06), left (4, 1.8E-05)", detail, StringComparison.Ordinal);

        await consortium.CreateTaskAsync(first); // The same task again asks for nothing.
        await consortium.CreateTaskAsync(Definitions.Noisy(epsilon: 4, dataSet: dataSet));
        await consortium.CreateTaskAsync(Definitions.Records(epsilon: 20, dataSet: dataSet)); // Another unit, another promise.
        await PostAsync(http, Definitions.Records(epsilon: 0.5, dataSet: dataSet)).AssertProblemAsync(HttpStatusCode.Conflict, "budget-exhausted");
        await consortium.CreateTaskAsync(Definitions.Noisy(epsilon: 8)); // Another data set.
    }

    [Fact]
    public async Task Only_a_task_that_has_released_nothing_gives_its_budget_back()
    {
        string dataSet = Definitions.NewId();
        SecureFedOperator taskOperator = consortium.OperatorApi();
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        Identifier aborted = await consortium.CreateTaskAsync(Definitions.Noisy(greatestFailures: 0, epsilon: 15, dataSet: dataSet));
        await PostAsync(http, Definitions.Noisy(epsilon: 15, dataSet: dataSet)).AssertProblemAsync(HttpStatusCode.Conflict, "budget-exhausted");
        TaskView view = await HandSteppedClient.WaitForRoundAsync(http, aborted);
        await taskOperator.AbortRoundAsync(aborted, Identifier.Parse(view.Round!.RoundId));
        Assert.Equal("aborted-by-operator", (await RoundResourceTests.FinishedAsync(http, aborted)).FinishReason);
        BudgetView unspent = await taskOperator.GetBudgetAsync(aborted);
        Assert.Equal((0, 0, 0.0, BudgetState.Void), (unspent.Spent, unspent.Reserved, unspent.EpsilonSpent, Assert.Single(unspent.Entries).State));

        Identifier released = await CreateWhenFreeAsync(http, Definitions.Noisy(epsilon: 15, dataSet: dataSet));
        await ContributeAsync(released);
        Assert.Equal("", (await RoundResourceTests.FinishedAsync(http, released)).FinishReason);
        await Task.Delay(200);
        await PostAsync(http, Definitions.Noisy(epsilon: 15, dataSet: dataSet)).AssertProblemAsync(HttpStatusCode.Conflict, "budget-exhausted");
    }

    [Fact]
    public async Task The_budget_says_what_may_be_spent_has_been_spent_and_on_what()
    {
        TaskDefinition definition = Definitions.Noisy(rounds: 2);
        Identifier task = await consortium.CreateTaskAsync(definition);
        using HttpClient reader = consortium.HttpFor(consortium.Clients[5]);
        await HandSteppedClient.WaitForRoundAsync(reader, task);
        BudgetView opened = await BudgetAsync(reader, task);
        Assert.Equal((PrivacyUnit.Client, definition.Privacy.DataSet, 4.0, 1e-6, 0L), (opened.Unit, opened.DataSet, opened.Epsilon, opened.Delta, opened.Spent));
        ReleaseView release = Assert.Single(opened.Releases);
        Assert.Equal((RoundKind.Train, 1.0), (release.Kind, release.SamplingRate));
        Assert.Equal((release.Charge, opened.Units - release.Charge), (opened.Reserved, opened.Left));
        Assert.Equal(new ChargeView(1, RoundKind.Train, release.Charge, BudgetState.Reserved), Assert.Single(opened.Entries));

        await ContributeAsync(task);
        await ContributeAsync(task);
        await RoundResourceTests.FinishedAsync(reader, task);
        BudgetView spent = await BudgetAsync(reader, task);
        Assert.Equal((2 * release.Charge, 0L, spent.Units - spent.Spent), (spent.Spent, spent.Reserved, spent.Left));
        Assert.Equal([BudgetState.Committed, BudgetState.Committed], spent.Entries.Select(e => e.State));
        Assert.Equal(new BudgetCap(4, 1e-6, spent.Order).EpsilonOf(spent.Spent), spent.EpsilonSpent);
        Assert.InRange(spent.EpsilonSpent, 3.99, 4);
        Assert.Equal(spent.EpsilonSpent, spent.Views.Server);
        Assert.InRange(spent.Views.ModelReaders, 1, spent.EpsilonSpent * 0.95); // Three shares of noise where two are promised.
        Assert.Null(spent.Refusal);
    }

    [Fact]
    public async Task A_task_with_exact_sums_has_no_budget()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HttpClient reader = consortium.HttpFor(consortium.Auditor);
        await reader.GetAsync(Routes.TaskPart(task, "budget")).AssertProblemAsync(HttpStatusCode.NotFound, "unknown-resource");
        await reader.GetAsync($"/v1/tasks/{Definitions.NewId()}/budget").AssertProblemAsync(HttpStatusCode.NotFound, "unknown-task");
        using HttpClient stranger = consortium.Unsigned();
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(Routes.TaskPart(task, "budget"))).StatusCode);
    }

    [Fact]
    public async Task A_round_that_fails_once_shares_were_asked_for_is_paid_for_and_the_task_ends_when_nothing_is_left()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy(greatestFailures: 5));
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

        using HttpClient http = consortium.HttpFor(consortium.Operator);
        TaskView finished = await RoundResourceTests.FinishedAsync(http, task);
        Assert.Equal(("budget-exhausted", 0), (finished.FinishReason, finished.CompletedRounds));
        BudgetView budget = await BudgetAsync(http, task);
        Assert.Equal(BudgetState.Committed, Assert.Single(budget.Entries).State);
        Assert.Matches("requested epsilon [0-9.]+ more .* spent epsilon [0-9.]+ .* left epsilon [0-9.E-]+", budget.Refusal!);
    }

    public static TheoryData<PrivacyUnit, string, string, string> Impossible() => new()
    {
        { PrivacyUnit.Client, "privacy.epsilon", "0", "(0, 1e6]" },
        { PrivacyUnit.Client, "privacy.epsilon", "-1", "(0, 1e6]" },
        { PrivacyUnit.Client, "privacy.epsilon", "1e7", "(0, 1e6]" },
        { PrivacyUnit.Client, "privacy.epsilon", "1e-6", "Ask for epsilon" },
        { PrivacyUnit.Client, "privacy.delta", "1", "1)" },
        { PrivacyUnit.Client, "privacy.delta", "0", "1)" },
        { PrivacyUnit.Client, "privacy.delta", "1e-50", "[1E-28, 1)" },
        { PrivacyUnit.Client, "privacy.samplingRate", "0.5", "At client level it is 1" },
        { PrivacyUnit.Client, "privacy.expectedRecords", "5", "no expected records" },
        { PrivacyUnit.Client, "privacy.spareRounds", "-1", "0 to 1,000,000" },
        { PrivacyUnit.Client, "privacy.spareRounds", "2147483647", "0 to 1,000,000" },
        { PrivacyUnit.Client, "privacy.unit", "\"row\"", "" },
        { PrivacyUnit.Client, "privacy.dataSet", "null", "" },
        { PrivacyUnit.Client, "privacy.dataSet", $"\"{new string('x', 300)}\"", "256" },
        { PrivacyUnit.Client, "privacy.order", "8", "" },
        { PrivacyUnit.Client, "privacy", "null", "" },
        { PrivacyUnit.Client, "ringBits", "9", "could wrap around the ring of 9 bits" },
        { PrivacyUnit.Client, "cohort.gamma", "0.4", "are needed (corrupt" },
        { PrivacyUnit.Record, "privacy.samplingRate", "0", "(0, 1]" },
        { PrivacyUnit.Record, "privacy.samplingRate", "1.01", "1]" },
        { PrivacyUnit.Record, "privacy.expectedRecords", "0", "at least 1" },
        { PrivacyUnit.Record, "privacy.expectedRecords", "-1", "at least 1" },
        { PrivacyUnit.Record, "privacy.expectedRecords", "1000000000", "could wrap around the ring of 32 bits" },
        { PrivacyUnit.Record, "training.optimizer", "\"fed-avg\"", "nothing to average" },
        { PrivacyUnit.Record, "training.localEpochs", "2", "local epochs are refused" },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public async Task A_definition_whose_noise_makes_no_promise_is_refused_with_what_is_allowed(PrivacyUnit unit, string member, string value, string allowed)
    {
        TaskDefinition definition = unit == PrivacyUnit.Record ? Definitions.Records() : Definitions.Noisy();
        JsonNode json = JsonSerializer.SerializeToNode(definition, ResourceJson.Options)!;
        string[] path = member.Split('.');
        (path.Length == 1 ? json : json[path[0]]!)[path[^1]] = JsonNode.Parse(value);
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        using HttpResponseMessage response = await http.PostAsync(Routes.Tasks, new StringContent(json.ToJsonString(), Encoding.UTF8, MediaTypes.Json));
        await response.AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid-task");
        Assert.Contains(allowed, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await http.GetAsync($"/v1/tasks/{definition.TaskId}").AssertProblemAsync(HttpStatusCode.NotFound, "unknown-task");
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, TaskDefinition definition) =>
        http.PostAsync(Routes.Tasks, new StringContent(JsonSerializer.Serialize(definition, ResourceJson.Options), Encoding.UTF8, MediaTypes.Json));

    private static async Task<BudgetView> BudgetAsync(HttpClient http, Identifier task) =>
        await (await http.GetAsync(Routes.TaskPart(task, "budget"))).ReadAsync<BudgetView>();

    /// <summary>The registry closes a finished task's account a moment after the task says that it is finished.</summary>
    private static async Task<Identifier> CreateWhenFreeAsync(HttpClient http, TaskDefinition definition)
    {
        for (int i = 0; i < 400; i++)
        {
            using HttpResponseMessage response = await PostAsync(http, definition);
            if (response.StatusCode == HttpStatusCode.Created)
                return Identifier.Parse(definition.TaskId);
            await response.AssertProblemAsync(HttpStatusCode.Conflict, "budget-exhausted");
            await Task.Delay(10);
        }

        throw new TimeoutException("The budget was not given back.");
    }

    private Task ContributeAsync(Identifier task) =>
        Task.WhenAll(Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task, o => o.Policy = consortium.Policy with { Privacy = Generous }).ContributeAsync(new double[] { 1, 2, 3, 4 })));

    private static Protocol.Policy.PrivacyLimits Generous => Protocol.Policy.PrivacyLimits.Default with { GreatestEpsilon = 20, ClientTotalEpsilon = 100 };
}
