using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Randomness;
using SecureFed.Learning.Scenarios;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Retries, and TLS on a real Kestrel.</summary>
public class ConnectionTests(TestConsortium consortium)
{
    public static TheoryData<string> Transient() => ["503", "429", "502", "504", "507", "500", "exception", "timeout"];

    [Theory]
    [MemberData(nameof(Transient))]
    public async Task What_may_pass_is_tried_again(string failure)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        FailingHandler wire = new(3, () => Fail(failure));
        SecureFedClient client = consortium.ClientFor(0, task, o => o.GreatestAttempts = 4, wire);
        Assert.Equal(task, (await client.GetTaskParametersAsync()).TaskId);
        Assert.Equal(5, wire.Attempts); // Roster at the fourth attempt, then the parameters.
    }

    [Theory]
    [MemberData(nameof(Transient))]
    public async Task What_does_not_pass_is_a_transient_typed_error_after_the_last_attempt(string failure)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        FailingHandler wire = new(int.MaxValue, () => Fail(failure));
        SecureFedClient client = consortium.ClientFor(0, task, o => o.GreatestAttempts = 3, wire);
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => client.GetTaskParametersAsync());
        Assert.True(exception.IsTransient, exception.Message);
        Assert.Equal(3, wire.Attempts);
    }

    [Fact]
    public async Task An_answer_that_claims_four_gigabytes_is_refused_unread_and_not_asked_for_again()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        FailingHandler wire = new(int.MaxValue, () =>
        {
            HttpResponseMessage response = new(HttpStatusCode.OK) { Content = new StreamContent(Stream.Null) };
            response.Content.Headers.ContentLength = 4L << 30;
            return response;
        });
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(0, task, inner: wire).GetTaskParametersAsync());
        Assert.Equal((ErrorCodes.InvalidMessage, false), (exception.Code, exception.IsTransient));
        Assert.Equal(1, wire.Attempts);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(413)]
    [InlineData(422)]
    public async Task What_will_not_pass_is_tried_once(int status)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        FailingHandler wire = new(int.MaxValue, () => FailingHandler.Status((HttpStatusCode)status));
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(0, task, inner: wire).GetTaskParametersAsync());
        Assert.False(exception.IsTransient);
        Assert.Equal(1, wire.Attempts);
    }

    [Fact]
    public async Task Pauses_between_attempts_grow()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        List<TimeSpan> times = [];
        Stopwatch watch = Stopwatch.StartNew();
        FailingHandler wire = new(int.MaxValue, () =>
        {
            times.Add(watch.Elapsed);
            return FailingHandler.Status(HttpStatusCode.ServiceUnavailable);
        });
        SecureFedClient client = consortium.ClientFor(0, task, o => (o.GreatestAttempts, o.FirstRetryDelay) = (5, TimeSpan.FromMilliseconds(40)), wire);
        await Assert.ThrowsAsync<SecureFedException>(() => client.GetTaskParametersAsync());

        // 40, 80, 160 and 320 ms with jitter; without growth all four take 160 ms.
        Assert.True(times[^1] - times[0] > TimeSpan.FromMilliseconds(220), $"{times[^1] - times[0]}");
    }

    [Theory]
    [InlineData("keys")]
    [InlineData("shares")]
    [InlineData("uploads")]
    [InlineData("confirmations")]
    [InlineData("unmask")]
    public async Task A_lost_answer_is_no_lost_contribution_because_the_repetition_is_signed_anew(string part)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        LosingHandler[] wires = [.. Enumerable.Range(0, 3).Select(_ => new LosingHandler(r => r.Method == HttpMethod.Put && r.RequestUri!.AbsolutePath.Contains($"/{part}/", StringComparison.Ordinal)))];
        RoundOutcome[] outcomes = await Task.WhenAll(wires.Select((wire, i) => consortium.ClientFor(i, task, inner: wire).ContributeAsync(new double[] { i + 1 })));
        Assert.All(wires, wire => Assert.True(wire.Lost >= 1));
        await Sums.AssertExactAsync(consortium, task, outcomes);
    }

    [Fact]
    public async Task A_server_that_is_down_is_a_transient_typed_error_that_says_what_to_check()
    {
        Uri nobody = new("https://127.0.0.1:9");
        SecureFedClientOptions options = consortium.OptionsFor(0, Identifier.Random(OperatingSystemRandomSource.Instance));
        (options.ServerAddress, options.GreatestAttempts) = (nobody, 2);
        using HttpClient http = SignedHttpClient.Create(nobody, null, options.ClientId, options.Signer!);
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => new SecureFedClient(http, options, TimeProvider.System).ContributeAsync(new double[1]));
        Assert.Equal(("server-unreachable", true), (exception.Code, exception.IsTransient));
        Assert.Contains("127.0.0.1:9", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_articles_linear_regression_reaches_w_2_and_b_0_through_the_real_service()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(consortium);
        Identifier task = await server.CreateTaskAsync(Definitions.Article());
        ModelState[] models = await Task.WhenAll(Enumerable.Range(0, ArticleExample.Clients).Select(i =>
            server.ClientFor(i, task, server.Pin).RunAsync(new DataSetTrainer(ArticleExample.Data, (ulong)i))));
        foreach (ModelState model in models)
        {
            Assert.Equal(ArticleExample.Rounds, model.CompletedTrainRounds);
            Assert.Equal(2, model.Parameters[0], 0.01);
            Assert.Equal(0, model.Parameters[1], 0.02);
        }
    }

    [Fact]
    public async Task A_server_with_another_certificate_than_the_pinned_is_refused_at_once()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(consortium);
        Identifier task = await server.CreateTaskAsync(Definitions.Vector(length: 1));
        Stopwatch watch = Stopwatch.StartNew();
        foreach (string? pin in new[] { new string('0', 64), null })
        {
            SecureFedClient client = server.ClientFor(0, task, pin);
            SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => client.ContributeAsync(new double[1]));
            Assert.Equal(("server-unreachable", false), (exception.Code, exception.IsTransient));
            Assert.Contains("pin", exception.Message, StringComparison.Ordinal);
            Assert.Equal(0, client.BytesUp);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task An_application_adds_the_client_with_one_call()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(consortium);
        Identifier task = await server.CreateTaskAsync(Definitions.Vector(length: 1));
        RoundOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 3).Select(async i =>
        {
            ServiceCollection services = new();
            services.AddSecureFedClient(o =>
            {
                o.ServerAddress = server.Address;
                o.ServerCertificatePin = server.Pin;
                o.TaskId = task;
                o.ClientId = consortium.Clients[i].Id;
                o.Signer = consortium.Clients[i].Key;
                o.Policy = consortium.Policy;
            });
            await using ServiceProvider provider = services.BuildServiceProvider();
            return await provider.GetRequiredService<SecureFedClient>().ContributeAsync(new double[] { 1 });
        }));
        Assert.All(outcomes, o => Assert.Equal(RoundStatus.Contributed, o.Status));
    }

    [Theory]
    [InlineData("address")]
    [InlineData("plain http")]
    [InlineData("signer")]
    [InlineData("policy")]
    [InlineData("task")]
    [InlineData("client")]
    [InlineData("attempts")]
    [InlineData("pin")]
    public void An_incomplete_configuration_is_refused_when_it_is_made(string part)
    {
        ServiceCollection services = new();
        SecureFedException exception = Assert.Throws<SecureFedException>(() => services.AddSecureFedClient(o =>
        {
            o.ServerAddress = part switch { "address" => null, "plain http" => new Uri("http://localhost"), _ => TestConsortium.BaseAddress };
            o.TaskId = part == "task" ? default : Identifier.Parse(Definitions.NewId());
            o.ClientId = part == "client" ? default : consortium.Clients[0].Id;
            o.Signer = part == "signer" ? null : consortium.Clients[0].Key;
            o.Policy = part == "policy" ? null : consortium.Policy;
            o.GreatestAttempts = part == "attempts" ? 11 : 5;
            o.ServerCertificatePin = part == "pin" ? "no pin" : null;
        }));
        Assert.Equal("invalid-configuration", exception.Code);
    }

    private static HttpResponseMessage Fail(string failure) => failure switch
    {
        "exception" => throw new HttpRequestException(HttpRequestError.ConnectionError),
        "timeout" => throw new TaskCanceledException("The request timed out.", new TimeoutException()),
        _ => FailingHandler.Status((HttpStatusCode)int.Parse(failure, System.Globalization.CultureInfo.InvariantCulture)),
    };
}
