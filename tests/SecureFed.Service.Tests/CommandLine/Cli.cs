using System.Text.Json;
using SecureFed.Cli;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record Transcript(int ExitCode, string Output, string Diagnostics)
{
    /// <summary>The one JSON document on standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>The failure that --json promises: code, message and hint, nothing else, and no stack trace.</summary>
    public string AssertFailure(int exitCode, string code)
    {
        Assert.True(ExitCode == exitCode && Output.Contains($"\"{code}\"", StringComparison.Ordinal), $"{ExitCode} instead of {exitCode} {code}: {Output} {Diagnostics}");
        Assert.Equal(["error"], Json.EnumerateObject().Select(p => p.Name));
        JsonElement error = Json.GetProperty("error");
        Assert.Equal(["code", "message", "hint"], error.EnumerateObject().Select(p => p.Name));
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.All(error.EnumerateObject(), p => Assert.NotEqual("", p.Value.GetString()));
        Assert.DoesNotContain("   at ", Output + Diagnostics, StringComparison.Ordinal);
        return $"{error.GetProperty("message").GetString()} {error.GetProperty("hint").GetString()}";
    }
}

internal static class Cli
{
    public static Task<Transcript> RunAsync(params string[] args) => RunAsync(CancellationToken.None, args);

    public static async Task<Transcript> RunAsync(CancellationToken cancellationToken, params string[] args)
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exitCode = await SecureFedCommand.RunAsync(args, TextWriter.Synchronized(output), TextWriter.Synchronized(diagnostics), cancellationToken);
        return new Transcript(exitCode, output.ToString(), diagnostics.ToString());
    }
}
