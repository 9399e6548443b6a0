using System.Security.Cryptography;
using System.Text;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Server.Witnessing;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Witnessing;

/// <summary>The witness over HTTP and on its disk. The table of answers itself is tested where the state machine is.</summary>
public sealed class WitnessServiceTests : IDisposable
{
    private static readonly string originHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(GrowingLog.Origin)));

    private readonly TemporaryDirectory directory = new();
    private readonly WitnessKey key = RunningWitness.NewKey();
    private readonly GrowingLog log = new GrowingLog().GrowTo(20);

    private string State => directory.File("state");

    private string StateFile => Path.Combine(State, originHash + ".state");

    public void Dispose()
    {
        key.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Answers_have_the_status_type_and_body_of_the_specification()
    {
        ShiftedTime time = new();
        await using RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier, time);
        Assert.Equal((200, key.Verifier + "\n"), await witness.GetAsync("/vkey"));
        Assert.Equal(404, (await witness.GetAsync($"/{originHash}/checkpoint")).Status);

        Assert.Equal(400, (await witness.AddCheckpointAsync("old 0\n"u8.ToArray())).Status);
        Assert.Equal(413, (await witness.AddCheckpointAsync(new byte[(1 << 16) + 1])).Status);
        Assert.Equal(403, (await witness.AddCheckpointAsync(new GrowingLog().GrowTo(20).Request(0))).Status);
        SignedNote unknown = new Checkpoint("securefed.test/tasks/unknown", 0, MerkleHash.Empty).Sign(log.Key);
        Assert.Equal(404, (await witness.AddCheckpointAsync(new AddCheckpointRequest(0, [], unknown).Encode())).Status);
        Assert.Equal((409, "text/x.tlog.size", "0\n"), await witness.AddCheckpointAsync(log.Request(7)));
        Assert.Equal(404, (await witness.GetAsync($"/{originHash}/checkpoint")).Status);
        Assert.False(File.Exists(StateFile));

        long before = time.GetUtcNow().ToUnixTimeSeconds();
        (int status, string? type, string body) = await witness.AddCheckpointAsync(log.Request(0));
        Assert.Equal((200, "text/plain"), (status, type));
        Assert.StartsWith("— witness.test/w1 ", body, StringComparison.Ordinal);
        Assert.EndsWith("\n", body, StringComparison.Ordinal);
        SignedNote cosigned = Cosigned(body);
        Assert.InRange(Cosignature.TimeOf(cosigned.Signatures[^1])!.Value, (ulong)before, (ulong)time.GetUtcNow().ToUnixTimeSeconds());
        Assert.Null(TlogPolicy.Of(log.Verifier, 1, key.Verifier).Open(cosigned.Encode(), out _));

        (int found, string shown) = await witness.GetAsync($"/{originHash}/checkpoint");
        Assert.Equal(200, found);
        Assert.True(SignedNote.TryParse(Encoding.UTF8.GetBytes(shown), out SignedNote? monitored));
        Assert.Equal(cosigned.Signatures[^1].ToString(), monitored!.Signatures[^1].ToString());
        Assert.Null(TlogPolicy.Of(log.Verifier, 1, key.Verifier).Open(Encoding.UTF8.GetBytes(shown), out _));

        time.Advance(TimeSpan.FromHours(1));
        log.GrowTo(33);
        (status, _, body) = await witness.AddCheckpointAsync(log.Request(20));
        Assert.Equal(200, status);
        Assert.True(Cosignature.TimeOf(Cosigned(body).Signatures[^1]) >= (ulong)before + 3600);
        Assert.Equal((409, "text/x.tlog.size", "33\n"), await witness.AddCheckpointAsync(log.Request(20)));
        Assert.Equal(422, (await witness.AddCheckpointAsync(new AddCheckpointRequest(33, [], log.GrowTo(40).Checkpoint).Encode())).Status);
        Assert.Equal(405, (await witness.GetAsync("/add-checkpoint")).Status);
    }

    [Fact]
    public async Task A_restart_keeps_the_state_and_the_cosignature()
    {
        (int Status, string Body) before;
        await using (RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier))
        {
            Assert.Equal(200, (await witness.AddCheckpointAsync(log.Request(0))).Status);
            before = await witness.GetAsync($"/{originHash}/checkpoint");
        }

        await using RunningWitness restarted = await RunningWitness.StartAsync(State, key, log.Verifier);
        Assert.Equal(before, await restarted.GetAsync($"/{originHash}/checkpoint"));
        Assert.Equal((409, "text/x.tlog.size", "20\n"), await restarted.AddCheckpointAsync(log.Request(0)));
        GrowingLog fork = new GrowingLog(log.Key).GrowTo(33, "rewritten");
        Assert.Equal(422, (await restarted.AddCheckpointAsync(fork.Request(20))).Status);
        log.GrowTo(33);
        Assert.Equal(200, (await restarted.AddCheckpointAsync(log.Request(20))).Status);
    }

    [Fact]
    public async Task What_was_stored_without_an_answer_is_cosigned_when_asked_again()
    {
        // The process ended after the rename and before the answer: only the store knows of the step.
        using (WitnessStore store = WitnessStore.Open(State))
            store.Save(Witness.Create([log.Verifier]).AddCheckpoint(log.Request(0), 1_700_000_000).Accepted!);
        await using RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier);
        Assert.Equal((409, "text/x.tlog.size", "20\n"), await witness.AddCheckpointAsync(log.Request(0)));
        (int status, _, string body) = await witness.AddCheckpointAsync(log.Request(20));
        Assert.Equal(200, status);
        Assert.Equal(2, Cosigned(body).Signatures.Count);
    }

    [Fact]
    public async Task A_damaged_state_keeps_the_witness_from_starting_and_is_left_as_it_is()
    {
        await using (RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier))
            Assert.Equal(200, (await witness.AddCheckpointAsync(log.Request(0))).Status);
        byte[] good = await File.ReadAllBytesAsync(StateFile);
        NoteVerifier other = NoteVerifier.ForEcdsa("securefed.test/tasks/other", log.Key.PublicKey.Span);
        foreach (byte[] bad in (byte[][])[[], good[..^1], [.. good, (byte)'\n'], [.. good[..100], (byte)(good[100] ^ 1), .. good[101..]], new byte[1 << 20]])
        {
            await File.WriteAllBytesAsync(StateFile, bad);
            SecureFedException refused = Assert.ThrowsAny<SecureFedException>(() => RunningWitness.Create(State, key, log.Verifier));
            Assert.Equal(ErrorCodes.StorageUnavailable, refused.Code);
            Assert.Contains(originHash, refused.Message, StringComparison.Ordinal);
            Assert.Equal(bad, await File.ReadAllBytesAsync(StateFile));
        }

        // Another log's state in this log's place.
        await File.WriteAllBytesAsync(Path.Combine(State, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(other.Name))) + ".state"), good);
        Assert.ThrowsAny<SecureFedException>(() => RunningWitness.Create(State, key, other));

        await File.WriteAllBytesAsync(StateFile, good);
        await using RunningWitness restored = await RunningWitness.StartAsync(State, key, log.Verifier);
        Assert.Equal(409, (await restored.AddCheckpointAsync(log.Request(0))).Status);
    }

    [Fact]
    public async Task A_second_process_is_kept_out()
    {
        await using RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier);
        SecureFedException refused = Assert.ThrowsAny<SecureFedException>(() => RunningWitness.Create(State, key, log.Verifier));
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
        Assert.Equal(200, (await witness.AddCheckpointAsync(log.Request(0))).Status);
    }

    [Fact]
    public async Task What_cannot_be_stored_is_not_cosigned()
    {
        // Nothing can be written beside the state file.
        Directory.CreateDirectory(StateFile + ".new");
        await using (RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier))
        {
            (int status, _, string body) = await witness.AddCheckpointAsync(log.Request(0));
            Assert.Equal(503, status);
            Assert.DoesNotContain("—", body, StringComparison.Ordinal);

            // Not even after the obstacle is gone: after a failure the disk's state is unknown until the next start.
            Directory.Delete(StateFile + ".new");
            Assert.Equal(503, (await witness.AddCheckpointAsync(log.Request(0))).Status);
            Assert.Equal(404, (await witness.GetAsync($"/{originHash}/checkpoint")).Status);
        }

        await using RunningWitness restarted = await RunningWitness.StartAsync(State, key, log.Verifier);
        Assert.Equal(200, (await restarted.AddCheckpointAsync(log.Request(0))).Status);
    }

    [Fact]
    public async Task Of_many_checkpoints_at_once_exactly_one_follows_the_last()
    {
        await using RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier);
        Assert.Equal(200, (await witness.AddCheckpointAsync(log.Request(0))).Status);
        byte[][] requests = [.. Enumerable.Range(21, 24).Select(size => log.GrowTo((ulong)size).Request(20))];
        (int Status, string? Type, string Body)[] answers = await Task.WhenAll(requests.Select(witness.AddCheckpointAsync));
        Assert.Single(answers, a => a.Status == 200);
        (int Status, string? Type, string Body)[] conflicts = [.. answers.Where(a => a.Status == 409)];
        Assert.Equal(requests.Length - 1, conflicts.Length);
        Assert.Single(conflicts.Select(c => c.Body).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_fork_leaves_evidence_that_convicts_the_log()
    {
        await using RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier);
        Assert.Equal(200, (await witness.AddCheckpointAsync(log.Request(0))).Status);
        string path = Path.Combine(State, originHash + ".evidence");
        Assert.False(File.Exists(path));
        Assert.Equal(422, (await witness.AddCheckpointAsync(new GrowingLog(log.Key).GrowTo(20, "rewritten").Request(20))).Status);
        byte[] written = await File.ReadAllBytesAsync(path);
        Assert.True(Evidence.TryDecode(written, out Evidence? evidence));
        Assert.True(evidence!.IsConclusive(TlogPolicy.Of(log.Verifier)));

        // One is enough.
        Assert.Equal(409, (await witness.AddCheckpointAsync(new GrowingLog(log.Key).GrowTo(20, "again").Request(0))).Status);
        Assert.Equal(written, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Only_the_owner_reads_the_state()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        await using RunningWitness witness = await RunningWitness.StartAsync(State, key, log.Verifier);
        Assert.Equal(200, (await witness.AddCheckpointAsync(log.Request(0))).Status);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf(State));
        Assert.All(Directory.GetFiles(State), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(file)));
    }

    private static UnixFileMode? ModeOf(string path) => OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(path);

    private SignedNote Cosigned(string body)
    {
        byte[] note = [.. log.Checkpoint.Encode(), .. Encoding.UTF8.GetBytes(body)];
        Assert.True(SignedNote.TryParse(note, out SignedNote? cosigned));
        Assert.True(cosigned!.TryVerify([key.Verifier], out _));
        return cosigned;
    }
}
