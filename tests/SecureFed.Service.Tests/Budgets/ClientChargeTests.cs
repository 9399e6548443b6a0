using SecureFed.Client;
using SecureFed.Client.Ledger;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Budgets;

/// <summary>When a client charges its own ledger, and what it does not believe the server.</summary>
public class ClientChargeTests(TestConsortium consortium)
{
    private static readonly double[] Update = [1, 2, 3, 4];

    [Fact]
    public async Task The_charge_is_in_the_file_before_the_update_leaves()
    {
        using TemporaryDirectory directory = new();
        string path = directory.File(FilePrivacyLedger.FileName);
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        List<string> order = [];
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.Method == HttpMethod.Put)
                    order.Add($"send {request.RequestUri!.Segments[^2].Trim('/')} with {(File.Exists(path) ? File.ReadAllLines(path).Length : 0)} charges");
            },
        };
        await Task.WhenAll(
            consortium.ClientFor(0, task, o => o.StateStore = new FileRoundStateStore(directory.Path), wire).ContributeAsync(Update),
            consortium.ClientFor(1, task).ContributeAsync(Update),
            consortium.ClientFor(2, task).ContributeAsync(Update));
        Assert.Equal(
            ["send keys with 0 charges", "send shares with 0 charges", "send uploads with 1 charges", "send confirmations with 1 charges", "send unmask with 1 charges"],
            order);
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        TaskSpending cost = Assert.Single(await new FilePrivacyLedger(directory.Path).ReadAsync());
        BudgetView server = await consortium.OperatorApi().GetBudgetAsync(task);
        Assert.Equal((task, PrivacyUnit.Client, 5.0, 1, server.EpsilonSpent), (cost.TaskId, cost.Unit, cost.EpsilonLimit, cost.Rounds, cost.Epsilon));
    }

    [Theory]
    [InlineData(RoundPhase.Share)]
    [InlineData(RoundPhase.Upload)]
    public async Task A_crash_between_charge_and_upload_is_charged_once(RoundPhase saved)
    {
        using TemporaryDirectory directory = new();
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        RecordingHandler before = new() { Before = r => Assert.DoesNotContain("/uploads/", r.RequestUri!.AbsolutePath, StringComparison.Ordinal) };
        bool isSaved = saved == RoundPhase.Upload;
        Task<RoundOutcome>[] others = [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task).ContributeAsync(Update))];
        SecureFedClient crashing = consortium.ClientFor(
            0,
            task,
            o =>
            {
                FilePrivacyLedger files = new(directory.Path);
                o.StateStore = new StoppingStore(new FileRoundStateStore(directory.Path), isSaved);
                o.Ledger = new WatchedLedger(files) { AfterCharge = () => _ = isSaved ? 0 : throw new StoppedException() };
            },
            before);
        await Assert.ThrowsAsync<StoppedException>(() => crashing.ContributeAsync(Update));
        Assert.Single(await File.ReadAllLinesAsync(directory.File(FilePrivacyLedger.FileName)));

        RoundOutcome outcome = await consortium.ClientFor(0, task, o => o.StateStore = new FileRoundStateStore(directory.Path)).ContributeAsync(Update);
        await Task.WhenAll(others);
        Assert.Equal((1, 3, isSaved ? RoundStatus.Resumed : RoundStatus.Contributed), (outcome.Number, outcome.Survivors, outcome.Status));
        Assert.Single(await File.ReadAllLinesAsync(directory.File(FilePrivacyLedger.FileName)));
    }

    [Fact]
    public async Task What_cannot_be_charged_is_not_sent()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        RecordingHandler wire = new();
        using CancellationTokenSource stop = new();
        Task[] others = [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task).ContributeAsync(Update, cancellationToken: stop.Token))];
        WatchedLedger ledger = new(new MemoryPrivacyLedger()) { BeforeCharge = () => throw new SecureFedException(ErrorCodes.StorageUnavailable, "The disk is full.") };
        SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(() => consortium.ClientFor(0, task, o => o.Ledger = ledger, wire).ContributeAsync(Update));
        Assert.Equal("storage-unavailable", exception.Code);
        Assert.Equal(["keys", "shares"], wire.Writes.Select(w => w.Path.Split('/')[^2]));
        await stop.CancelAsync();
        await Task.WhenAny(Task.WhenAll(others));
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_opened_or_read_stops_the_client_before_anything_is_computed()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy());
        foreach ((bool isDirectory, string code) in new[] { (true, "storage-unavailable"), (false, "invalid-configuration") })
        {
            using TemporaryDirectory directory = new();
            if (isDirectory)
                Directory.CreateDirectory(directory.File(FilePrivacyLedger.FileName)); // Not even root can write a file there.
            else
                await File.WriteAllTextAsync(directory.File(FilePrivacyLedger.FileName), "{\"task\":\"not a charge\"}\n");
            RecordingHandler wire = new();
            SecureFedException exception = await Assert.ThrowsAsync<SecureFedException>(
                () => consortium.ClientFor(0, task, o => o.StateStore = new FileRoundStateStore(directory.Path), wire).ContributeAsync(Update));
            Assert.Equal(code, exception.Code);
            Assert.Contains("nothing was sent", exception.Message, StringComparison.Ordinal);
            Assert.Empty(wire.Writes);
        }
    }

    [Fact]
    public async Task A_server_that_claims_round_after_round_to_be_void_is_refused_by_the_clients_own_ledger()
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Noisy(rounds: 2, greatestFailures: 50));
        BudgetView plan = await consortium.OperatorApi().GetBudgetAsync(task);
        long affordable = new SecureFed.Privacy.Budget.BudgetCap(5, plan.Delta, plan.Order).Units / plan.Releases[0].Charge;
        MemoryPrivacyLedger ledger = new();
        SecureFedClient client = consortium.ClientFor(0, task, o => o.Ledger = ledger, new AbortingHandler(consortium.OperatorApi(), task));
        SecureFedClient[] others = [.. Enumerable.Range(1, 2).Select(i => consortium.ClientFor(i, task))];
        int uploads = 0;
        RoundRefusedException? refusal = null;
        while (refusal is null && uploads < 20)
        {
            using CancellationTokenSource stop = new();
            Task<RoundOutcome>[] rest = [.. others.Select(o => o.ContributeAsync(Update, cancellationToken: stop.Token))];
            try
            {
                await client.ContributeAsync(Update);
            }
            catch (RoundRefusedException exception)
            {
                refusal = exception;
                await stop.CancelAsync();
            }
            catch (SecureFedException exception)
            {
                Assert.Equal("outcome-unknown", exception.Code);
                uploads++;
            }

            await Task.WhenAny(Task.WhenAll(rest)); // However it ended for them.
        }

        Assert.Equal(("budget-exhausted", affordable), (refusal?.Code, uploads));
        Assert.Matches("requested epsilon [0-9.]+ more .* spent epsilon [0-9.]+ .* left epsilon [0-9.]+", refusal!.Message);
        BudgetView server = await consortium.OperatorApi().GetBudgetAsync(task);
        Assert.Equal(0, server.Spent);
        Assert.All(server.Entries.Take(uploads), e => Assert.Equal(SecureFed.Privacy.Budget.BudgetState.Void, e.State));
        TaskSpending cost = Assert.Single(await ledger.ReadAsync());
        Assert.Equal(uploads, cost.Rounds);
        Assert.InRange(cost.Epsilon, plan.Epsilon * 0.9, 5);
    }

    private sealed class StoppedException : Exception;

    /// <summary>Saves the upload and stops before it is sent.</summary>
    private sealed class StoppingStore(IRoundStateStore inner, bool stops) : IRoundStateStore
    {
        public Task<SavedRounds?> LoadAsync(Identifier taskId, CancellationToken cancellationToken = default) => inner.LoadAsync(taskId, cancellationToken);

        public async Task SaveAsync(Identifier taskId, SavedRounds saved, RoundPhase step, CancellationToken cancellationToken = default)
        {
            await inner.SaveAsync(taskId, saved, step, cancellationToken);
            if (stops && step == RoundPhase.Upload)
                throw new StoppedException();
        }

        public Task EraseRoundAsync(Identifier taskId, int lastRoundNumber, CancellationToken cancellationToken = default) =>
            inner.EraseRoundAsync(taskId, lastRoundNumber, cancellationToken);
    }

    /// <summary>Ends the round on the operator's word as soon as this client's upload has arrived.</summary>
    private sealed class AbortingHandler(SecureFedOperator taskOperator, Identifier task) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            string[] parts = request.RequestUri!.AbsolutePath.Split('/');
            if (parts[^2] == "uploads")
                await taskOperator.AbortRoundAsync(task, Identifier.Parse(parts[^3]), cancellationToken);
            return response;
        }
    }
}
