using System.Text.Json;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Audit;

/// <summary><c>audit receipt</c>: what one client can prove with one file and a pinned key.</summary>
public sealed class AuditReceiptTests(AuditedDemo demo) : IClassFixture<AuditedDemo>
{
    private string VerifierKey => Path.Combine(demo.Directory, "log", "vkey");

    private string Receipt => Directory.GetFiles(Path.Combine(demo.Directory, "clients"), "*.tlog-proof", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();

    [Fact]
    public async Task Every_client_of_a_demo_holds_receipts_that_verify_offline()
    {
        foreach (string client in Directory.GetDirectories(Path.Combine(demo.Directory, "clients")))
        {
            string[] receipts = Directory.GetFiles(client, "*.tlog-proof", SearchOption.AllDirectories);
            Assert.NotEmpty(receipts);
            Transcript verified = await CommandLine.Cli.RunAsync("audit", "receipt", receipts[0], "--vkey", VerifierKey, "--json");
            Assert.True(verified.ExitCode == 0, verified.Output);
            Assert.Equal(
                ["verified", "task", "index", "type", "round", "pseudonym", "messageDigest", "uploadMatches", "origin", "entries", "root", "cosignatures"],
                verified.Json.EnumerateObject().Select(p => p.Name));
            Assert.Equal("UpdateUploaded", verified.Json.GetProperty("type").GetString());
            byte[] entry = SignedTree.EntriesIn(demo.Directory)[verified.Json.GetProperty("index").GetInt32()];
            Assert.True(LogEntry.TryDecode(entry, out LogEntry? logged));
            Assert.Equal(((TaskEvent.MessageAccepted)logged!.Event).MessageDigest.ToString(), verified.Json.GetProperty("messageDigest").GetString());
        }
    }

    [Fact]
    public async Task A_person_is_told_what_the_receipt_proves()
    {
        Transcript shown = await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", VerifierKey);
        Assert.Equal(0, shown.ExitCode);
        Assert.Contains("Verified: entry", shown.Output, StringComparison.Ordinal);
        Assert.Contains("SHA-256", shown.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_of_another_entry_or_index_or_with_another_checkpoint_proves_nothing()
    {
        using TemporaryDirectory directory = new();
        Assert.True(TlogProof.TryParse(File.ReadAllBytes(Receipt), out TlogProof? honest));
        byte[] entry = [.. honest!.Extra!];
        entry[^1] ^= 1;
        byte[] note = honest.Checkpoint.ToArray();
        note[^3] ^= 1;
        foreach (TlogProof lie in (TlogProof[])[honest with { Extra = entry }, honest with { Index = honest.Index + 1 }, honest with { Checkpoint = note }, honest with { Extra = null }, honest with { Inclusion = [] }])
        {
            File.WriteAllBytes(directory.File("lie"), lie.Encode());
            Transcript refused = await CommandLine.Cli.RunAsync("audit", "receipt", directory.File("lie"), "--vkey", VerifierKey, "--json");
            Assert.True(refused.ExitCode == 3, refused.Output);
            Assert.Equal(["error"], refused.Json.EnumerateObject().Select(p => p.Name));
        }

        File.WriteAllText(directory.File("lie"), "no proof");
        Assert.Equal(3, (await CommandLine.Cli.RunAsync("audit", "receipt", directory.File("lie"), "--vkey", VerifierKey, "--json")).ExitCode);
    }

    [Fact]
    public async Task A_receipt_under_a_key_that_was_not_pinned_proves_nothing()
    {
        using TemporaryDirectory directory = new();
        SignedTree other = new(SignedTree.TaskIn(demo.Directory), directory.Path);
        other.Write(SignedTree.EntriesIn(demo.Directory));
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", other.VerifierKeyFile, "--json")).AssertFailure(3, "checkpoint-untrusted");
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--json")).AssertFailure(2, "bad-usage");
    }

    [Fact]
    public async Task Another_message_than_the_one_that_the_entry_names_is_refused()
    {
        using TemporaryDirectory directory = new();
        File.WriteAllText(directory.File("upload"), "another message");
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", VerifierKey, "--upload", directory.File("upload"), "--json")).AssertFailure(3, "upload-differs");
    }
}
