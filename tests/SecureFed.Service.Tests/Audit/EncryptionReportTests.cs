using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.CommandLine;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Audit;

/// <summary>What <c>audit report</c> says of an encrypted task: parameters and holders from blobs and roster, seats and answers from entries alone.</summary>
public sealed class EncryptionReportTests : IDisposable
{
    private static readonly string[] Organisations = ["Bank", "Clinic", "Court", "Union", "University"];
    private readonly TemporaryDirectory directory = new();
    private readonly SigningKey authority = NewKey();
    private readonly SigningKey[] keys = [.. Organisations.Select(_ => NewKey())];
    private readonly Identifier[] holders = [.. Organisations.Select(_ => NewIdentifier())];

    [Fact]
    public async Task The_page_names_parameters_levels_and_holders_by_the_roster()
    {
        Write(OneTime(), withBlobs: true);
        (string html, JsonElement json) = await ReportAsync("--authority", AuthorityFile());
        JsonElement encryption = json.GetProperty("encryption");
        Assert.Equal(
            ("encryption", "A1", 2048, 50, 32, 8, 20),
            (Text(encryption, "protection"), Text(encryption, "set"), Int(encryption, "degree"), Int(encryption, "modulusBits"), Int(encryption, "ringBits"), Int(encryption, "droppedBits"), Int(encryption, "clients")));
        Assert.Equal((4, 2), (Int(encryption, "threshold"), Int(encryption, "corruptHolders")));
        Assert.Equal(BfvSet.A1.Security, encryption.GetProperty("security").EnumerateArray().Select(s => s.GetString()!));
        Assert.Equal(BfvParameters.Create(BfvSet.A1, 32, 8, 20).FailureBits, encryption.GetProperty("failureBits").GetDouble());
        Assert.Equal(JsonValueKind.Null, encryption.GetProperty("warning").ValueKind);
        Assert.StartsWith("1 of the 5 holders may be absent: any 4 give the sum", Text(encryption, "absence"), StringComparison.Ordinal);
        Assert.StartsWith("At most 2 holders may collude with the server", Text(encryption, "collusion"), StringComparison.Ordinal);
        Assert.Contains("that would take 8 holders", Text(encryption, "collusion"), StringComparison.Ordinal);

        JsonElement[] listed = [.. encryption.GetProperty("holders").EnumerateArray()];
        Assert.Equal(holders.Select(h => h.ToString()), listed.Select(h => Text(h, "holder")));
        Assert.Equal(Organisations, listed.Select(h => Text(h, "organisation")));
        Assert.All(listed, h => Assert.StartsWith("SHA256:", Text(h, "fingerprint"), StringComparison.Ordinal));
        Assert.Equal(5, listed.Select(h => Text(h, "fingerprint")).Distinct().Count());

        string section = SectionOf(html);
        foreach (string expected in (string[])[.. BfvSet.A1.Security, .. Organisations, .. holders.Select(h => h.ToString()), Text(encryption, "absence"), Text(encryption, "collusion"), "8 low bits of a coefficient are not sent"])
            Assert.Contains(WebUtility.HtmlEncode(expected), section, StringComparison.Ordinal);
        Assert.DoesNotContain("mask", Regex.Replace(html, "<style>.*?</style>", "", RegexOptions.Singleline), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Who is shown no blobs reads set, holders and answers in the entries, but no roster.</summary>
    [Fact]
    public async Task Seats_and_answers_of_each_round_are_read_in_the_entries_alone()
    {
        Write(OneTime(), withBlobs: false);
        (string html, JsonElement json) = await ReportAsync();
        JsonElement encryption = json.GetProperty("encryption");
        Assert.Equal(("A1", 5), (Text(encryption, "set"), Int(encryption, "offeredKeys")));
        Assert.All(encryption.GetProperty("holders").EnumerateArray(), h => Assert.Equal(JsonValueKind.Null, h.GetProperty("organisation").ValueKind));
        JsonElement round = Assert.Single(encryption.GetProperty("rounds").EnumerateArray());
        Assert.Equal((1, 5, 4, 5, 4), (Int(round, "round"), Int(round, "seats"), Int(round, "checked"), Int(round, "signed"), Int(round, "answered")));
        Assert.Matches("<td[^>]*>1</td><td[^>]*>5</td><td[^>]*>4</td><td[^>]*>5</td><td[^>]*>4</td>", SectionOf(html));
        JsonElement closed = Assert.Single(json.GetProperty("rounds").EnumerateArray());
        Assert.Equal(("closed", 20, 18), (Text(closed, "state"), Int(closed, "cohort"), Int(closed, "survivors")));
    }

    [Fact]
    public async Task Under_a_single_key_the_page_begins_with_what_one_malformed_ciphertext_discloses()
    {
        Write(SingleKey(), withBlobs: true);
        (string html, JsonElement json) = await ReportAsync("--authority", AuthorityFile());
        JsonElement encryption = json.GetProperty("encryption");
        string warning = Text(encryption, "warning");
        Assert.Contains("one malformed ciphertext of any client discloses the round's key, and with it every upload of that round", warning, StringComparison.Ordinal);
        Assert.Contains("against a curious server only", warning, StringComparison.Ordinal);
        Assert.Equal(("encryption-single-key", "S1", 1), (Text(encryption, "protection"), Text(encryption, "set"), encryption.GetProperty("holders").GetArrayLength()));
        Assert.StartsWith("The holder must be there", Text(encryption, "absence"), StringComparison.Ordinal);
        string escaped = WebUtility.HtmlEncode(warning);
        Assert.Contains(escaped, html[..html.IndexOf("<section id=\"steps\">", StringComparison.Ordinal)], StringComparison.Ordinal);
        Assert.Contains($"<p class=\"headline bad\">{escaped}</p>", SectionOf(html), StringComparison.Ordinal);
        Assert.Contains(warning, string.Join('\n', json.GetProperty("leakage").EnumerateArray().Select(l => l.GetString())), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        directory.Dispose();
        authority.Dispose();
        foreach (SigningKey key in keys)
            key.Dispose();
    }

    private TaskParameters OneTime() => ParametersOf(ProtectionKind.Encryption, ServerClass.Malicious, new EncryptionSpecification("A1", 8, holders, 4, 2));

    private TaskParameters SingleKey() => ParametersOf(ProtectionKind.EncryptionSingleKey, ServerClass.Curious, new EncryptionSpecification("S1", 0, [holders[0]], 1, 0));

    private static TaskParameters ParametersOf(ProtectionKind protection, ServerClass server, EncryptionSpecification encryption)
    {
        TaskParameters task = new(
            NewIdentifier(),
            "Encrypted",
            new ModelSpecification(TaskModelKind.Vector, 10, [], null, 0),
            new TrainingSpecification(ServerOptimizerKind.FedAvg, 1, LocalOptimizerKind.Sgd, 0.1, 1e-8, 1, 1, 1, 2.5, 100),
            new TaskSchedule(false, 3, false, 3),
            [new RoundShape(RoundKind.Train, [new SegmentShape("delta", 10, 2.5), new SegmentShape("weight", 1, 1)])],
            new CohortBounds(10, 20, 20, 1, ExactDecimal.Zero, ExactDecimal.From(0.1m), server),
            new PhaseDeadlines(1000, 1000, 100),
            protection,
            32,
            PrivacySpecification.None,
            Encryption: encryption);
        Assert.Null(task.FindFault());
        return task;
    }

    /// <summary>With blobs: the task as it was created. Without: also a round with 20 clients, one upload late, one left out by the check.</summary>
    private void Write(TaskParameters task, bool withBlobs)
    {
        Roster roster = Roster.Create(1, holders.Select((h, i) => new RosterEntry(h, RosterRole.KeyHolder, Organisations[i], keys[i].PublicKey)), authority);
        Digest model = Digest.Of("model"u8);
        List<TaskEvent> events = [new TaskEvent.TaskCreated(Digest.Of(task.Encode()), roster.Digest, withBlobs ? PutBlob(ModelState.Initial(task.Model).Encode()) : model)];
        if (withBlobs)
        {
            PutBlob(task.Encode());
            PutBlob(roster.Bytes.Span);
        }
        else
        {
            AddRound(events, task, roster.Digest, model);
        }

        new SignedTree(task.TaskId, directory.Path).Write(events.Select(e => new LogEntry(task.TaskId, e).Encode()));
    }

    private void AddRound(List<TaskEvent> events, TaskParameters task, Digest roster, Digest model)
    {
        SignedHolderKey[] offers = [.. holders.Select((h, i) => SignedHolderKey.Sign(task.TaskId, h, 1, NewKey().PublicKey, keys[i]))];
        events.AddRange(offers.Select(o => new TaskEvent.HolderKeyOffered(o.Digest)));
        HolderTable table = new([.. offers.Select((o, i) => new HolderEntry(i + 1, o.Holder, o.Number, o.Key, o.Signature))]);
        Identifier round = NewIdentifier();
        events.Add(new TaskEvent.RoundOpened(new RoundParameters(
            round, 1, RoundKind.Train, Digest.Of(task.Encode()), roster, model, task.LayoutOf(RoundKind.Train), task.Cohort, task.Protection, null, Digest.Of("salt"u8),
            new RoundEncryption(task.Encryption!, table, 20, Digest.Of("invited"u8)))));
        Identifier[] names = [.. holders.Select(_ => NewIdentifier())];
        Accept(EventType.UpdateUploaded, Enumerable.Range(0, 19).Select(_ => NewIdentifier()));
        List(EventType.UploadsFixed, 19);
        Accept(EventType.SharesChecked, names[..4]);
        List(EventType.SurvivorsListed, 18);
        Accept(EventType.SurvivorsConfirmed, names);
        List(EventType.UnmaskRequested, 1);
        Accept(EventType.UnmaskAnswered, names[..4]);
        events.Add(new TaskEvent.RoundClosed(round, Digest.Of("sum"u8), Digest.Of("keys"u8), 18));

        void Accept(EventType kind, IEnumerable<Identifier> senders) => events.AddRange(senders.Select(s => new TaskEvent.MessageAccepted(kind, round, s, Digest.Of(s.ToArray()))));

        void List(EventType kind, int count) => events.Add(new TaskEvent.ListPublished(kind, round, Digest.Of("list"u8), count));
    }

    private Digest PutBlob(ReadOnlySpan<byte> blob)
    {
        Directory.CreateDirectory(directory.File("blobs"));
        File.WriteAllBytes(directory.File($"blobs/{Digest.Of(blob)}"), blob);
        return Digest.Of(blob);
    }

    private string AuthorityFile()
    {
        File.WriteAllText(directory.File("authority"), Convert.ToBase64String(authority.PublicKey.Span));
        return directory.File("authority");
    }

    private async Task<(string Html, JsonElement Json)> ReportAsync(params string[] options)
    {
        using TemporaryDirectory output = new();
        Transcript written = await CommandLine.Cli.RunAsync(["audit", "report", directory.Path, "--out", output.File("report.html"), "--json", .. options]);
        Assert.True(written.ExitCode == 0, written.Output + written.Diagnostics);
        return (File.ReadAllText(output.File("report.html")), written.Json);
    }

    private static string SectionOf(string html)
    {
        int start = html.IndexOf("<section id=\"encryption\">", StringComparison.Ordinal);
        return html[start..html.IndexOf("</section>", start, StringComparison.Ordinal)];
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static SigningKey NewKey() => SigningKey.Generate(OperatingSystemRandomSource.Instance);

    private static Identifier NewIdentifier() => Identifier.Random(OperatingSystemRandomSource.Instance);
}
