using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
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

    /// <summary>As the client sent it, and as an auditor's copy of the log holds it: the digest of the vector in the vector's place.</summary>
    [Fact]
    public async Task The_upload_of_a_demo_client_is_recognised_as_it_was_sent_and_as_its_record()
    {
        using TemporaryDirectory directory = new();
        foreach (byte[] upload in (byte[][])[UploadOf(Receipt), RecordOf(Receipt)])
        {
            File.WriteAllBytes(directory.File("upload"), upload);
            Transcript verified = await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", VerifierKey, "--upload", directory.File("upload"), "--json");
            Assert.True(verified.ExitCode == 0, verified.Output);
            Assert.True(verified.Json.GetProperty("uploadMatches").GetBoolean());
            Transcript shown = await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", VerifierKey, "--upload", directory.File("upload"));
            Assert.Contains("That is the given message.", shown.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_edited_upload_is_refused_wherever_it_was_edited()
    {
        using TemporaryDirectory directory = new();
        byte[] upload = UploadOf(Receipt);
        foreach (int place in (int[])[0, 1, 2, 30, upload.Length / 2, upload.Length - P256.SignatureBytes - 1, upload.Length - 1])
        {
            byte[] edited = [.. upload];
            edited[place] ^= 1;
            await AssertDiffersAsync(directory, edited, "message");
        }

        await AssertDiffersAsync(directory, [.. upload, 0], "no message");
        await AssertDiffersAsync(directory, upload[..^1], "no message");
        await AssertDiffersAsync(directory, [], "no message");
    }

    [Fact]
    public async Task An_upload_of_another_round_or_another_client_is_refused_and_says_of_which()
    {
        using TemporaryDirectory directory = new();
        string[] own = Directory.GetFiles(Path.GetDirectoryName(Receipt)!, "*.tlog-proof");
        string otherRound = own.First(path => path != Receipt);
        await AssertDiffersAsync(directory, UploadOf(otherRound), $"is of round {Path.GetFileNameWithoutExtension(otherRound)}, the receipt of {Path.GetFileNameWithoutExtension(Receipt)}");
        string otherClient = Directory.GetFiles(Path.Combine(demo.Directory, "clients"), Path.GetFileName(Receipt), SearchOption.AllDirectories).First(path => path != Receipt);
        await AssertDiffersAsync(directory, UploadOf(otherClient), "has the digest");
    }

    [Fact]
    public async Task A_receipt_of_another_task_does_not_name_this_tasks_upload_though_it_verifies()
    {
        using TemporaryDirectory directory = new();
        Identifier other = Identifier.Parse(Definitions.NewId());
        byte[] entry = new LogEntry(other, EntryOf(Receipt)).Encode();
        SignedTree tree = new(other, directory.Path);
        TlogProof proof = new(0, [], tree.Write([entry]), entry);
        File.WriteAllBytes(directory.File("receipt"), proof.Encode());
        File.WriteAllBytes(directory.File("upload"), UploadOf(Receipt));
        string[] command = ["audit", "receipt", directory.File("receipt"), "--vkey", tree.VerifierKeyFile, "--json"];
        Assert.Equal(0, (await CommandLine.Cli.RunAsync(command)).ExitCode);
        string told = (await CommandLine.Cli.RunAsync([.. command, "--upload", directory.File("upload")])).AssertFailure(3, "upload-differs");
        Assert.Contains($"is of task {SignedTree.TaskIn(demo.Directory)}, the receipt of {other}", told, StringComparison.Ordinal);
        (await CommandLine.Cli.RunAsync("audit", "receipt", directory.File("receipt"), "--vkey", VerifierKey, "--json")).AssertFailure(3, "checkpoint-untrusted");
    }

    [Fact]
    public async Task A_receipt_without_the_quorum_of_witnesses_proves_nothing_and_with_it_says_how_many()
    {
        using TemporaryDirectory directory = new();
        byte[] seed = Enumerable.Repeat((byte)7, Ed25519.SeedBytes).ToArray();
        NoteVerifier witness = NoteVerifier.ForCosigner("witness.test/7", Ed25519.PublicKeyOf(seed));
        Assert.True(NoteVerifier.TryParse(File.ReadAllText(VerifierKey).Trim(), out NoteVerifier? log));
        File.WriteAllBytes(directory.File("policy"), TlogPolicy.Of(log!, 1, witness).Encode());
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--policy", directory.File("policy"), "--json")).AssertFailure(3, "checkpoint-untrusted");

        Assert.True(TlogProof.TryParse(File.ReadAllBytes(Receipt), out TlogProof? proof));
        Assert.True(SignedNote.TryParse(proof!.Checkpoint.Span, out SignedNote? note));
        SignedNote cosigned = note!.With(Cosignature.Sign(witness.Name, seed, note.Text.Span, 1_800_000_000));
        File.WriteAllBytes(directory.File("cosigned"), (proof with { Checkpoint = cosigned.Encode() }).Encode());
        Transcript verified = await CommandLine.Cli.RunAsync("audit", "receipt", directory.File("cosigned"), "--policy", directory.File("policy"), "--json");
        Assert.True(verified.ExitCode == 0, verified.Output);
        Assert.Equal(1, verified.Json.GetProperty("cosignatures").GetInt32());
    }

    /// <summary>The file that every client has; it pins the server's key and the witnesses, for any task.</summary>
    [Fact]
    public async Task A_client_policy_pins_a_receipts_log_too()
    {
        using TemporaryDirectory directory = new();
        string policy = Path.Combine(demo.Directory, "policy.json");
        Transcript verified = await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--policy", policy, "--json");
        Assert.True(verified.ExitCode == 0, verified.Output);
        JsonNode foreign = JsonNode.Parse(File.ReadAllText(policy))!;
        using SigningKey other = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        foreign["serverKey"] = Convert.ToBase64String(other.PublicKey.Span);
        File.WriteAllText(directory.File("policy.json"), foreign.ToJsonString());
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--policy", directory.File("policy.json"), "--json")).AssertFailure(3, "checkpoint-untrusted");
    }

    [Fact]
    public async Task Wrong_usage_and_missing_files_are_no_verdict()
    {
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", VerifierKey, "--policy", VerifierKey, "--json")).AssertFailure(2, "bad-usage");
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", VerifierKey, "--upload", Receipt + ".missing", "--json")).AssertFailure(1, "input-output");
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt + ".missing", "--vkey", VerifierKey, "--json")).AssertFailure(1, "input-output");
        (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", Receipt, "--json")).AssertFailure(1, "invalid-configuration");
    }

    private async Task AssertDiffersAsync(TemporaryDirectory directory, byte[] upload, string expected)
    {
        File.WriteAllBytes(directory.File("upload"), upload);
        string told = (await CommandLine.Cli.RunAsync("audit", "receipt", Receipt, "--vkey", VerifierKey, "--upload", directory.File("upload"), "--json")).AssertFailure(3, "upload-differs");
        Assert.Contains(expected, told, StringComparison.Ordinal);
    }

    private static TaskEvent.MessageAccepted EntryOf(string receipt)
    {
        Assert.True(TlogProof.TryParse(File.ReadAllBytes(receipt), out TlogProof? proof));
        Assert.True(LogEntry.TryDecode(proof!.Extra, out LogEntry? entry));
        return (TaskEvent.MessageAccepted)entry!.Event;
    }

    private byte[] RecordOf(string receipt) => BlobOf(EntryOf(receipt).MessageDigest);

    /// <summary>PROTOCOL.md: an upload ends with its packed words and the signature; its record has their SHA-256 in the place of the words.</summary>
    private byte[] UploadOf(string receipt)
    {
        byte[] record = RecordOf(receipt);
        byte[] words = BlobOf(new Digest(record.AsSpan()[^(Digest.Bytes + P256.SignatureBytes)..^P256.SignatureBytes]));
        return [.. record[..^(Digest.Bytes + P256.SignatureBytes)], .. words, .. record[^P256.SignatureBytes..]];
    }

    private byte[] BlobOf(Digest digest) => File.ReadAllBytes(Path.Combine(demo.Directory, "blobs", digest.ToString()));
}
