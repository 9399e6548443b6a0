using System.Net;
using System.Text.Json;
using SecureFed.Protocol.Resources;

namespace SecureFed.Service.Tests.Consortium;

/// <summary>Reads answers of the service.</summary>
internal static class Responses
{
    public static async Task<T> ReadAsync<T>(this HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {text}");
        return JsonSerializer.Deserialize<T>(text, ResourceJson.Options)!;
    }

    /// <summary>Problem details as RFC 9457 and DESIGN section 8 want them, with that token.</summary>
    public static async Task AssertProblemAsync(this HttpResponseMessage response, HttpStatusCode status, string token)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status && text.Contains(token, StringComparison.Ordinal), $"{(int)response.StatusCode} instead of {(int)status} {token}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        JsonElement problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal($"urn:securefed:error:{token}", problem.GetProperty("type").GetString());
        Assert.Equal(token, problem.GetProperty("code").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.NotEqual("", problem.GetProperty("title").GetString());
        Assert.NotEqual("", problem.GetProperty("detail").GetString());
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    public static async Task AssertProblemAsync(this Task<HttpResponseMessage> sending, HttpStatusCode status, params string[] tokens)
    {
        using HttpResponseMessage response = await sending;
        string text = await response.Content.ReadAsStringAsync();
        await response.AssertProblemAsync(status, tokens.FirstOrDefault(t => text.Contains($"\"{t}\"", StringComparison.Ordinal)) ?? tokens[0]);
    }
}
