using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SecureFed.Cryptography.Tests.Seal.NodeSeal;

/// <summary>One process of Microsoft SEAL that answers commands; started by the first that asks (see driver.mjs).</summary>
public sealed class SealJudge : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly Lock gate = new();
    private Process? process;

    /// <summary>The answer to one command; a refusal by SEAL is an answer with <c>ok</c> false.</summary>
    public JsonElement Ask(string operation, JsonObject? arguments = null)
    {
        JsonObject command = arguments ?? [];
        command["operation"] = operation;
        lock (gate)
        {
            process ??= Start();
            process.StandardInput.WriteLine(command.ToJsonString());
            process.StandardInput.Flush();
            Task<string?> answer = process.StandardOutput.ReadLineAsync();
            Assert.True(answer.Wait(Patience), $"node-seal did not answer '{operation}'.");
            Assert.True(answer.Result is not null, $"node-seal ended at '{operation}'.");
            return JsonDocument.Parse(answer.Result).RootElement.Clone();
        }
    }

    /// <summary>The answer, which must not be a refusal.</summary>
    public JsonElement Do(string operation, JsonObject? arguments = null)
    {
        JsonElement answer = Ask(operation, arguments);
        Assert.True(answer.GetProperty("ok").GetBoolean(), $"Microsoft SEAL refused '{operation}'.");
        return answer;
    }

    public void Dispose()
    {
        if (process is null)
            return;
        process.StandardInput.Close();
        if (!process.WaitForExit(5000))
            process.Kill();
        process.Dispose();
    }

    private static Process Start()
    {
        (string node, string folder) = NodeSealTools.Require();
        string driver = Path.Combine(AppContext.BaseDirectory, "driver.mjs");
        var start = new ProcessStartInfo(node) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(driver);
        start.ArgumentList.Add(folder);
        return Process.Start(start)!;
    }
}
