using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Http;

/// <summary>Events, receipts and models.</summary>
public class PublishedContentTests(TestConsortium consortium)
{
    [Fact]
    public async Task The_events_of_a_round_are_its_stages_in_order_and_end_when_it_closes()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        string path = Routes.RoundPart(task, cohort[0].Round, "events");
        using HttpClient http = consortium.HttpFor(consortium.Auditor);
        using HttpResponseMessage live = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", live.Content.Headers.ContentType?.MediaType);
        Task<string> reading = live.Content.ReadAsStringAsync();
        await HandSteppedClient.CompleteAsync(cohort, i => [i, 1]);
        RoundView[] stages = Parse(await reading.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal((RoundPhase.Advertise, RoundPhase.Closed), (stages[0].Phase, stages[^1].Phase));
        Assert.Equal(stages.Select(s => s.Phase).Order(), stages.Select(s => s.Phase));
        Assert.Equal(stages.Distinct(), stages);
        Assert.Equal((3, 3, null), (stages[^1].Cohort, stages[^1].Survivors, stages[^1].AbortReason));

        // Who comes late gets the end.
        Assert.Equal([stages[^1]], Parse(await http.GetStringAsync(path)));
    }

    [Fact]
    public async Task The_events_of_an_aborted_round_end_with_its_reason()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HttpResponseMessage live = await client.Http.GetAsync(Routes.RoundPart(task, client.Round, "events"), HttpCompletionOption.ResponseHeadersRead);
        await consortium.OperatorApi().AbortRoundAsync(task, client.Round);
        RoundView[] stages = Parse(await live.Content.ReadAsStringAsync().WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal((RoundPhase.Aborted, "aborted-by-operator"), (stages[^1].Phase, stages[^1].AbortReason));
    }

    [Fact]
    public async Task A_receipt_is_shown_to_its_owner_only()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        string path = cohort[0].PathOf("receipt");
        await cohort[0].Http.GetAsync(path).AssertProblemAsync(HttpStatusCode.Conflict, "not-ready");
        await HandSteppedClient.CompleteAsync(cohort, i => [i, 1]);

        TaskEvent.MessageAccepted accepted = await cohort[0].ReceiptAsync();
        Assert.Equal((EventType.UpdateUploaded, cohort[0].Round), (accepted.Kind, accepted.RoundId));
        foreach (Member other in new[] { consortium.Clients[1], consortium.Operator, consortium.Auditor })
        {
            using HttpClient http = consortium.HttpFor(other);
            await http.GetAsync(path).AssertProblemAsync(HttpStatusCode.Forbidden, "forbidden");
            await http.GetAsync(path[..(path.LastIndexOf('/') + 1)] + "nobody").AssertProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        }

        // A client of the roster that was not in the round has none.
        using HttpClient absent = consortium.HttpFor(consortium.Clients[5]);
        await absent.GetAsync(Routes.RoundPart(task, cohort[0].Round, "receipt", consortium.Clients[5].Id)).AssertProblemAsync(HttpStatusCode.Conflict, "not-ready");
        foreach (HandSteppedClient client in cohort)
            client.Dispose();
    }

    [Fact]
    public async Task A_model_is_served_in_ranges_under_its_digest()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 500));
        using HttpClient http = consortium.HttpFor(consortium.Auditor);
        TaskView view = await (await http.GetAsync(Routes.Task(task))).ReadAsync<TaskView>();
        Assert.True(Digest.TryParse(view.ModelDigest, out Digest digest));
        using HttpResponseMessage whole = await http.GetAsync(Routes.Model(digest));
        byte[] model = await whole.Content.ReadAsByteArrayAsync();
        Assert.Equal(digest, Digest.Of(model));
        EntityTagHeaderValue tag = whole.Headers.ETag!;
        Assert.Equal(($"\"{view.ModelDigest}\"", false), (tag.Tag, tag.IsWeak));
        Assert.Contains("immutable", whole.Headers.CacheControl!.ToString(), StringComparison.Ordinal);

        using HttpResponseMessage part = await http.SendAsync(Request(r => r.Range = new RangeHeaderValue(10, 19)));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(model[10..20], await part.Content.ReadAsByteArrayAsync());
        Assert.Equal($"bytes 10-19/{model.Length}", part.Content.Headers.ContentRange?.ToString());
        using HttpResponseMessage beyond = await http.SendAsync(Request(r => r.Range = new RangeHeaderValue(model.Length, null)));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        using HttpResponseMessage same = await http.SendAsync(Request(r => r.IfNoneMatch.Add(tag)));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        Assert.Empty(await same.Content.ReadAsByteArrayAsync());
        using HttpResponseMessage other = await http.SendAsync(Request(r => r.IfNoneMatch.Add(new EntityTagHeaderValue("\"other\""))));
        Assert.Equal(model, await other.Content.ReadAsByteArrayAsync());
        await http.GetAsync(Routes.Model(Digest.Of("no model"u8))).AssertProblemAsync(HttpStatusCode.NotFound, "unknown-model");
        await http.GetAsync("/v1/nothing").AssertProblemAsync(HttpStatusCode.NotFound, "unknown-resource");
        await http.DeleteAsync(Routes.Roster).AssertProblemAsync(HttpStatusCode.MethodNotAllowed, "method-not-allowed");
        await http.GetAsync("/v1/models/" + view.ParametersDigest).AssertProblemAsync(HttpStatusCode.NotFound, "unknown-model");

        HttpRequestMessage Request(Action<HttpRequestHeaders> configure)
        {
            HttpRequestMessage request = new(HttpMethod.Get, Routes.Model(digest));
            configure(request.Headers);
            return request;
        }
    }

    private static RoundView[] Parse(string stream)
    {
        string[] lines = [.. stream.Split('\n').Select(l => l.TrimEnd('\r')).Where(l => l.Length > 0)];
        Assert.All(lines.Where((_, i) => i % 2 == 0), l => Assert.Equal("event: round", l));
        return [.. lines.Where((_, i) => i % 2 == 1).Select(l => JsonSerializer.Deserialize<RoundView>(l["data: ".Length..], ResourceJson.Options)!)];
    }
}
