using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SecureFed.Client.Http;
using SecureFed.Server;

namespace SecureFed.Service.Tests.Consortium;

/// <summary><c>securefed server</c> as an operator runs it, on one store, port and certificate for all its lives.</summary>
/// <param name="keys">Directory that <c>securefed keys consortium</c> has made.</param>
/// <param name="store">Data directory; created by the first life.</param>
internal sealed class ServerProcess(string keys, string store) : IDisposable
{
    private const string Passphrase = "of these tests";
    private readonly StringBuilder output = new();
    private readonly int port = FindPort();
    private string? certificatePath;
    private Process? process;

    public Uri Address => new($"https://127.0.0.1:{port}");

    public string CertificatePin { get; private set; } = "";

    /// <summary>What the present life wrote.</summary>
    public string Log
    {
        get
        {
            lock (output)
                return output.ToString();
        }
    }

    /// <summary>The present life.</summary>
    public Process Process => process!;

    /// <summary>Starts a life without waiting for it.</summary>
    public void Start()
    {
        Kill();
        lock (output)
            output.Clear();
        ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "exec", Path.Combine(AppContext.BaseDirectory, "securefed.dll"), "server", "--json", "--store", store, "--listen", $"127.0.0.1:{port}", "--certificate", Certificate(),
                "--key", Path.Combine(keys, "server.pem"), "--roster", Path.Combine(keys, "roster.signed"), "--policy", Path.Combine(keys, "policy.json"),
            },
        };
        start.Environment["SECUREFED_CERTIFICATE_PASSPHRASE"] = Passphrase;
        start.Environment["DOTNET_TieredPGO"] = "0"; // Lives of a second earn nothing from profiles, nor from the authorities of the machine.
        start.Environment["SSL_CERT_DIR"] = keys;
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // Code would else be mapped twice, in gigabytes of reserved addresses.
        process = Process.Start(start)!;
        process.ErrorDataReceived += Append;
        process.OutputDataReceived += Append;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    /// <summary>Waits until it listens.</summary>
    /// <exception cref="InvalidOperationException">It ended instead, or takes more than a minute.</exception>
    public async Task ReadyAsync()
    {
        for (int i = 0; i < 6000 && !process!.HasExited; i++)
        {
            if (Log.Contains("certificatePin", StringComparison.Ordinal))
                return;
            await Task.Delay(10);
        }

        throw new InvalidOperationException($"The server did not start: {Log}");
    }

    /// <summary>Waits for its own end.</summary>
    public async Task<int> ExitAsync()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(1));
        await process!.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    /// <summary>SIGKILL: nothing is flushed, closed or answered any more.</summary>
    public void Kill()
    {
        if (process is null)
            return;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        process = null;
    }

    public void Dispose() => Kill();

    private string Certificate()
    {
        if (certificatePath is not null)
            return certificatePath;
        using X509Certificate2 made = LoopbackCertificate.Create();
        CertificatePin = PinnedHandler.PinOf(made);
        string path = Path.Combine(keys, "tls.p12");
        File.WriteAllBytes(path, made.Export(X509ContentType.Pkcs12, Passphrase));
        return certificatePath = path;
    }

    private void Append(object sender, DataReceivedEventArgs line)
    {
        lock (output)
            output.AppendLine(line.Data);
    }

    private static int FindPort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
