using System.Diagnostics;
using SecureFed.Client.State;
using SecureFed.Protocol.Wire;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary><c>securefed demo</c> as a process of its own that can be killed.</summary>
internal sealed class DemoProcess : IDisposable
{
    private readonly Process process;

    public DemoProcess(params string[] arguments)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "exec", Path.Combine(AppContext.BaseDirectory, "securefed.dll"), "demo", "--json" },
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.OutputDataReceived += (_, line) => Output += line.Data;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    public string Output { get; private set; } = "";

    /// <summary>SIGKILL as soon as the first client has joined a round, and a little later: any point of the round is as likely.</summary>
    /// <param name="directory">Of <c>--out</c>.</param>
    /// <param name="round">1, 2, … of all kinds.</param>
    /// <param name="moreMilliseconds">How much later.</param>
    public async Task KillInRoundAsync(string directory, int round, int moreMilliseconds)
    {
        for (int i = 0; i < 12_000 && !process.HasExited; i++)
        {
            if (await LastRoundAsync(directory) >= round)
            {
                await Task.Delay(moreMilliseconds);
                break;
            }

            await Task.Delay(5);
        }

        Assert.False(process.HasExited, $"The demo ended before it could be killed in round {round}: {Output}");
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>The last round that the first client has joined; 0 if none.</summary>
    public static async Task<int> LastRoundAsync(string directory)
    {
        string place = Path.Combine(directory, "clients", "client-1");
        if (!Directory.Exists(place) || Directory.GetFiles(place, "*.state") is not [string state])
            return 0;
        return (await new FileRoundStateStore(place).LoadAsync(Identifier.Parse(Path.GetFileNameWithoutExtension(state))))?.LastRoundNumber ?? 0;
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }
}
