using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Audit;

/// <summary>What <c>demo --out</c> leaves, made once for the tests of a class; each test damages a copy of its own.</summary>
public sealed class AuditedDemo : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();

    public string Directory => directory.File("demo");

    internal Transcript Transcript { get; private set; } = new(-1, "", "");

    public async ValueTask InitializeAsync()
    {
        Transcript = await CommandLine.Cli.RunAsync("demo", "--json", "--scenario", "medical", "--clients", "5", "--rounds", "2", "--out", Directory);
        Assert.True(Transcript.ExitCode == 0, Transcript.Output + Transcript.Diagnostics);
    }

    /// <summary>Log, blobs, budget and policy; not the server's and the clients' own files.</summary>
    internal TemporaryDirectory Copy()
    {
        TemporaryDirectory copy = new();
        foreach (string file in System.IO.Directory.GetFiles(Directory, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(Directory, file);
            if (relative.StartsWith("server", StringComparison.Ordinal) || relative.StartsWith("clients", StringComparison.Ordinal))
                continue;
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(copy.File(relative))!);
            File.Copy(file, copy.File(relative));
        }

        return copy;
    }

    public ValueTask DisposeAsync()
    {
        directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
