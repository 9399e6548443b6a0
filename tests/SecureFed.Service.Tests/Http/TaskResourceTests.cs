using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Http;

public class TaskResourceTests(TestConsortium consortium)
{
    [Fact]
    public async Task A_new_task_is_created_once_and_returned_afterwards()
    {
        TaskDefinition definition = Definitions.Vector();
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        using HttpResponseMessage first = await PostAsync(http, definition);
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Assert.Equal($"/v1/tasks/{definition.TaskId}", first.Headers.Location?.ToString());
        TaskView created = await first.ReadAsync<TaskView>();
        Assert.Equal((definition.TaskId, definition.Name, 1, false), (created.TaskId, created.Name, created.ScheduledRounds, created.Finished));

        using HttpResponseMessage second = await PostAsync(http, definition);
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        Assert.Equal(created.ParametersDigest, (await second.ReadAsync<TaskView>()).ParametersDigest);
        await PostAsync(http, definition with { Name = "another" }).AssertProblemAsync(HttpStatusCode.Conflict, "conflicting-task");
    }

    [Fact]
    public async Task Only_an_operator_creates_tasks()
    {
        TaskDefinition definition = Definitions.Vector();
        foreach (Member member in new[] { consortium.Clients[0], consortium.Auditor, consortium.ServerMember })
        {
            using HttpClient http = consortium.HttpFor(member);
            await PostAsync(http, definition).AssertProblemAsync(HttpStatusCode.Forbidden, "wrong-role");
        }

        using HttpClient taskOperator = consortium.HttpFor(consortium.Operator);
        await taskOperator.GetAsync($"/v1/tasks/{definition.TaskId}").AssertProblemAsync(HttpStatusCode.NotFound, "unknown-task");
    }

    public static TheoryData<string, string> Impossible() => new()
    {
        { "taskId", "\"short\"" },
        { "taskId", "null" },
        { "name", "\"\"" },
        { "name", "null" },
        { "misspelt", "1" },
        { "protection", "\"none\"" },
        { "protection", "1" },
        { "ringBits", "64" },
        { "ringBits", "-1" },
        { "model", "null" },
        { "model.kind", "\"network\"" },
        { "model.length", "0" },
        { "model.length", "-5" },
        { "model.features", "null" },
        { "model.features", "[null]" },
        { "model.features", "[{\"name\":null,\"lowerBound\":0,\"upperBound\":1}]" },
        { "model.l2Penalty", "-1" },
        { "model.l2Penalty", "\"NaN\"" },
        { "training", "null" },
        { "training.clipNorm", "0" },
        { "training.clipNorm", "1e300" },
        { "training.serverLearningRate", "-1" },
        { "training.adamEpsilon", "0" },
        { "training.learningRateDecay", "2" },
        { "training.batchSize", "0" },
        { "training.greatestRows", "0" },
        { "schedule", "null" },
        { "schedule.trainRounds", "0" },
        { "schedule.evaluate", "true" },
        { "cohort", "null" },
        { "cohort.least", "1" },
        { "cohort.least", "99" },
        { "cohort.gamma", "-0.1" },
        { "cohort.gamma", "1" },
        { "cohort.gamma", "79228162514264337593543950335" },
        { "cohort.deltaDrop", "0.0000001" },
        { "cohort.deltaDrop", "0.5" },
        { "cohort.organisationCap", "0" },
        { "cohort.serverClass", "\"friendly\"" },
        { "deadlines", "null" },
        { "deadlines.graceMilliseconds", "0" },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public async Task An_impossible_definition_is_refused_with_422_and_creates_nothing(string member, string value)
    {
        TaskDefinition definition = Definitions.Vector();
        JsonNode json = JsonSerializer.SerializeToNode(definition, ResourceJson.Options)!;
        string[] path = member.Split('.');
        JsonNode parent = path.Length == 1 ? json : json[path[0]]!;
        parent[path[^1]] = JsonNode.Parse(value);
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await PostAsync(http, json.ToJsonString()).AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid-task");
        using HttpResponseMessage lookup = await http.GetAsync($"/v1/tasks/{definition.TaskId}");
        Assert.Equal(HttpStatusCode.NotFound, lookup.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}")]
    public async Task A_body_that_is_no_definition_is_refused(string body)
    {
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await PostAsync(http, body).AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid-task");
    }

    [Fact]
    public async Task The_parameters_hash_to_the_digest_in_the_task_and_follow_the_definition()
    {
        TaskDefinition definition = Definitions.Vector(length: 7);
        Identifier task = await consortium.CreateTaskAsync(definition);
        using HttpClient http = consortium.HttpFor(consortium.Clients[0]);
        TaskView view = await (await http.GetAsync(Routes.Task(task))).ReadAsync<TaskView>();
        using HttpResponseMessage response = await http.GetAsync(Routes.TaskPart(task, "parameters"));
        Assert.Equal(MediaTypes.Of("parameters"), response.Content.Headers.ContentType?.ToString());
        Assert.Contains("immutable", response.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        byte[] bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(view.ParametersDigest, Digest.Of(bytes).ToString());
        Assert.True(TaskParameters.TryDecode(bytes, out TaskParameters? parameters));
        Assert.Equal((task, 7, TestConsortium.ClientCount), (parameters!.TaskId, parameters.Model.Length, parameters.Cohort.Organisations));
    }

    [Fact]
    public async Task The_roster_is_served_as_the_authority_signed_it()
    {
        using HttpClient http = consortium.HttpFor(consortium.Auditor);
        using HttpResponseMessage response = await http.GetAsync("/v1/roster");
        Assert.Equal(MediaTypes.Of("roster"), response.Content.Headers.ContentType?.ToString());
        byte[] bytes = await response.Content.ReadAsByteArrayAsync();
        Assert.True(Roster.TryDecode(bytes, consortium.Authority.PublicKey.Span, out Roster? roster));
        Assert.Equal(consortium.Roster.Digest, roster!.Digest);
    }

    [Fact]
    public async Task An_identity_is_shown_to_itself_and_to_operators_only()
    {
        Member client = consortium.Clients[0];
        using HttpClient self = consortium.HttpFor(client);
        IdentityView view = await (await self.GetAsync($"/v1/clients/{client.Id}")).ReadAsync<IdentityView>();
        Assert.Equal((client.Id.ToString(), "Client", client.Organisation), (view.Id, view.Role, view.Organisation));
        using HttpClient taskOperator = consortium.HttpFor(consortium.Operator);
        Assert.Equal(HttpStatusCode.OK, (await taskOperator.GetAsync($"/v1/clients/{client.Id}")).StatusCode);
        await taskOperator.GetAsync($"/v1/clients/{Definitions.NewId()}").AssertProblemAsync(HttpStatusCode.NotFound, "unknown-client");
        using HttpClient other = consortium.HttpFor(consortium.Clients[1]);
        await other.GetAsync($"/v1/clients/{client.Id}").AssertProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task What_does_not_exist_is_refused_with_its_token()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        string unknown = Definitions.NewId();
        foreach (string part in new[] { "", "/parameters", "/rounds", "/participation", "/models", "/entries", $"/rounds/{unknown}" })
            await http.GetAsync($"/v1/tasks/{unknown}{part}").AssertProblemAsync(HttpStatusCode.NotFound, "unknown-task");
        foreach (string part in new[] { "", "/opening", "/keys", "/survivors", "/unmask-request", "/aggregate", "/manifest", $"/shares/{consortium.Operator.Id}" })
            await http.GetAsync($"/v1/tasks/{task}/rounds/{unknown}{part}").AssertProblemAsync(HttpStatusCode.NotFound, "unknown-round");
        foreach (string digest in new[] { new string('0', 64), "nonsense", new string('A', 64) })
            await http.GetAsync($"/v1/models/{digest}").AssertProblemAsync(HttpStatusCode.NotFound, "unknown-model");
    }

    [Theory]
    [InlineData("from=-1")]
    [InlineData("from=x")]
    [InlineData("limit=9999999999")]
    public async Task A_malformed_query_is_refused_with_problem_details(string query)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await http.GetAsync($"{Routes.TaskPart(task, "entries")}?{query}").AssertProblemAsync(HttpStatusCode.BadRequest, "invalid-message");
    }

    [Fact]
    public async Task A_known_state_is_answered_with_304_and_a_changed_one_with_200()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        TaskView view = await HandSteppedClient.WaitForRoundAsync(http, task);
        using HttpResponseMessage first = await http.GetAsync(Routes.Task(task));
        EntityTagHeaderValue tag = first.Headers.ETag!;
        Assert.Equal(HttpStatusCode.NotModified, (await GetIfChangedAsync(http, Routes.Task(task), tag)).StatusCode);

        string round = Routes.Round(task, Identifier.Parse(view.Round!.RoundId));
        EntityTagHeaderValue roundTag = (await http.GetAsync(round)).Headers.ETag!;
        Assert.Equal(HttpStatusCode.NotModified, (await GetIfChangedAsync(http, round, roundTag)).StatusCode);

        await http.PostAsync(round + "/abort", null);
        Assert.Equal(HttpStatusCode.OK, (await GetIfChangedAsync(http, round, roundTag)).StatusCode);
        using HttpResponseMessage changed = await GetIfChangedAsync(http, Routes.Task(task), tag);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(tag, changed.Headers.ETag);
    }

    private static async Task<HttpResponseMessage> GetIfChangedAsync(HttpClient http, string path, EntityTagHeaderValue tag)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.IfNoneMatch.Add(tag);
        return await http.SendAsync(request);
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, TaskDefinition definition) =>
        PostAsync(http, JsonSerializer.Serialize(definition, ResourceJson.Options));

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, string json) =>
        http.PostAsync(Routes.Tasks, new StringContent(json, Encoding.UTF8, MediaTypes.Json));
}
