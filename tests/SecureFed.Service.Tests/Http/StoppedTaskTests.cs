using System.Diagnostics;
using System.Net;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Http;

/// <summary>A task that an error stopped says so, at once, to everyone who asks or waits.</summary>
public class StoppedTaskTests
{
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task Requests_about_a_stopped_task_fail_instead_of_waiting_and_other_tasks_go_on()
    {
        FailingSource random = new();
        using TestConsortium consortium = new(null, null, random: random);
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(rounds: 2));
        HandSteppedClient[] cohort = await HandSteppedClient.JoinAllAsync(consortium, task);
        using HttpClient http = consortium.HttpFor(consortium.Auditor);
        HttpResponseMessage events = await http.GetAsync(Routes.RoundPart(task, cohort[0].Round, "events"), HttpCompletionOption.ResponseHeadersRead);
        await HandSteppedClient.Accept(cohort[0].AdvertiseAsync());
        Task<HttpResponseMessage> waiting = WaitAsync(http, Routes.RoundPart(task, cohort[0].Round, "keys"));
        await Task.Delay(200);

        // The round ends, and the next cannot be opened for lack of randomness.
        random.HasFailed = true;
        Stopwatch watch = Stopwatch.StartNew();
        await consortium.OperatorApi().AbortRoundAsync(task, cohort[0].Round);
        using HttpResponseMessage woken = await waiting;
        Assert.True((int)woken.StatusCode >= 400, woken.StatusCode.ToString());
        while ((await http.GetAsync(Routes.Task(task))).StatusCode != HttpStatusCode.InternalServerError)
            Assert.True(watch.Elapsed < Promptly, "The task still answers.");
        await WaitAsync(http, Routes.Task(task)).AssertProblemAsync(HttpStatusCode.InternalServerError, "internal-error");
        await WaitAsync(http, Routes.RoundPart(task, cohort[0].Round, "keys")).AssertProblemAsync(HttpStatusCode.InternalServerError, "internal-error");
        await cohort[1].AdvertiseAsync().AssertProblemAsync(HttpStatusCode.InternalServerError, "internal-error");
        Assert.True(watch.Elapsed < Promptly, $"{watch.Elapsed}");
        events.Dispose();

        random.HasFailed = false;
        Identifier other = await consortium.CreateTaskAsync(Definitions.Vector());
        Assert.NotNull((await HandSteppedClient.WaitForRoundAsync(http, other)).Round);
    }

    [Fact]
    public async Task Who_waits_while_the_task_stops_is_woken()
    {
        FailingTime time = new();
        using TestConsortium consortium = new(time, null);
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector() with
        {
            Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = 2000, PhaseMilliseconds = 1000, GraceMilliseconds = 100 },
        });
        using HandSteppedClient client = await HandSteppedClient.JoinAsync(consortium, 0, task);
        using HttpResponseMessage now = await client.Http.GetAsync(Routes.Task(task));
        using HttpResponseMessage events = await client.Http.GetAsync(Routes.RoundPart(task, client.Round, "events"), HttpCompletionOption.ResponseHeadersRead);
        Stopwatch watch = Stopwatch.StartNew();
        Task<HttpResponseMessage>[] waiting =
        [
            WaitAsync(client.Http, Routes.Task(task), now.Headers.ETag!.ToString()),
            WaitAsync(client.Http, Routes.RoundPart(task, client.Round, "keys")),
            WaitAsync(client.Http, client.PathOf("shares")),
        ];
        await Task.Delay(500);

        // Nobody but the task's own loop asks for the time now: at the deadline.
        time.FailsNext = true;
        foreach (Task<HttpResponseMessage> wait in waiting)
            await wait.AssertProblemAsync(HttpStatusCode.InternalServerError, "internal-error");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => events.Content.ReadAsStringAsync().WaitAsync(Promptly));
        Assert.True(watch.Elapsed < Promptly, $"{watch.Elapsed}");
        Assert.False(time.FailsNext);
    }

    private static Task<HttpResponseMessage> WaitAsync(HttpClient http, string path, string? tag = null)
    {
        HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Prefer", "wait=25");
        if (tag is not null)
            request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        return http.SendAsync(request);
    }

    /// <summary>The operating system's, until it fails.</summary>
    private sealed class FailingSource : IRandomSource
    {
        public bool HasFailed { get; set; }

        public void Fill(Span<byte> destination)
        {
            if (HasFailed)
                throw new IOException("No randomness.");
            OperatingSystemRandomSource.Instance.Fill(destination);
        }
    }

    /// <summary>The system's clock, which fails once.</summary>
    private sealed class FailingTime : TimeProvider
    {
        public bool FailsNext { get; set; }

        public override long GetTimestamp()
        {
            if (!FailsNext)
                return base.GetTimestamp();
            FailsNext = false;
            throw new IOException("No time.");
        }
    }
}
