using System.Text;
using SecureFed.Cli.Attack;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>A client holds the server to the history that it was shown, also after a restart, and keeps what it needs to show it to others.</summary>
public class LogFollowingTests(TestConsortium consortium)
{
    private static readonly string[] EveryPart = ["opening", "keys", "shares", "survivors", "unmask-request", "receipt"];
    private static readonly byte[][] WitnessSeeds = [.. Enumerable.Range(1, 2).Select(i => Enumerable.Repeat((byte)i, Ed25519.SeedBytes).ToArray())];
    private static readonly NoteVerifier[] Witnesses = [.. WitnessSeeds.Select((seed, i) => NoteVerifier.ForCosigner($"witness.test/{i}", Ed25519.PublicKeyOf(seed)))];

    [Fact]
    public async Task A_history_rewritten_while_the_client_was_away_is_refused_and_both_checkpoints_are_kept_each_time()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, rounds: 2));
        await RoundAsync(task, directory);
        byte[] held = await File.ReadAllBytesAsync(directory.File($"{task}.checkpoint"));
        for (int times = 1; times <= 2; times++)
        {
            ReprovingHandler forking = new((proven, known) => NewLog(task).Prove(proven.Announcement, known), "opening");
            RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => ContributeAsync(0, task, directory, forking));
            Assert.Equal(("history-rewritten", 0), (refusal.Code, forking.Writes));
            string evidence = directory.File($"evidence/{task}-{times}");
            Assert.Contains(evidence, refusal.Message, StringComparison.Ordinal);
            Assert.Equal(held, await File.ReadAllBytesAsync(Path.Combine(evidence, "held")));
            Assert.Null(PolicyOf(task).Open(await File.ReadAllBytesAsync(Path.Combine(evidence, "offered")), out SignedCheckpoint? offered));
            Assert.Null(PolicyOf(task).Open(held, out SignedCheckpoint? first));
            Assert.True(offered!.Checkpoint.Size > first!.Checkpoint.Size);
            Assert.Equal(held, await File.ReadAllBytesAsync(directory.File($"{task}.checkpoint")));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_answers_under_a_smaller_checkpoint_than_the_request_named_is_convicted(bool namesTheSize)
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, rounds: 2));
        await RoundAsync(task, directory);
        byte[] held = await File.ReadAllBytesAsync(directory.File($"{task}.checkpoint"));
        ReprovingHandler back = new((proven, known) => proven with { Proof = NewLog(task).ProofOf(1, namesTheSize ? known : 0) }, "opening");
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => ContributeAsync(0, task, directory, back));
        Assert.Equal(("history-rewritten", 0), (refusal.Code, back.Writes));
        Assert.Contains("rolled back", refusal.Message, StringComparison.Ordinal);
        await AssertEvidenceAsync(task, directory, held, 2);
    }

    [Fact]
    public async Task A_server_that_waits_and_shows_another_tree_of_the_size_that_is_held_is_convicted()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        StallingHandler forking = new((_, known) => NewLog(task).ProofOf(known - 1, 0).Checkpoint.ToArray());
        RoundRefusedException refusal = await RefusedRoundAsync(task, directory, forking);
        Assert.Equal("history-rewritten", refusal.Code);
        (byte[] held, byte[] offered) = await EvidenceAsync(task, directory);
        Assert.True(new Evidence(held, offered).IsConclusive(PolicyOf(task)));
    }

    [Fact]
    public async Task A_server_that_waits_and_shows_a_longer_tree_that_does_not_continue_is_convicted()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        StallingHandler forking = new((genuine, known) =>
        {
            Assert.Null(PolicyOf(task).Open(genuine, out SignedCheckpoint? tree));
            return tree!.Checkpoint.Size > known ? NewLog(task).ProofOf(tree.Checkpoint.Size - 1, 0).Checkpoint.ToArray() : genuine;
        });
        RoundRefusedException refusal = await RefusedRoundAsync(task, directory, forking);
        Assert.Equal("history-rewritten", refusal.Code);
        (byte[] held, byte[] offered) = await EvidenceAsync(task, directory);
        Assert.Null(PolicyOf(task).Open(held, out SignedCheckpoint? first));
        Assert.Null(PolicyOf(task).Open(offered, out SignedCheckpoint? second));
        Assert.True(second!.Checkpoint.Size > first!.Checkpoint.Size);
        Assert.Equal(2, forking.TileRequests.GroupBy(path => path, StringComparer.Ordinal).Select(g => g.Count()).Distinct().Single()); // Proven again from tiles fetched again.
    }

    [Fact]
    public async Task A_client_that_waits_follows_the_growing_log_and_accuses_nobody()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        StallingHandler slow = new((genuine, _) => genuine) { Stalls = 3 };
        RoundOutcome outcome = await RoundAsync(task, directory, slow);
        Assert.Equal(RoundStatus.Contributed, outcome.Status);
        Assert.NotEmpty(slow.TileRequests);
        Assert.True(slow.Known.Count > 1 && slow.Known.SequenceEqual(slow.Known.Order()) && slow.Known[^1] > slow.Known[0]);
        Assert.False(Directory.Exists(directory.File("evidence")));
    }

    /// <summary>Missing tiles look like a server in trouble; nothing is acted on without a proof anyway.</summary>
    [Fact]
    public async Task A_longer_tree_whose_tiles_are_not_shown_accuses_nobody()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        StallingHandler hiding = new((genuine, _) => genuine) { Stalls = 3, HidesTiles = true };
        Assert.Equal(RoundStatus.Contributed, (await RoundAsync(task, directory, hiding)).Status);
        Assert.NotEmpty(hiding.TileRequests);
        Assert.False(Directory.Exists(directory.File("evidence")));
    }

    [Fact]
    public async Task Every_request_for_an_announcement_names_the_size_that_the_client_holds()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        System.Collections.Concurrent.ConcurrentQueue<(string Part, string Query)> asked = [];
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.Method == HttpMethod.Get && request.RequestUri!.AbsolutePath.Split('/') is [_, _, _, _, "rounds", _, var part, ..])
                    asked.Enqueue((part, request.RequestUri.Query));
            },
        };
        await RoundAsync(task, directory, wire);
        Assert.Empty(EveryPart.Except(asked.Select(a => a.Part), StringComparer.Ordinal));
        ulong[] sizes = [.. asked.Select(a => ulong.Parse(a.Query["?known=".Length..], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(sizes.Order(), sizes);
        Assert.True(sizes[0] == 0 && sizes[^1] > 0);
    }

    [Fact]
    public async Task A_restarted_client_asks_for_the_continuation_of_the_checkpoint_that_it_kept()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, rounds: 2));
        await RoundAsync(task, directory);
        ulong kept = await KeptSizeAsync(task, directory);
        List<string> openings = [];
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.RequestUri!.AbsolutePath.EndsWith("/opening", StringComparison.Ordinal))
                    openings.Add(request.RequestUri.Query);
            },
        };
        await RoundAsync(task, directory, wire);
        Assert.Equal(FormattableString.Invariant($"?known={kept}"), openings[0]);
        Assert.True(await KeptSizeAsync(task, directory) > kept);
        Assert.False(Directory.Exists(directory.File("evidence")));
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("cut")]
    [InlineData("other root")]
    [InlineData("other key")]
    [InlineData("other task")]
    public async Task A_client_whose_checkpoint_is_damaged_says_so_and_does_not_begin_anew(string damage)
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        using SigningKey other = SigningKey.Generate(OperatingSystemRandomSource.Instance);
        Checkpoint tree = new(OriginOf(task), 5, Digest.Of("root"u8));
        byte[] genuine = tree.Sign(consortium.ServerMember.Key).Encode();
        byte[] damaged = damage switch
        {
            "empty" => [],
            "cut" => genuine[..^9],
            "other root" => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(genuine).Replace(Convert.ToBase64String(tree.Root.ToArray()), Convert.ToBase64String(Digest.Of("other"u8).ToArray()), StringComparison.Ordinal)),
            "other key" => tree.Sign(other).Encode(),
            _ => (tree with { Origin = OriginOf(Identifier.Parse(Definitions.NewId())) }).Sign(consortium.ServerMember.Key).Encode(),
        };
        await File.WriteAllBytesAsync(directory.File($"{task}.checkpoint"), damaged);
        RecordingHandler wire = new();
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => ContributeAsync(0, task, directory, wire));
        Assert.Equal("checkpoint-untrusted", refusal.Code);
        Assert.Contains("Restore it from a backup", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(wire.Writes);
        Assert.Equal(damaged, await File.ReadAllBytesAsync(directory.File($"{task}.checkpoint")));
    }

    [Fact]
    public async Task A_receipt_is_kept_that_a_stock_verifier_accepts_for_this_upload_and_no_other_entry()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        RoundOutcome outcome = await RoundAsync(task, directory);
        string path = directory.File($"receipts/{task}/{outcome.RoundId}.tlog-proof");
        Assert.True(TlogProof.TryParse(await File.ReadAllBytesAsync(path), out TlogProof? proof));
        Assert.Equal(outcome.ReceiptIndex, proof!.Index);
        Assert.Null(proof.Verify(PolicyOf(task), proof.Extra, out SignedCheckpoint? checkpoint));
        Assert.Equal(OriginOf(task), checkpoint!.Checkpoint.Origin);
        Assert.True(LogEntry.TryDecode(proof.Extra, out LogEntry? entry));
        TaskEvent.MessageAccepted accepted = Assert.IsType<TaskEvent.MessageAccepted>(entry!.Event);
        Assert.Equal((EventType.UpdateUploaded, outcome.RoundId), (accepted.Kind, accepted.RoundId));
        byte[] another = new LogEntry(task, accepted with { MessageDigest = Digest.Of("another"u8) }).Encode();
        Assert.Equal("log-proof-invalid", proof.Verify(PolicyOf(task), another, out _)?.Code);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_checkpoint_that_too_few_witnesses_have_cosigned_is_not_acted_on(int cosigners)
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        ReprovingHandler cosigning = Cosigning(cosigners);
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => ContributeAsync(0, task, directory, cosigning, Witnessed));
        Assert.Equal(("checkpoint-untrusted", 0), (refusal.Code, cosigning.Writes));
        Assert.False(File.Exists(directory.File($"{task}.checkpoint")));
    }

    [Fact]
    public async Task A_client_takes_part_under_checkpoints_that_the_quorum_has_cosigned_and_keeps_the_cosignatures()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        RoundOutcome outcome = await RoundAsync(task, directory, Cosigning(2), Witnessed);
        Assert.Equal(RoundStatus.Contributed, outcome.Status);
        TlogPolicy policy = Witnessed.LogPolicy(OriginOf(task));
        Assert.Null(policy.Open(await File.ReadAllBytesAsync(directory.File($"{task}.checkpoint")), out _));
        Assert.True(TlogProof.TryParse(await File.ReadAllBytesAsync(directory.File($"receipts/{task}/{outcome.RoundId}.tlog-proof")), out TlogProof? proof));
        Assert.Null(proof!.Verify(policy, proof.Extra, out _));
    }

    private ClientPolicy Witnessed => consortium.Policy with { Witnesses = Witnesses, WitnessQuorum = 2 };

    private static ReprovingHandler Cosigning(int cosigners) => new(
        (proven, _) =>
        {
            Assert.True(SignedNote.TryParse(proven.Proof.Checkpoint.Span, out SignedNote? note));
            for (int i = 0; i < cosigners; i++)
                note = note!.With(Cosignature.Sign(Witnesses[i].Name, WitnessSeeds[i], note.Text.Span, 1_800_000_000));
            return proven with { Proof = proven.Proof with { Checkpoint = note!.Encode() } };
        },
        EveryPart);

    /// <summary>Two honest clients finish the round; client 0 gives up in it.</summary>
    private async Task<RoundRefusedException> RefusedRoundAsync(Identifier task, TemporaryDirectory directory, DelegatingHandler inner)
    {
        using CancellationTokenSource enough = new();
        Task[] others = [.. Enumerable.Range(1, 2).Select(i => ContributeAsync(i, task, null, cancellationToken: enough.Token))];
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => ContributeAsync(0, task, directory, inner));
        await enough.CancelAsync();
        await Task.WhenAll(others).ContinueWith(_ => { }, TaskScheduler.Default);
        return refusal;
    }

    private async Task AssertEvidenceAsync(Identifier task, TemporaryDirectory directory, byte[] held, ulong size)
    {
        (byte[] kept, byte[] offered) = await EvidenceAsync(task, directory);
        Assert.Equal(held, kept);
        Assert.Null(PolicyOf(task).Open(offered, out SignedCheckpoint? smaller));
        Assert.Equal(size, smaller!.Checkpoint.Size);
        Assert.Equal(held, await File.ReadAllBytesAsync(directory.File($"{task}.checkpoint")));
    }

    private static async Task<(byte[] Held, byte[] Offered)> EvidenceAsync(Identifier task, TemporaryDirectory directory) =>
        (await File.ReadAllBytesAsync(directory.File($"evidence/{task}-1/held")), await File.ReadAllBytesAsync(directory.File($"evidence/{task}-1/offered")));

    /// <summary>One whole round; client 0 starts with what is in its directory.</summary>
    private async Task<RoundOutcome> RoundAsync(Identifier task, TemporaryDirectory directory, DelegatingHandler? inner = null, ClientPolicy? policy = null)
    {
        Task<RoundOutcome>[] all = [ContributeAsync(0, task, directory, inner, policy), .. Enumerable.Range(1, 2).Select(i => ContributeAsync(i, task, null))];
        RoundOutcome outcome = (await Task.WhenAll(all))[0];
        await Sums.RoundOverAsync(consortium, task, outcome.RoundId);
        return outcome;
    }

    private Task<RoundOutcome> ContributeAsync(
        int client, Identifier task, TemporaryDirectory? directory, DelegatingHandler? inner = null, ClientPolicy? policy = null, CancellationToken cancellationToken = default) =>
        consortium.ClientFor(
            client,
            task,
            options =>
            {
                options.StateStore = directory is null ? new MemoryRoundStateStore() : new FileRoundStateStore(directory.Path);
                options.Policy = policy ?? consortium.Policy;
            },
            inner).ContributeAsync(new double[] { 1 }, cancellationToken: cancellationToken);

    private async Task<ulong> KeptSizeAsync(Identifier task, TemporaryDirectory directory)
    {
        Assert.Null(PolicyOf(task).Open(await File.ReadAllBytesAsync(directory.File($"{task}.checkpoint")), out SignedCheckpoint? kept));
        return kept!.Checkpoint.Size;
    }

    private ShadowLog NewLog(Identifier task) => new(OriginOf(task), consortium.ServerMember.Key);

    private TlogPolicy PolicyOf(Identifier task) => consortium.Policy.LogPolicy(OriginOf(task));

    private string OriginOf(Identifier task) => LogOrigin.Of(consortium.ServerMember.Key.PublicKey.Span, task);
}
