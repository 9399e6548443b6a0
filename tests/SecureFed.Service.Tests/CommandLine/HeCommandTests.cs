using System.Text.Json;
using SecureFed.Cryptography.Seal;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>The commands over files that Microsoft SEAL wrote (tests/SecureFed.Cryptography.Tests/Seal/Files).</summary>
public sealed class HeCommandTests : IDisposable
{
    private static readonly string Files = Path.Combine(Repository.Root, "tests", "SecureFed.Cryptography.Tests", "Seal", "Files");
    private readonly string directory = Directory.CreateTempSubdirectory("securefed-he-").FullName;

    private static string Parameters => Path.Combine(Files, "parameters.seal");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("parameters-zlib", "parameters", "key")]
    [InlineData("plaintext-zlib", "plaintext", null)]
    [InlineData("secret-key-zlib", "secret-key", "key")]
    [InlineData("public-key-seeded-zlib", "public-key", "key")]
    [InlineData("ciphertext-seeded", "ciphertext", "data")]
    public async Task Inspect_names_what_a_file_holds(string name, string kind, string? level)
    {
        Transcript transcript = await Cli.RunAsync(TestContext.Current.CancellationToken, "he", "inspect", Path.Combine(Files, $"{name}.seal"), "--parameters", Parameters, "--json");
        Assert.Equal(0, transcript.ExitCode);
        Assert.Equal(kind, transcript.Json.GetProperty("kind").GetString());
        Assert.Equal(level, transcript.Json.GetProperty("level").GetString());
        Assert.Equal("4.1", transcript.Json.GetProperty("version").GetString());
        Assert.True(transcript.Json.GetProperty("isChecked").GetBoolean());
        Assert.Equal(name.Contains("seeded", StringComparison.Ordinal), transcript.Json.GetProperty("isSeeded").GetBoolean());
        Assert.Equal(1024, transcript.Json.GetProperty("parameters").GetProperty("degree").GetInt32());
    }

    [Fact]
    public async Task Add_writes_the_sum_that_SEAL_computes()
    {
        string output = Path.Combine(directory, "sum.seal");
        Transcript transcript = await Cli.RunAsync(
            TestContext.Current.CancellationToken,
            "he", "add", Path.Combine(Files, "ciphertext-zlib.seal"), Path.Combine(Files, "ciphertext-seeded.seal"), "--parameters", Parameters, "--out", output, "--json");
        Assert.Equal(0, transcript.ExitCode);
        Assert.Equal(2, transcript.Json.GetProperty("terms").GetInt32());
        JsonElement expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Files, "expected.json"), TestContext.Current.CancellationToken)).RootElement;
        byte[] sum = await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken);
        Assert.Equal(expected.GetProperty("sha256").GetProperty("sum").GetString(), Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(sum)));
    }

    [Fact]
    public async Task Built_in_sets_are_recognised_and_others_asked_for()
    {
        ulong[] words = new ulong[2 * 2048];
        words[^1] = 1;
        string own = Path.Combine(directory, "one.seal");
        await File.WriteAllBytesAsync(own, SealCiphertext.Create(SealParameters.S1, words).Write(), TestContext.Current.CancellationToken);
        string output = Path.Combine(directory, "sum.seal");
        Transcript added = await Cli.RunAsync(TestContext.Current.CancellationToken, "he", "add", own, own, "--out", output, "--json");
        Assert.Equal(0, added.ExitCode);
        Assert.Equal(SealParameters.S1.DataLevel.Id.ToString(), added.Json.GetProperty("parametersId").GetString());
        Assert.Equal(2UL, SealCiphertext.Read(await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken), SealParameters.S1).Second[^1]);

        string other = Path.Combine(Files, "ciphertext.seal");
        Transcript refused = await Cli.RunAsync(TestContext.Current.CancellationToken, "he", "add", other, other, "--out", output, "--json");
        Assert.Contains("--parameters", refused.AssertFailure(1, SealErrorCodes.ParametersMismatch), StringComparison.Ordinal);
        Transcript mixed = await Cli.RunAsync(TestContext.Current.CancellationToken, "he", "add", own, other, "--out", output, "--json");
        mixed.AssertFailure(1, SealErrorCodes.ParametersMismatch);
    }

    [Fact]
    public async Task Files_that_are_none_are_refused_with_their_code()
    {
        string broken = Path.Combine(directory, "broken.seal");
        await File.WriteAllTextAsync(broken, "this is no SEAL file at all", TestContext.Current.CancellationToken);
        (await Cli.RunAsync(TestContext.Current.CancellationToken, "he", "inspect", broken, "--json")).AssertFailure(1, SealErrorCodes.Header);
        (await Cli.RunAsync(TestContext.Current.CancellationToken, "he", "inspect", Path.Combine(Files, "ciphertext-zstd.seal"), "--json")).AssertFailure(1, SealErrorCodes.Compression);
        (await Cli.RunAsync(TestContext.Current.CancellationToken, "he", "inspect", Path.Combine(directory, "absent"), "--json")).AssertFailure(1, "input-output");
        (await Cli.RunAsync(TestContext.Current.CancellationToken, "he", "add", broken, "--out", broken, "--json")).AssertFailure(2, "bad-usage");
    }
}
