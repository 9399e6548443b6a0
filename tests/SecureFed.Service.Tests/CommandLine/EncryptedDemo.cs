using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>What an encrypted <c>demo --out</c> leaves, made once for the tests of a class; each test damages a copy of its own.</summary>
public sealed class EncryptedDemo : IAsyncLifetime
{
    private readonly TemporaryDirectory directory = new();

    public string Directory => directory.File("demo");

    public async ValueTask InitializeAsync()
    {
        Transcript transcript = await Cli.RunAsync("demo", "--json", "--protection", "encryption", "--scenario", "medical", "--clients", "5", "--rounds", "2", "--privacy", "none", "--out", Directory);
        Assert.True(transcript.ExitCode == 0, transcript.Output + transcript.Diagnostics);
    }

    /// <summary>Log and blobs.</summary>
    internal TemporaryDirectory Copy()
    {
        TemporaryDirectory copy = new();
        foreach (string folder in (string[])["log", "blobs"])
        {
            foreach (string file in System.IO.Directory.GetFiles(Path.Combine(Directory, folder), "*", SearchOption.AllDirectories))
            {
                string target = copy.File(Path.GetRelativePath(Directory, file));
                System.IO.Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }

        return copy;
    }

    public ValueTask DisposeAsync()
    {
        directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
