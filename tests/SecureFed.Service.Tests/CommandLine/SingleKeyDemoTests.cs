using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

public class SingleKeyDemoTests
{
    /// <summary>The copy holds what its replay needs: every ciphertext and the holder's vector.</summary>
    [Fact]
    public async Task A_demo_under_a_single_key_warns_and_its_directory_verifies()
    {
        using TemporaryDirectory directory = new();
        string place = Path.Combine(directory.Path, "demo");
        Transcript demo = await Cli.RunAsync("demo", "--protection", "encryption-single-key", "--rounds", "1", "--privacy", "none", "--json", "--out", place);
        Assert.True(demo.ExitCode == 0, demo.Output + demo.Diagnostics);
        Assert.Contains("One malformed ciphertext", demo.Diagnostics, StringComparison.Ordinal);
        Transcript audit = await Cli.RunAsync("audit", "verify", place);
        Assert.True(audit.ExitCode == 0, audit.Output + audit.Diagnostics);
    }
}
