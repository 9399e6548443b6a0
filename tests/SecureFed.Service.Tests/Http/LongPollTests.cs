using System.Diagnostics;
using System.Net;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Http;

public class LongPollTests(TestConsortium consortium)
{
    [Fact]
    public async Task A_waiting_reader_of_the_task_is_answered_when_the_stage_changes()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HttpResponseMessage now = await client.Http.GetAsync(Routes.Task(task));
        Task<HttpResponseMessage> waiting = SendAsync(client.Http, Routes.Task(task), 20, now.Headers.ETag!.ToString());
        await HandSteppedClient.Accept(client.AdvertiseAsync());
        await Task.Delay(200);
        Assert.False(waiting.IsCompleted, "A single message is no change of stage.");

        using HttpClient taskOperator = consortium.HttpFor(consortium.Operator);
        await taskOperator.PostAsync(Routes.RoundPart(task, client.Round, "abort"), null);
        using HttpResponseMessage answered = await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        TaskView view = await answered.ReadAsync<TaskView>();
        Assert.True(view.Round!.Number == 2 || view.Round.Phase == RoundPhase.Aborted, $"{view.Round}");
    }

    [Fact]
    public async Task A_waiting_client_gets_the_cohort_as_soon_as_it_is_published()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        Task<HttpResponseMessage> waiting = SendAsync(cohort[0].Http, Routes.RoundPart(task, cohort[0].Round, "keys"), 20);
        foreach (HandSteppedClient client in cohort)
        {
            Assert.False(waiting.IsCompleted);
            await HandSteppedClient.Accept(client.AdvertiseAsync());
        }

        using HttpResponseMessage answered = await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        Assert.Equal(MediaTypes.Of("announcement"), answered.Content.Headers.ContentType?.ToString());
    }

    [Fact]
    public async Task When_nothing_changes_the_wait_ends_with_202_or_304()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HttpResponseMessage now = await client.Http.GetAsync(Routes.Task(task));
        Stopwatch watch = Stopwatch.StartNew();
        HttpResponseMessage[] answers = await Task.WhenAll(
            SendAsync(client.Http, Routes.Task(task), 1, now.Headers.ETag!.ToString()),
            SendAsync(client.Http, Routes.RoundPart(task, client.Round, "keys"), 1),
            SendAsync(client.Http, Routes.RoundPart(task, client.Round, "survivors"), 1),
            SendAsync(client.Http, Routes.RoundPart(task, client.Round, "unmask-request"), 1),
            SendAsync(client.Http, client.PathOf("shares"), 1));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.95, 8);
        Assert.Equal(
            [HttpStatusCode.NotModified, HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Accepted],
            answers.Select(a => a.StatusCode));
        Assert.All(await Task.WhenAll(answers.Select(a => a.Content.ReadAsByteArrayAsync())), Assert.Empty);
    }

    [Theory]
    [InlineData("")]
    [InlineData("wait=")]
    [InlineData("wait=-1")]
    [InlineData("wait=99999999999")]
    [InlineData("respond-async")]
    public async Task A_preference_that_is_not_understood_is_not_waited_for(string preference)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HttpRequestMessage request = new(HttpMethod.Get, Routes.RoundPart(task, client.Round, "keys"));
        request.Headers.TryAddWithoutValidation("Prefer", preference);
        using HttpResponseMessage response = await client.Http.SendAsync(request).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Fact]
    public async Task A_reader_that_goes_away_disturbs_nobody()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        using CancellationTokenSource gone = new(TimeSpan.FromMilliseconds(100));
        using HttpRequestMessage request = new(HttpMethod.Get, Routes.RoundPart(task, cohort[0].Round, "keys"));
        request.Headers.TryAddWithoutValidation("Prefer", "wait=20");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cohort[0].Http.SendAsync(request, gone.Token));
        await HandSteppedClient.CompleteAsync(cohort, _ => [1, 1]);
        Assert.Equal("", (await RoundResourceTests.FinishedAsync(cohort[0].Http, task)).FinishReason);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, string path, int seconds, string? tag = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Prefer", $"wait={seconds}");
        if (tag is not null)
            request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        return await http.SendAsync(request);
    }
}
