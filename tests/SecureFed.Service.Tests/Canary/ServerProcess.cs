using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace SecureFed.Service.Tests.Canary;

/// <summary><c>securefed server</c> in a process of its own, as an operator runs it.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly StringBuilder errors = new();
    private readonly StringBuilder output = new();

    private ServerProcess(Process process)
    {
        Process = process;
        process.ErrorDataReceived += (_, line) => Append(errors, line.Data);
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    public Process Process { get; }

    public Uri Address { get; private set; } = null!;

    public string CertificatePin { get; private set; } = "";

    /// <summary>All that it wrote so far.</summary>
    public string Log
    {
        get
        {
            lock (errors)
            {
                lock (output)
                    return errors.ToString() + output;
            }
        }
    }

    public static async Task<ServerProcess> StartAsync(string keys)
    {
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "exec", Path.Combine(AppContext.BaseDirectory, "securefed.dll"), "server", "--json", "--store", Path.Combine(keys, "store"), "--listen", "127.0.0.1:0", "--key", Path.Combine(keys, "server.pem"),
                "--roster", Path.Combine(keys, "roster.signed"), "--policy", Path.Combine(keys, "policy.json"),
            },
        };
        // Code would else be mapped twice, in gigabytes of reserved addresses.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        ServerProcess server = new(Process.Start(start)!);
        for (int i = 0; i < 1500 && !server.Process.HasExited; i++)
        {
            if (server.TryReadAddress())
                return server;
            await Task.Delay(20);
        }

        server.Dispose();
        throw new InvalidOperationException($"The server did not start: {server.Log}");
    }

    public void Dispose()
    {
        if (!Process.HasExited)
            Process.Kill();
        Process.WaitForExit();
        Process.Dispose();
    }

    private bool TryReadAddress()
    {
        string text;
        lock (output)
            text = output.ToString();
        if (!text.TrimEnd().EndsWith('}'))
            return false;
        JsonElement started = JsonDocument.Parse(text).RootElement;
        Address = new Uri(started.GetProperty("address").GetString()!);
        CertificatePin = started.GetProperty("certificatePin").GetString()!;
        return true;
    }

    private static void Append(StringBuilder builder, string? line)
    {
        lock (builder)
            builder.AppendLine(line);
    }
}
