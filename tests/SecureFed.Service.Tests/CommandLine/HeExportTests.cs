using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;
using SecureFed.Cryptography.Tests.Seal.NodeSeal;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Audit;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary><c>he export</c>: the sum of a whole round over HTTP, opened by our own decryption and by Microsoft SEAL.</summary>
public sealed class HeExportTests(EncryptedDemo demo, SealJudge judge) : IClassFixture<EncryptedDemo>, IClassFixture<SealJudge>
{
    /// <summary>What a short update is padded to; beyond it nothing was encrypted.</summary>
    private const int Padded = 64;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task The_exported_sum_of_every_round_decrypts_to_the_rounds_aggregate() => CompareAsync(async (directory, file, _) =>
    {
        Transcript decrypted = await Cli.RunAsync(Cancellation, "he", "decrypt", "--json", "--keys", directory, "--in", file);
        Assert.Equal(0, decrypted.ExitCode);
        return [.. decrypted.Json.GetProperty("values").EnumerateArray().Select(v => v.GetUInt32())];
    });

    [Fact]
    public Task Microsoft_SEAL_opens_every_service_rounds_sum_with_the_sum_of_its_keys() => CompareAsync(async (directory, file, parametersId) =>
    {
        SealParameters parameters = SealParameters.Read(await File.ReadAllBytesAsync(Path.Combine(directory, "parameters.seal"), Cancellation));
        JsonElement context = judge.Do("context", new JsonObject
        {
            ["degree"] = parameters.Degree,
            ["primes"] = new JsonArray([.. parameters.KeyLevel.Primes.Select(prime => JsonValue.Create(prime.ToString()))]),
            ["plainModulus"] = parameters.PlainModulus.ToString(CultureInfo.InvariantCulture),
            ["security"] = "tc128",
        });
        Assert.True(context.GetProperty("isSet").GetBoolean());
        Assert.Equal(context.GetProperty("keyId").GetString(), parametersId);
        JsonElement answer = judge.Do("decrypt", new JsonObject
        {
            ["context"] = context.GetProperty("context").GetInt32(),
            ["secretKey"] = await Base64Async(Path.Combine(directory, "secret.seal")),
            ["file"] = await Base64Async(file),
        });
        byte[] plaintext = Convert.FromBase64String(answer.GetProperty("file").GetProperty("none").GetString()!);
        uint[] values = [.. SealPlaintext.Read(plaintext, parameters).Coefficients.ToArray().Select(v => (uint)v)];
        Array.Resize(ref values, parameters.Degree); // SEAL trims zeros at the end.
        return values;
    });

    [Fact]
    public async Task The_sum_of_keys_is_its_owners_alone_and_nothing_is_overwritten()
    {
        using TemporaryDirectory output = new();
        await ExportAsync(1, output.Path);
        Assert.Equal(["parameters.seal", "secret.seal", "sum-000.seal"], Directory.GetFileSystemEntries(output.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(output.File("secret.seal")));
        (await RunAsync(demo.Directory, 1, output.Path)).AssertFailure(1, "not-empty");
    }

    /// <summary>One changed bit in the survivor list, a record, a ciphertext, the sum of keys or the sum; or one of them away.</summary>
    [Fact]
    public async Task What_the_log_does_not_name_is_not_exported()
    {
        using TemporaryDirectory copy = demo.Copy();
        (RoundParameters _, Digest survivors, TaskEvent.RoundClosed closed) = RoundsOf(copy.Path)[0];
        Assert.True(UploadList.TryDecode(BlobOf(copy.Path, survivors), out UploadList? list));
        Digest upload = list!.Uploads[^1].UploadDigest;
        Assert.Null(SignedMessage.TryDecodeRecord(BlobOf(copy.Path, upload), out SignedMessage? record));
        Digest ciphertexts = Assert.IsType<EncryptedUploadStatement>(record!.Body).CiphertextsDigest;
        using TemporaryDirectory output = new();
        foreach (Digest digest in (Digest[])[survivors, upload, ciphertexts, closed.MaskTotalDigest, closed.AggregateDigest])
        {
            string file = copy.File($"blobs/{digest}");
            byte[] bytes = await File.ReadAllBytesAsync(file, Cancellation);
            bytes[^1] ^= 1;
            await File.WriteAllBytesAsync(file, bytes, Cancellation);
            Assert.Contains(digest.ToString(), (await RunAsync(copy.Path, 1, output.Path)).AssertFailure(3, ErrorCodes.IllegalEntry), StringComparison.Ordinal);
            File.Delete(file);
            Assert.Contains(digest.ToString(), (await RunAsync(copy.Path, 1, output.Path)).AssertFailure(1, "not-found"), StringComparison.Ordinal);
            bytes[^1] ^= 1;
            await File.WriteAllBytesAsync(file, bytes, Cancellation);
        }

        Assert.Empty(Directory.GetFileSystemEntries(output.Path));
        Assert.Equal(0, (await RunAsync(copy.Path, 1, output.Path)).ExitCode);
    }

    /// <summary>Every blob is what its name says; yet the log's sum of keys is another round's, which a server may write but nobody can open anything with.</summary>
    [Fact]
    public async Task A_sum_of_keys_that_does_not_open_the_sum_is_not_exported()
    {
        using TemporaryDirectory copy = demo.Copy();
        Digest[] keys = [.. RoundsOf(copy.Path).Select(r => r.Closed.MaskTotalDigest)];
        Identifier task = SignedTree.TaskIn(copy.Path);
        new SignedTree(task, copy.Path).Write(SignedTree.EntriesIn(copy.Path).Select(bytes =>
            LogEntry.TryDecode(bytes, out LogEntry? entry) && entry!.Event is TaskEvent.RoundClosed closed && closed.MaskTotalDigest == keys[0]
                ? new LogEntry(task, closed with { MaskTotalDigest = keys[1] }).Encode()
                : bytes));
        using TemporaryDirectory output = new();
        (await RunAsync(copy.Path, 1, output.Path)).AssertFailure(3, ErrorCodes.InvalidAggregate);
        Assert.Empty(Directory.GetFileSystemEntries(output.Path));
    }

    [Fact]
    public async Task A_log_that_was_changed_or_another_log_key_is_refused()
    {
        using TemporaryDirectory copy = demo.Copy();
        using TemporaryDirectory output = new();
        string other = new SignedTree(SignedTree.TaskIn(copy.Path), copy.Path).Origin;
        string stranger = copy.File("stranger");
        using SigningKey key = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        await File.WriteAllTextAsync(stranger, NoteVerifier.ForEcdsa(other, key.PublicKey.Span).ToString(), Cancellation);
        (await RunAsync(copy.Path, 1, output.Path, "--vkey", stranger)).AssertFailure(3, ErrorCodes.CheckpointUntrusted);
        Assert.Equal(0, (await RunAsync(copy.Path, 1, output.File("kept"), "--vkey", copy.File("log/vkey"))).ExitCode);
        string tile = Directory.GetFiles(copy.File("log/tile/entries"), "*", SearchOption.AllDirectories)[0];
        byte[] bytes = await File.ReadAllBytesAsync(tile, Cancellation);
        bytes[40] ^= 1;
        await File.WriteAllBytesAsync(tile, bytes, Cancellation);
        Assert.Equal(3, (await RunAsync(copy.Path, 1, output.File("changed"))).ExitCode);
        Assert.False(Directory.Exists(output.File("changed")));
    }

    [Fact]
    public async Task Rounds_without_a_sum_of_keys_are_refused_with_the_reason()
    {
        using TemporaryDirectory directory = new();
        using TemporaryDirectory output = new();
        using OutcomeLog log = new(ProtectionKind.Encryption);
        log.Abort(log.Open());
        Identifier deleted = log.Open();
        log.Close(deleted);
        log.Delete(deleted);
        log.Close(log.Open());
        log.Open();
        log.Write(directory.Path);
        (await RunAsync(directory.Path, 1, output.Path)).AssertFailure(1, ErrorCodes.RoundAborted);
        (await RunAsync(directory.Path, 2, output.Path)).AssertFailure(1, "vectors-deleted");
        Assert.Contains("blobs", (await RunAsync(directory.Path, 3, output.Path)).AssertFailure(1, "not-found"), StringComparison.Ordinal);
        (await RunAsync(directory.Path, 4, output.Path)).AssertFailure(1, ErrorCodes.NotReady);
        (await RunAsync(directory.Path, 5, output.Path)).AssertFailure(1, ErrorCodes.UnknownRound);
        (await RunAsync(output.Path, 1, directory.File("out"))).AssertFailure(1, "not-found");
        Assert.Empty(Directory.GetFileSystemEntries(output.Path));
    }

    [Theory]
    [InlineData(ProtectionKind.Masking)]
    [InlineData(ProtectionKind.EncryptionSingleKey)]
    public async Task Rounds_of_other_protections_are_refused(ProtectionKind protection)
    {
        using TemporaryDirectory directory = new();
        using OutcomeLog log = new(protection);
        log.Open();
        log.Write(directory.Path);
        (await RunAsync(directory.Path, 1, directory.File("out"))).AssertFailure(1, "wrong-protection");
    }

    /// <summary>Exports every round of the demo, of one padded polynomial and of several, and has each file decrypted.</summary>
    /// <param name="decrypt">Directory, file and parms_id to N coefficients.</param>
    private async Task CompareAsync(Func<string, string, string, Task<uint[]>> decrypt)
    {
        List<int> polynomials = [];
        foreach (RoundParameters round in RoundsOf(demo.Directory).Select(r => r.Opened))
        {
            using TemporaryDirectory output = new();
            JsonElement json = await ExportAsync(round.Number, output.Path);
            Assert.Equal((round.Number, 5, round.Layout.Dimension), (json.GetProperty("round").GetInt32(), json.GetProperty("clients").GetInt32(), json.GetProperty("dimension").GetInt32()));
            List<uint> values = [];
            foreach (JsonElement file in json.GetProperty("files").EnumerateArray())
                values.AddRange(await decrypt(output.Path, output.File(file.GetString()!), json.GetProperty("parametersId").GetString()!));
            AssertSum(AggregateOf(demo.Directory, round.Number), [.. values]);
            polynomials.Add(json.GetProperty("files").GetArrayLength());
        }

        Assert.Contains(1, polynomials);
        Assert.Contains(2, polynomials);
    }

    private async Task<JsonElement> ExportAsync(int round, string output)
    {
        Transcript exported = await RunAsync(demo.Directory, round, output);
        Assert.True(exported.ExitCode == 0, exported.Output + exported.Diagnostics);
        return exported.Json;
    }

    private static Task<Transcript> RunAsync(string from, int round, string output, params string[] options) =>
        Cli.RunAsync(Cancellation, ["he", "export", "--json", "--from", from, "--round", round.ToString(CultureInfo.InvariantCulture), "--out", output, .. options]);

    /// <summary>The aggregate, zeros to the padded length, then what no client sent: noise.</summary>
    private static void AssertSum(uint[] expected, uint[] values)
    {
        int length = Math.Max(Padded, expected.Length);
        Assert.Contains(expected, value => value != 0);
        Assert.Equal([.. expected, .. new uint[length - expected.Length]], values[..length]);
        Assert.All(values[length..].Chunk(500), chunk => Assert.True(chunk.Distinct().Count() > chunk.Length / 2));
    }

    private static List<(RoundParameters Opened, Digest Survivors, TaskEvent.RoundClosed Closed)> RoundsOf(string directory)
    {
        TaskEvent[] events = [.. SignedTree.EntriesIn(directory).Select(bytes => LogEntry.TryDecode(bytes, out LogEntry? entry) ? entry!.Event : throw new InvalidDataException())];
        return [.. events.OfType<TaskEvent.RoundOpened>().Select(o => (
            o.Round,
            events.OfType<TaskEvent.ListPublished>().Single(l => l.Kind == EventType.SurvivorsListed && l.RoundId == o.Round.RoundId).ListDigest,
            events.OfType<TaskEvent.RoundClosed>().Single(c => c.RoundId == o.Round.RoundId)))];
    }

    private static uint[] AggregateOf(string directory, int number)
    {
        (RoundParameters opened, _, TaskEvent.RoundClosed closed) = RoundsOf(directory)[number - 1];
        uint[] words = new uint[opened.Layout.Dimension];
        Assert.True(RingVector.TryDecode(BlobOf(directory, closed.AggregateDigest), words));
        return words;
    }

    private static byte[] BlobOf(string directory, Digest digest) => File.ReadAllBytes(Path.Combine(directory, "blobs", digest.ToString()));

    private static async Task<string> Base64Async(string file) => Convert.ToBase64String(await File.ReadAllBytesAsync(file, Cancellation));
}
