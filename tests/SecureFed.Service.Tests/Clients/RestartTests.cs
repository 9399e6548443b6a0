using SecureFed.Cli.Attack;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Http;

namespace SecureFed.Service.Tests.Clients;

/// <summary>A client that stops in the middle of a round, and what its state file holds.</summary>
public class RestartTests(TestConsortium consortium)
{
    private static readonly RoundPhase[] Masked = [RoundPhase.Advertise, RoundPhase.Share, RoundPhase.Upload, RoundPhase.Confirm, RoundPhase.Unmask];

    public static TheoryData<RoundPhase> Steps() => [.. Masked];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_client_that_stops_after_saving_a_step_resumes_with_the_same_bytes(RoundPhase step)
    {
        await RestartedAsync(step, sendsBeforeItStops: false);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task A_client_that_stops_after_sending_a_step_resumes_with_the_same_bytes(RoundPhase step)
    {
        await RestartedAsync(step, sendsBeforeItStops: true);
    }

    [Fact]
    public async Task State_is_saved_before_each_message_leaves()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        List<string> order = [];
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.Method == HttpMethod.Put)
                    order.Add("send " + request.RequestUri!.Segments[^2].Trim('/'));
            },
        };
        OrderedStore store = new(order);
        await Task.WhenAll(
            consortium.ClientFor(0, task, o => o.StateStore = store, wire).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(1, task).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(2, task).ContributeAsync(new double[] { 1 }));
        Assert.Equal(
            [
                "save Advertise", "send keys", "save Share", "send shares", "save Upload", "send uploads",
                "save Confirm", "send confirmations", "save Unmask", "send unmask", "erase",
            ],
            order);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task What_cannot_be_saved_is_not_sent(RoundPhase step)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        RecordingHandler wire = new();
        using CancellationTokenSource stop = new();
        Task[] others = [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { 1 }, cancellationToken: stop.Token))];
        StoppingStore store = new(new MemoryRoundStateStore(), step, saves: false, () => new SecureFedException("storage-unavailable", "The disk is full."));
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = store, wire).ContributeAsync(new double[] { 1 }));
        Assert.Equal("storage-unavailable", exception.Code);
        string[] parts = ["keys", "shares", "uploads", "confirmations", "unmask"];
        Assert.Equal(parts.Take(Array.IndexOf(Masked, step)), wire.Writes.Select(w => w.Path.Split('/')[^2]));
        await stop.CancelAsync();
        await Task.WhenAny(Task.WhenAll(others));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_a_typed_error_and_nothing_is_sent()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        Directory.CreateDirectory(directory.File($"{task}.state.new")); // Not even root can write a file there.
        RecordingHandler wire = new();
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = new FileRoundStateStore(directory.Path), wire).ContributeAsync(new double[] { 1 }));
        Assert.Equal("storage-unavailable", exception.Code);
        Assert.Empty(wire.Writes);
    }

    [Fact]
    public async Task The_state_file_is_for_its_owner_only_and_holds_no_secret_after_the_round()
    {
        using TemporaryDirectory directory = new();
        string state = directory.File("state");
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1, rounds: 2));
        CopyingStore store = new(new FileRoundStateStore(state), Path.Combine(state, $"{task}.state"));
        AssertMode(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf(state));
        await Task.WhenAll(
            consortium.ClientFor(0, task, o => o.StateStore = store).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(1, task).ContributeAsync(new double[] { 1 }),
            consortium.ClientFor(2, task).ContributeAsync(new double[] { 1 }));

        Assert.All(store.Copies, copy => AssertMode(UnixFileMode.UserRead | UnixFileMode.UserWrite, copy.Mode));
        Assert.True(store.Copies[^1].Bytes.Length > 500, "The round's keys, shares and upload are in the file while it runs.");
        byte[] left = await File.ReadAllBytesAsync(Path.Combine(state, $"{task}.state"));
        int history = 4 + 1 + 4 + 3 * Identifier.Bytes + 4 + (4 + 1 + 4 + 1);
        Assert.Equal(1 + 4 + 4 + (4 + 32) + 8 + history + 32 + 32, left.Length); // Version, round number, empty state, what was answered, roster number, survivors of the one round, task, roster.
        Assert.Equal([$"{task}.state"], Directory.GetFiles(state).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_damaged_state_file_is_a_typed_error_that_says_what_to_do()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        foreach (byte[] damaged in new[] { [], "nonsense"u8.ToArray(), new byte[] { 2, 0, 0, 0, 1, 0, 0, 0, 0 }, new byte[] { 1, 0, 0, 0, 1, 0, 0, 0, 0, 0 } })
        {
            await File.WriteAllBytesAsync(directory.File($"{task}.state"), damaged);
            RecordingHandler wire = new();
            SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(
                () => consortium.ClientFor(0, task, o => o.StateStore = new FileRoundStateStore(directory.Path), wire).ContributeAsync(new double[] { 1 }));
            Assert.Equal("invalid-configuration", exception.Code);
            Assert.Contains("Restore it from a backup", exception.Message, StringComparison.Ordinal);
            Assert.Empty(wire.Writes);
        }
    }

    [Fact]
    public async Task A_client_whose_state_is_gone_abstains_from_the_round_that_it_had_joined()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        MemoryRoundStateStore store = new();
        await store.EraseRoundAsync(task, 1);
        RecordingHandler wire = new();
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(500));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = store, wire).ContributeAsync(new double[] { 1 }, cancellationToken: stop.Token));
        Assert.Empty(wire.Writes);
    }

    [Fact]
    public async Task Secrets_of_a_round_that_ended_while_the_client_was_away_are_erased()
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        FileRoundStateStore files = new(directory.Path);
        Task<RoundOutcome>[] others = [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task).ContributeAsync(new double[] { 1 }))];
        StoppingStore stopping = new(files, RoundPhase.Closed, saves: true, () => new StoppedException());
        await Assert.ThrowsAsync<StoppedException>(() => consortium.ClientFor(0, task, o => o.StateStore = stopping).ContributeAsync(new double[] { 1 }));
        await Task.WhenAll(others);
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        await RoundResourceTests.FinishedAsync(http, task);
        Assert.False((await files.LoadAsync(task))!.ActiveRound.IsEmpty);

        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(0, task, o => o.StateStore = files).ContributeAsync(new double[] { 1 }));
        Assert.Equal("task-finished", exception.Code);
        SavedRounds left = (await files.LoadAsync(task))!;
        Assert.True(left.ActiveRound.IsEmpty);
        Assert.Equal(1, left.LastRoundNumber);
    }

    [Fact]
    public async Task A_server_that_opens_a_round_number_a_second_time_gets_nothing()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        MemoryRoundStateStore store = new();
        using CancellationTokenSource stop = new();
        RecordingHandler first = new()
        {
            Before = request =>
            {
                if (request.RequestUri!.AbsolutePath.EndsWith("/keys", StringComparison.Ordinal))
                    stop.Cancel();
            },
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = store, first).ContributeAsync(new double[] { 1 }, cancellationToken: stop.Token));
        Assert.Single(first.Writes);

        RecordingHandler second = new();
        second.InnerHandler = new ReprovingHandler((proven, known) => Reopened(task, proven.Announcement, known), "opening") { InnerHandler = consortium.CreateHandler() };
        RequestSigner signer = new(consortium.Clients[0].Id, consortium.Clients[0].Key, OperatingSystemRandomSource.Instance, TimeProvider.System) { InnerHandler = second };
        SecureFedClientOptions options = consortium.OptionsFor(0, task);
        options.StateStore = store;
        SecureFedClient restarted = new(new HttpClient(signer) { BaseAddress = TestConsortium.BaseAddress }, options, TimeProvider.System);
        RoundRefusedException refusal = await Assert.ThrowsAsync<RoundRefusedException>(() => restarted.ContributeAsync(new double[] { 1 }));
        Assert.Equal("round-replayed", refusal.Code);
        Assert.Empty(second.Writes);
        Assert.True((await store.LoadAsync(task))!.ActiveRound.IsEmpty);
    }

    private async Task RestartedAsync(RoundPhase step, bool sendsBeforeItStops)
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 50));
        double[] update = [.. Enumerable.Range(0, 50).Select(i => i / 7.0)];
        Task<RoundOutcome>[] others = [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task).ContributeAsync(update))];

        RecordingHandler before = new();
        IRoundStateStore files = new FileRoundStateStore(directory.Path);
        StoppingStore stopping = new(files, sendsBeforeItStops ? Masked.Append(RoundPhase.Closed).SkipWhile(s => s != step).ElementAt(1) : step, saves: !sendsBeforeItStops, () => new StoppedException());
        SecureFedClient first = consortium.ClientFor(0, task, o => o.StateStore = stopping, before);
        await Assert.ThrowsAsync<StoppedException>(() => first.ContributeAsync(update));

        RecordingHandler after = new();
        SecureFedClient second = consortium.ClientFor(0, task, o => o.StateStore = new FileRoundStateStore(directory.Path), after);
        if (sendsBeforeItStops && step == RoundPhase.Unmask)
        {
            // The round may be over before the client is back: its part was done.
            await Task.WhenAll(others);
            return;
        }

        RoundOutcome outcome = await second.ContributeAsync(Enumerable.Repeat(100.0, 50).ToArray());
        Assert.Equal(step >= RoundPhase.Upload ? RoundStatus.Resumed : RoundStatus.Contributed, outcome.Status);
        foreach (IGrouping<string, byte[]> message in before.Writes.Concat(after.Writes).GroupBy(w => w.Path, w => w.Body))
            Assert.Single(message.Select(Convert.ToHexString).Distinct(StringComparer.Ordinal));
        Assert.Equal(5, after.Writes.Count());
        SavedRounds remembered = (await files.LoadAsync(task))!;
        Assert.Equal((1, 1), (remembered.Answered!.Count, remembered.History!.Count));

        RoundOutcome[] all = [outcome, .. await Task.WhenAll(others)];
        await Sums.RoundOverAsync(consortium, task, outcome.RoundId);
        SecureFedOperator reader = consortium.OperatorApi();
        ModelState model = await ModelAsync(reader, task);
        double expected = step >= RoundPhase.Upload ? update[49] : (2 * update[49] + 100.0 * 100 / Math.Sqrt(50 * 1e4)) / 3;
        Assert.Equal(expected, model.Parameters[49], 1e-5);
        if (step < RoundPhase.Upload)
            await Sums.AssertExactAsync(consortium, task, all);
        else
            Assert.True(outcome.Quantized.IsEmpty, "The vector of the second call was not used.");
    }

    private async Task<ModelState> ModelAsync(SecureFedOperator reader, Identifier task)
    {
        using HttpClient http = consortium.HttpFor(consortium.Operator);
        TaskView view = await RoundResourceTests.FinishedAsync(http, task);
        Assert.True(Digest.TryParse(view.ModelDigest, out Digest digest));
        return await reader.GetModelAsync(digest);
    }

    /// <summary>Another opening of the same number, truly signed by the server's key and in a history of its own.</summary>
    private ProvenAnnouncement Reopened(Identifier task, Announcement opening, ulong known)
    {
        LogEntry.TryDecode(opening.Entry.Bytes.Span, out LogEntry? entry);
        TaskEvent.RoundOpened opened = (TaskEvent.RoundOpened)entry!.Event;
        byte[] other = new LogEntry(task, new TaskEvent.RoundOpened(opened.Round with { PseudonymSaltDigest = Digest.Of("another salt"u8) })).Encode();
        SigningKey key = consortium.ServerMember.Key;
        return new ShadowLog(LogOrigin.Of(key.PublicKey.Span, task), key).Prove(new Announcement(SignedEntry.Sign(task, opening.Entry.Index, other, key), default), known);
    }

    private static UnixFileMode? ModeOf(string path) => OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(path);

    private static void AssertMode(UnixFileMode expected, UnixFileMode? mode) => Assert.True(mode is null || mode == expected, $"{mode}");

    private sealed class StoppedException : Exception;

    /// <summary>Fails at one step, before or after it is saved.</summary>
    private sealed class StoppingStore(IRoundStateStore inner, RoundPhase at, bool saves, Func<Exception> failure) : IRoundStateStore
    {
        public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public async Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
        {
            if (step != at || saves)
                await inner.SaveAsync(taskId, saved, step, cancellationToken);
            if (step == at)
                throw failure();
        }

        public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
            at == RoundPhase.Closed ? throw failure() : inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
    }

    private sealed class OrderedStore(List<string> order) : IRoundStateStore
    {
        private readonly MemoryRoundStateStore inner = new();

        public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
        {
            order.Add($"save {step}");
            return inner.SaveAsync(taskId, saved, step, cancellationToken);
        }

        public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default)
        {
            order.Add("erase");
            return inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
        }
    }

    /// <summary>Keeps a copy of the file after each save.</summary>
    private sealed class CopyingStore(FileRoundStateStore inner, string path) : IRoundStateStore
    {
        public List<(byte[] Bytes, UnixFileMode? Mode)> Copies { get; } = [];

        public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public async Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
        {
            await inner.SaveAsync(taskId, saved, step, cancellationToken);
            Copies.Add((await File.ReadAllBytesAsync(path, cancellationToken), ModeOf(path)));
        }

        public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
            inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
    }
}
