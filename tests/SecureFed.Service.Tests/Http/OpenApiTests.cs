using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Http;

public class OpenApiTests(TestConsortium consortium)
{
    [Fact]
    public async Task The_document_lists_every_operation_of_the_service()
    {
        using HttpClient http = consortium.Unsigned();
        JsonElement document = JsonDocument.Parse(await http.GetStringAsync("/openapi/v1.json")).RootElement;
        Assert.StartsWith("3.1.", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        string[] documented =
        [
            .. document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(operation =>
                $"{operation.Name.ToUpperInvariant()} {path.Name} {operation.Value.GetProperty("operationId").GetString()}")).Order(StringComparer.Ordinal),
        ];
        string[] mapped =
        [
            .. consortium.Endpoints
                .Where(e => !e.RoutePattern.RawText!.StartsWith("/openapi", StringComparison.Ordinal))
                .Select(e => $"{e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single()} {e.RoutePattern.RawText!.Replace("**", "", StringComparison.Ordinal)} {e.Metadata.GetMetadata<EndpointNameMetadata>()!.EndpointName}")
                .Order(StringComparer.Ordinal),
        ];
        Assert.True(mapped.Length > 20);
        Assert.Equal(mapped, documented);
    }

    [Fact]
    public async Task Every_operation_says_what_it_is_for()
    {
        using HttpClient http = consortium.Unsigned();
        JsonElement document = JsonDocument.Parse(await http.GetStringAsync("/openapi/v1.json")).RootElement;
        foreach (JsonProperty path in document.GetProperty("paths").EnumerateObject().Where(p => p.Name.StartsWith("/v1", StringComparison.Ordinal)))
        {
            foreach (JsonProperty operation in path.Value.EnumerateObject())
                Assert.True(operation.Value.TryGetProperty("summary", out JsonElement summary) && summary.GetString()!.EndsWith('.'), $"{operation.Name} {path.Name}");
        }
    }
}
