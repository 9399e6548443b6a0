using System.Net;
using SecureFed.Client;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Enrolment;

/// <summary>An operator publishes a roster; tasks, clients and requests follow it.</summary>
public sealed class RosterPublicationTests : IDisposable
{
    private readonly LineCollector log = new();
    private readonly TestConsortium consortium;
    private readonly SecureFedOperator taskOperator;
    private readonly HttpClient http;

    public RosterPublicationTests()
    {
        consortium = new TestConsortium(null, log);
        taskOperator = consortium.OperatorApi();
        http = consortium.HttpFor(consortium.Operator);
    }

    private static TaskDefinition Definition => Definitions.Vector(clients: 3, rounds: 3) with { Schedule = new ScheduleDefinition { TrainRounds = 3, GreatestFailures = 5 } };

    /// <summary>The whole way, without a restart of anybody: the newcomer waits for the round in progress to end, and who was removed is out at once.</summary>
    [Fact]
    public async Task A_client_enrolled_in_mid_task_trains_in_the_next_round_and_one_removed_does_not()
    {
        Identifier task = await consortium.CreateTaskAsync(Definition);
        SecureFedClient[] first = [.. Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, task))];
        await Sums.AssertExactAsync(consortium, task, await Task.WhenAll(first.Select((c, i) => c.ContributeAsync(new double[] { i, 1, 2, 3 }))));

        Member newcomer = Member.Create(RosterRole.Client, consortium.Clients[2].Organisation);
        Roster next = consortium.Later(2, [consortium.Clients[2]], newcomer);
        await EnrolmentExtensions.RoundAsync(http, task, 2);
        (RosterView view, bool isNew) = await taskOperator.PublishRosterAsync(next.Bytes);
        Assert.Equal((true, 2ul, next.Digest.ToString()), (isNew, view.Sequence, view.Digest));
        Assert.Equal(new RosterTaskView(task.ToString(), 1, null), Assert.Single(view.Tasks));

        // The round in progress keeps its roster; requests go by the new one.
        Assert.Equal(consortium.Roster.Digest, await EnrolmentExtensions.RosterOfRoundAsync(http, task, 2));
        using HttpClient removed = consortium.HttpFor(consortium.Clients[2]);
        await removed.GetAsync(Routes.Task(task)).AssertProblemAsync(HttpStatusCode.Forbidden, "not-enrolled");
        SecureFedException refusal = await Assert.ThrowsAnyAsync<SecureFedException>(() => first[2].ContributeAsync(new double[4]));
        Assert.Equal((ErrorCodes.NotEnrolled, false), (refusal.Code, refusal.IsTransient));

        Task<RoundOutcome> waiting = consortium.ClientOf(newcomer, task).ContributeAsync(new double[] { 9, 8, 7, 6 });
        await Task.Delay(300);
        Assert.False(waiting.IsCompleted);
        await EnrolmentExtensions.AbortAsync(taskOperator, http, task, 2);
        RoundOutcome[] outcomes = await Task.WhenAll(first[0].ContributeAsync(new double[] { 1, 0, 0, 0 }), first[1].ContributeAsync(new double[] { 2, 0, 0, 0 }), waiting);
        Assert.Equal(next.Digest, await EnrolmentExtensions.RosterOfRoundAsync(http, task, 3));
        Assert.All(outcomes, o => Assert.Equal(3, o.Number));
        await Sums.AssertExactAsync(consortium, task, outcomes);
    }

    /// <summary>Its requests are authenticated, but the round's clients could not verify its advertisement, and c was not counted with it.</summary>
    [Fact]
    public async Task A_client_of_the_newest_roster_cannot_enter_a_round_of_the_one_before()
    {
        Identifier task = await consortium.CreateTaskAsync(Definition);
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        Member newcomer = Member.Create(RosterRole.Client, "organisation 8");
        await taskOperator.PublishRosterAsync(consortium.Later(2, [consortium.Clients[7]], newcomer).Bytes);
        Assert.True(TaskParameters.TryDecode(await http.GetByteArrayAsync(Routes.TaskPart(task, "parameters")), out TaskParameters? parameters));
        using HandSteppedClient early = new(
            newcomer,
            consortium.HttpFor(newcomer),
            new ClientContext(newcomer.Id, newcomer.Key, consortium.Roster, parameters!, consortium.Policy),
            cohort[0].Round,
            await HandSteppedClient.OpeningAsync(http, task, cohort[0].Round));
        await early.AdvertiseAsync().AssertProblemAsync(HttpStatusCode.Forbidden, "not-enrolled");
        await HandSteppedClient.CompleteAsync(cohort, i => [i, 1, 2, 3, 1]);
        Assert.Equal(RoundPhase.Closed, (await Sums.RoundOverAsync(consortium, task, cohort[0].Round)).Phase);
        foreach (HandSteppedClient client in cohort)
            client.Dispose();
    }

    public static TheoryData<string> Bad() => [.. Refused.Keys];

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_roster_that_must_not_take_the_place_of_the_one_in_force_is_refused_by_name(string kind)
    {
        Roster second = consortium.Later(2, [consortium.Clients[7]]);
        Assert.True((await taskOperator.PublishRosterAsync(second.Bytes)).IsNew);
        (Func<TestConsortium, byte[]> make, HttpStatusCode status, string code) = Refused[kind];
        await http.PutAsync(Routes.Roster, HandSteppedClient.Binary(make(consortium))).AssertProblemAsync(status, code);
        Assert.Equal(second.Bytes.ToArray(), await http.GetByteArrayAsync(Routes.Roster));
    }

    private static readonly Dictionary<string, (Func<TestConsortium, byte[]> Make, HttpStatusCode Status, string Code)> Refused = new(StringComparer.Ordinal)
    {
        ["signed by the server's own key"] = (c => Roster.Create(3, c.Roster.Entries, c.ServerMember.Key).Bytes.ToArray(), HttpStatusCode.Forbidden, ErrorCodes.RosterUntrusted),
        ["no roster"] = (_ => "roster"u8.ToArray(), HttpStatusCode.Forbidden, ErrorCodes.RosterUntrusted),
        ["empty"] = (_ => [], HttpStatusCode.Forbidden, ErrorCodes.RosterUntrusted),
        ["the one before"] = (c => c.Roster.Bytes.ToArray(), HttpStatusCode.Conflict, ErrorCodes.RosterOutdated),
        ["an older one"] = (c => c.Later(0, []).Bytes.ToArray(), HttpStatusCode.Conflict, ErrorCodes.RosterOutdated),
        ["another one with the same number"] = (c => c.Later(2, [c.Clients[6]]).Bytes.ToArray(), HttpStatusCode.Conflict, ErrorCodes.ConflictingRoster),
        ["without this server"] = (c => c.Later(3, [c.ServerMember]).Bytes.ToArray(), HttpStatusCode.UnprocessableEntity, ErrorCodes.InvalidRoster),
        ["with this server's key in another role"] = (c => c.Later(3, [c.ServerMember], c.ServerMember with { Role = RosterRole.Auditor }).Bytes.ToArray(), HttpStatusCode.UnprocessableEntity, ErrorCodes.InvalidRoster),
        ["too large"] = (_ => new byte[(1 << 24) + 1], HttpStatusCode.RequestEntityTooLarge, ErrorCodes.PayloadTooLarge),
    };

    [Fact]
    public async Task The_same_roster_again_changes_nothing()
    {
        Roster second = consortium.Later(2, []);
        using HttpResponseMessage first = await http.PutAsync(Routes.Roster, HandSteppedClient.Binary(second.Bytes.ToArray()));
        using HttpResponseMessage again = await http.PutAsync(Routes.Roster, HandSteppedClient.Binary(second.Bytes.ToArray()));
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await again.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Nobody_but_an_operator_publishes_a_roster_and_a_new_operator_does_at_once()
    {
        Member other = Member.Create(RosterRole.Operator, "provider");
        byte[] second = consortium.Later(2, [consortium.Operator], other).Bytes.ToArray();
        foreach (Member member in (Member[])[consortium.Clients[0], consortium.Auditor, consortium.ServerMember])
        {
            using HttpClient own = consortium.HttpFor(member);
            await own.PutAsync(Routes.Roster, HandSteppedClient.Binary(second)).AssertProblemAsync(HttpStatusCode.Forbidden, "wrong-role");
        }

        await taskOperator.PublishRosterAsync(second);
        await http.PutAsync(Routes.Roster, HandSteppedClient.Binary(second)).AssertProblemAsync(HttpStatusCode.Forbidden, "not-enrolled");
        using HttpClient next = consortium.HttpFor(other);
        using HttpResponseMessage again = await next.PutAsync(Routes.Roster, HandSteppedClient.Binary(second));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    /// <summary>One organisation more than c was counted from: the task goes on as it was, also for clients that start now.</summary>
    [Fact]
    public async Task A_task_that_a_roster_does_not_fit_goes_on_under_its_own_and_a_task_with_room_takes_it()
    {
        Identifier narrow = await consortium.CreateTaskAsync(Definition);
        Identifier wide = await consortium.CreateTaskAsync(Definition with { TaskId = Definitions.NewId(), Cohort = Definition.Cohort with { Organisations = 10 } });
        Member newcomer = Member.Create(RosterRole.Client, "organisation 9");
        Roster next = consortium.Later(2, [], newcomer);
        RosterView view = (await taskOperator.PublishRosterAsync(next.Bytes)).Roster;
        Assert.Equal(9, view.ClientOrganisations);
        Assert.Contains("a larger consortium needs a new task", view.Tasks.Single(t => t.TaskId == narrow.ToString()).Refusal, StringComparison.Ordinal);
        Assert.Null(view.Tasks.Single(t => t.TaskId == wide.ToString()).Refusal);
        foreach (Identifier task in (Identifier[])[narrow, wide])
            await EnrolmentExtensions.AbortAsync(taskOperator, http, task, 1);

        Assert.Equal(consortium.Roster.Digest, await EnrolmentExtensions.RosterOfRoundAsync(http, narrow, 2));
        await Sums.AssertExactAsync(consortium, narrow, await Task.WhenAll(Enumerable.Range(0, 3).Select(i => consortium.ClientFor(i, narrow).ContributeAsync(new double[] { i, 1, 2, 3 }))));
        Assert.Equal(next.Digest, await EnrolmentExtensions.RosterOfRoundAsync(http, wide, 2));
        await EnrolmentExtensions.RoundAsync(http, narrow, 3);
        Assert.Single(log.Lines, l => l.StartsWith($"Task {narrow}: roster 2 does not fit (invalid-roster)", StringComparison.Ordinal));
        await Sums.AssertExactAsync(consortium, wide, await Task.WhenAll(
            consortium.ClientFor(0, wide).ContributeAsync(new double[] { 1, 1, 2, 3 }),
            consortium.ClientFor(1, wide).ContributeAsync(new double[] { 2, 1, 2, 3 }),
            consortium.ClientOf(newcomer, wide).ContributeAsync(new double[] { 3, 1, 2, 3 })));
    }

    [Fact]
    public async Task The_same_definition_is_the_same_task_after_the_roster_has_grown()
    {
        TaskDefinition definition = Definition with { TaskId = Definitions.NewId() };
        TaskView created = await taskOperator.CreateTaskAsync(definition);
        await taskOperator.PublishRosterAsync(consortium.Later(2, [], Member.Create(RosterRole.Client, "organisation 9")).Bytes);
        Assert.Equal(created.ParametersDigest, (await taskOperator.CreateTaskAsync(definition)).ParametersDigest);
        SecureFedException refusal = await Assert.ThrowsAsync<SecureFedException>(
            () => taskOperator.CreateTaskAsync(definition with { TaskId = Definitions.NewId(), Cohort = definition.Cohort with { Organisations = 8 } }));
        Assert.Equal(ErrorCodes.InvalidTask, refusal.Code);
    }

    public void Dispose()
    {
        http.Dispose();
        consortium.Dispose();
    }
}
