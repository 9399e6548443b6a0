using System.Net;
using Microsoft.AspNetCore.Routing;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Http;

/// <summary>Every route, found in the server's own endpoint table, against every way of not being the signer.</summary>
public class RequestAuthenticationTests(TestConsortium consortium)
{
    private static readonly string[] Public =
    [
        "/healthz",
        "/readyz",
        "/openapi/{documentName}.json",
        "/v1/tasks/{task}/log/checkpoint",
        "/v1/tasks/{task}/log/vkey",
        "/v1/tasks/{task}/log/policy",
        "/v1/tasks/{task}/log/tile/{**path}",
    ];

    [Fact]
    public async Task Every_route_but_the_public_seven_refuses_each_forgery()
    {
        Dictionary<string, string> values = await RouteValuesAsync();
        using HttpClient http = consortium.Unsigned();
        Member signer = consortium.Operator;
        int checkedRoutes = 0;
        foreach (RouteEndpoint endpoint in consortium.Endpoints.Where(e => !Public.Contains(e.RoutePattern.RawText)))
        {
            string path = PathOf(endpoint, values);
            foreach (string verb in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                HttpMethod method = HttpMethod.Parse(verb);
                byte[] body = method == HttpMethod.Get ? [] : "{}"u8.ToArray();
                SignedRequest request = SignedRequest.From(signer, method, path, body);
                checkedRoutes++;

                async Task Refused(HttpRequestMessage message, HttpStatusCode status, string token)
                {
                    using HttpResponseMessage response = await http.SendAsync(message);
                    Assert.True(response.StatusCode == status, $"{verb} {path}: {response.StatusCode} where {token} was expected");
                    await response.AssertProblemAsync(status, token);
                }

                await Refused(new HttpRequestMessage(method, path), HttpStatusCode.Unauthorized, "unauthenticated");
                await Refused(new HttpRequestMessage(method, path.ToUpperInvariant()), HttpStatusCode.Unauthorized, "unauthenticated");
                await Refused(request.Build(m => m.Headers.Remove("Signature")), HttpStatusCode.Unauthorized, "unauthenticated");
                await Refused(request.Build(m => m.Headers.Remove("Content-Digest")), HttpStatusCode.Unauthorized, "unauthenticated");
                await Refused(request.Build(m => m.Headers.TryAddWithoutValidation("Signature", "sig1=:AA==:")), HttpStatusCode.Unauthorized, "unauthenticated");
                using SigningKey stranger = SigningKey.Generate(OperatingSystemRandomSource.Instance);
                await Refused((request with { Signer = stranger }).Build(), HttpStatusCode.Unauthorized, "signature-invalid");
                await Refused((request with { KeyId = Identifier.Parse(Definitions.NewId()) }).Build(), HttpStatusCode.Forbidden, "not-enrolled");
                await Refused((request with { KeyId = consortium.Auditor.Id }).Build(), HttpStatusCode.Unauthorized, "signature-invalid");
                await Refused(request.Build(m => m.RequestUri = new Uri(path + "x", UriKind.Relative)), HttpStatusCode.Unauthorized, "signature-invalid");
                await Refused(request.Build(m => m.RequestUri = new Uri(path + "?from=1", UriKind.Relative)), HttpStatusCode.Unauthorized, "signature-invalid");
                await Refused(request.Build(m => m.Method = method == HttpMethod.Put ? HttpMethod.Post : HttpMethod.Put), HttpStatusCode.Unauthorized, "signature-invalid");
                await Refused((request with { Authority = "other.example" }).Build(), HttpStatusCode.Unauthorized, "signature-invalid");
                await Refused(
                    request.Build(m =>
                    {
                        m.Headers.Remove("Content-Digest");
                        m.Headers.TryAddWithoutValidation("Content-Digest", ContentDigest.Of("other"u8));
                    }),
                    HttpStatusCode.Unauthorized,
                    "signature-invalid");
                if (method != HttpMethod.Get)
                    await Refused(request.Build(m => m.Content = new ByteArrayContent("[]"u8.ToArray())), HttpStatusCode.Unauthorized, "signature-invalid");
            }
        }

        Assert.True(checkedRoutes >= 20, $"{checkedRoutes} routes");
    }

    [Fact]
    public async Task An_unknown_path_is_refused_without_a_signature_too()
    {
        using HttpClient http = consortium.Unsigned();
        foreach (string path in new[] { "/v1/nothing", "/", "/v1", "/healthz/../v1/roster", "/%761/roster", "//v1/roster", "/v1/roster/" })
            await http.GetAsync(new Uri(TestConsortium.BaseAddress, path)).AssertProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Theory]
    [InlineData("/healthz", "ok")]
    [InlineData("/readyz", "ready")]
    public async Task Health_is_told_without_a_signature(string path, string answer)
    {
        using HttpClient http = consortium.Unsigned();
        Assert.Equal(answer, await http.GetStringAsync(path));
    }

    [Theory]
    [InlineData(-299, null)]
    [InlineData(299, null)]
    [InlineData(-302, "request-expired")]
    [InlineData(302, "request-expired")]
    [InlineData(-100_000_000, "request-expired")]
    public async Task A_signature_is_good_for_five_minutes_around_the_servers_clock(int seconds, string? refusal)
    {
        using HttpClient http = consortium.Unsigned();
        SignedRequest request = SignedRequest.From(consortium.Operator, HttpMethod.Get, "/v1/roster") with { Created = TimeProvider.System.GetUtcNow().AddSeconds(seconds) };
        using HttpResponseMessage response = await http.SendAsync(request.Build());
        if (refusal is null)
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        else
            await response.AssertProblemAsync(HttpStatusCode.Unauthorized, refusal);
    }

    [Fact]
    public async Task A_nonce_is_good_once_as_long_as_its_signature_lives()
    {
        ShiftedTime time = new();
        using TestConsortium own = new(time, null);
        using HttpClient http = own.Unsigned();
        SignedRequest dated = SignedRequest.From(own.Operator, HttpMethod.Get, "/v1/roster") with { Created = time.GetUtcNow().AddSeconds(299) };
        Assert.Equal(HttpStatusCode.OK, (await http.SendAsync(dated.Build())).StatusCode);
        for (int step = 0; step < 6; step++)
        {
            await http.SendAsync(dated.Build()).AssertProblemAsync(HttpStatusCode.Unauthorized, "request-replayed");
            time.Advance(TimeSpan.FromSeconds(97));
            Assert.Equal(HttpStatusCode.OK, (await http.SendAsync((dated with { Nonce = Definitions.NewId(), Created = time.GetUtcNow() }).Build())).StatusCode);
        }

        time.Advance(TimeSpan.FromSeconds(30));
        await http.SendAsync(dated.Build()).AssertProblemAsync(HttpStatusCode.Unauthorized, "request-expired");
    }

    [Fact]
    public async Task A_refused_signature_does_not_spend_the_nonce()
    {
        using HttpClient http = consortium.Unsigned();
        SignedRequest request = SignedRequest.From(consortium.Operator, HttpMethod.Get, "/v1/roster");
        using SigningKey stranger = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        await http.SendAsync((request with { Signer = stranger }).Build()).AssertProblemAsync(HttpStatusCode.Unauthorized, "signature-invalid");
        Assert.Equal(HttpStatusCode.OK, (await http.SendAsync(request.Build())).StatusCode);
    }

    [Fact]
    public async Task Two_identities_may_use_the_same_nonce()
    {
        using HttpClient http = consortium.Unsigned();
        SignedRequest request = SignedRequest.From(consortium.Operator, HttpMethod.Get, "/v1/roster");
        Assert.Equal(HttpStatusCode.OK, (await http.SendAsync(request.Build())).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.SendAsync((request with { KeyId = consortium.Auditor.Id, Signer = consortium.Auditor.Key }).Build())).StatusCode);
    }

    [Fact]
    public async Task Of_many_copies_of_one_request_sent_at_once_one_is_admitted()
    {
        using HttpClient http = consortium.Unsigned();
        SignedRequest request = SignedRequest.From(consortium.Operator, HttpMethod.Get, "/v1/roster");
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => http.SendAsync(request.Build()))));
        Assert.Equal(1, responses.Count(r => r.StatusCode == HttpStatusCode.OK));
        Assert.Equal(31, responses.Count(r => r.StatusCode == HttpStatusCode.Unauthorized));
    }

    [Theory]
    [InlineData("other.example")]
    [InlineData("localhost.other.example")]
    [InlineData("10.0.0.1")]
    [InlineData("[::1]")]
    public async Task A_request_signed_for_another_server_is_refused_here(string authority)
    {
        using HttpClient http = consortium.Unsigned();
        SignedRequest request = SignedRequest.From(consortium.Operator, HttpMethod.Get, "/v1/roster") with { Authority = authority };
        await http.SendAsync(request.Build(m => m.Headers.Host = authority)).AssertProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_server_with_names_of_its_own_goes_by_these_only()
    {
        using TestConsortium named = new(null, null, ["fed.example", "other.example:8443"]);
        using HttpClient http = named.Unsigned();
        foreach ((string authority, bool isOurs) in new[]
                 {
                     ("fed.example", true), ("FED.Example", true), ("other.example:8443", true), ("fed.example:8443", false), ("other.example", false),
                     ("sub.fed.example", false), ("localhost", false),
                 })
        {
            SignedRequest request = SignedRequest.From(named.Operator, HttpMethod.Get, "/v1/roster") with { Authority = authority.ToLowerInvariant() };
            using HttpResponseMessage response = await http.SendAsync(request.Build(m => m.Headers.Host = authority));
            if (isOurs)
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            else
                await response.AssertProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        }
    }

    [Fact]
    public async Task Over_a_socket_the_local_address_and_port_are_the_servers_name()
    {
        await using KestrelServer server = await KestrelServer.StartAsync(consortium);
        using HttpClient http = new(PinnedHandler.Create(server.Pin)) { BaseAddress = server.Address };
        int port = server.Address.Port;
        foreach ((string authority, bool isOurs) in new[]
                 {
                     ($"127.0.0.1:{port}", true), ($"localhost:{port}", true), ("127.0.0.1", false), ("localhost", false), ($"localhost:{port - 1}", false),
                     ($"127.0.0.2:{port}", false), ($"fed.example:{port}", false),
                 })
        {
            SignedRequest request = SignedRequest.From(consortium.Operator, HttpMethod.Get, "/v1/roster") with { Authority = authority };
            using HttpResponseMessage response = await http.SendAsync(request.Build(m => m.Headers.Host = authority));
            if (isOurs)
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            else
                await response.AssertProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        }
    }

    [Theory]
    [InlineData(253_402_300_799, "request-expired")]
    [InlineData(253_402_300_800, "unauthenticated")]
    [InlineData(999_999_999_999, "unauthenticated")]
    public async Task A_time_that_no_clock_can_show_is_a_refusal_and_no_failure(long created, string refusal)
    {
        RequestComponents components = new("GET", "localhost", "/v1/roster", "?", ContentDigest.Of([]));
        RequestSignature signature = new(created, Definitions.NewId(), consortium.Operator.Id);
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/roster");
        request.Headers.TryAddWithoutValidation("Content-Digest", components.ContentDigest);
        request.Headers.TryAddWithoutValidation("Signature-Input", signature.Input);
        request.Headers.TryAddWithoutValidation("Signature", signature.Sign(components, consortium.Operator.Key));
        using HttpClient http = consortium.Unsigned();
        await http.SendAsync(request).AssertProblemAsync(HttpStatusCode.Unauthorized, refusal);
    }

    private async Task<Dictionary<string, string>> RouteValuesAsync()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector());
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        TaskView view = await HandSteppedClient.WaitForRoundAsync(http, task);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["task"] = view.TaskId,
            ["round"] = view.Round!.RoundId,
            ["client"] = consortium.Clients[0].Id.ToString(),
            ["sender"] = consortium.Clients[0].Id.ToString(),
            ["holder"] = Definitions.NewId(),
            ["digest"] = view.ModelDigest,
            ["change"] = Definitions.NewId(),
            ["approver"] = consortium.Approver.Id.ToString(),
        };
    }

    private static string PathOf(RouteEndpoint endpoint, Dictionary<string, string> values) =>
        "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => segment.Parts.Single() switch
        {
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart parameter => values[parameter.Name],
            Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
            _ => throw new InvalidOperationException("A separator in a route; extend this helper."),
        }));
}
