extern alias server;
using System.Collections.Concurrent;
using SecureFed.Client;
using SecureFed.Client.Log;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;
using SecureFed.Service.Tests.Storage;

namespace SecureFed.Service.Tests.Crashes;

/// <summary>One file system call of a whole round fails, through server, host, log and store: no receipt that does not last, and the round goes on.</summary>
/// <remarks>Creation of the store and the task, all messages and lists, tiles, guard, checkpoints, model, retention. Every <see cref="Stride"/>th call; with <c>SECUREFED_ALL_FAULTS=1</c> every one.</remarks>
public class ServerFaultTests(ITestOutputHelper output)
{
    private const int Clients = 3;
    private const int Stride = 13;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(Fault.InputOutput)]
    [InlineData(Fault.NoSpace)]
    [InlineData(Fault.Interrupted)]
    [InlineData(Fault.ShortWrite)]
    public async Task No_receipt_is_lost_to_a_fault_at_any_call_of_a_round(Fault fault)
    {
        int stride = Environment.GetEnvironmentVariable("SECUREFED_ALL_FAULTS") == "1" ? 1 : Stride;
        Dictionary<string, int> sites = [];
        int restarts = 0;
        int aborted = 0;
        for (int site = (int)fault; ; site += stride)
        {
            await using StoredServer server = await StoredServer.CreateAsync(Clients);
            FaultingCalls calls = new(HookedCalls.WithoutFlush, site, fault);
            Case run = new(server, calls, fault);
            await run.ExecuteAsync();
            if (calls.Failed is not { } failed)
                break;
            sites[failed] = sites.GetValueOrDefault(failed) + 1;
            restarts += run.HasRestarted ? 1 : 0;
            Assert.True(fault is Fault.InputOutput or Fault.NoSpace || !run.HasRestarted, $"site {site} ({failed}): {run.FirstFailure}");
            LogAudit audit = await run.AuditAsync();
            aborted += audit.State.Rounds.Count(r => r.AbortReason is not null);
        }

        output.WriteLine($"{fault}: {sites.Values.Sum()} cases ({string.Join(", ", sites.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key} {s.Value}"))}), {restarts} restarts, {aborted} rounds aborted");
        Assert.InRange(sites.Values.Sum(), 5, int.MaxValue);
    }

    /// <summary>One task of one round over a store that fails once.</summary>
    private sealed class Case(StoredServer server, FaultingCalls calls, Fault fault)
    {
        private readonly TaskDefinition definition = Definitions.FedSgd(Clients, 0.1) with { Schedule = new ScheduleDefinition { TrainRounds = 1, GreatestFailures = 3 } };
        private readonly MemoryRoundStateStore[] states = [.. Enumerable.Range(0, Clients).Select(_ => new MemoryRoundStateStore())];
        private readonly MemoryLogMemory[] memories = [.. Enumerable.Range(0, Clients).Select(_ => new MemoryLogMemory())];
        private readonly ConcurrentQueue<Acknowledged> acknowledged = new();

        public bool HasRestarted { get; private set; }

        public Exception? FirstFailure { get; private set; }

        private Identifier TaskId => Identifier.Parse(definition.TaskId!);

        public async Task ExecuteAsync()
        {
            try
            {
                await server.StartAsync(calls, retainedRounds: 0);
                await RunAsync(isFailing: true);
            }
            catch (SecureFedException exception)
            {
                // The store takes nothing more, as an operator sees it: the server is started again.
                FirstFailure = exception;
                HasRestarted = true;
                await server.StopAsync();
                await server.StartAsync(retainedRounds: 0);
                await RunAsync(isFailing: false);
            }

            await server.StopAsync();
        }

        public async Task<LogAudit> AuditAsync()
        {
            await server.StartAsync(retainedRounds: 0); // Publishes and deletes what the fault delayed.
            using CancellationTokenSource patience = new(Patience);
            while (await server.HostOf(TaskId).ReadAsync(state => state.Rounds.Any(r => state.HoldsVectors(r.RoundId)), patience.Token))
                await Task.Delay(10, patience.Token);
            await server.StopAsync();
            LogAudit audit = await server.AuditAsync(TaskId);
            foreach (Acknowledged one in acknowledged)
                Assert.Equal(audit.Entries[(int)one.Receipt.Index], one.Receipt.Bytes);
            Assert.Equal((true, ""), (audit.State.IsFinished, audit.State.FinishReason));
            Assert.All(audit.State.Rounds, r => Assert.False(audit.State.HoldsVectors(r.RoundId)));
            return audit;
        }

        private async Task RunAsync(bool isFailing)
        {
            using CancellationTokenSource patience = new(Patience);
            await CreateAsync();
            Task all = FinishAsync(patience.Token);
            if (isFailing && await Task.WhenAny(all, StoreFailedAsync(patience.Token)) != all)
            {
                await patience.CancelAsync();
                await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new SecureFedException(ErrorCodes.StorageUnavailable, "The store has failed for good.");
            }

            await all;
            await patience.CancelAsync();
        }

        private async Task FinishAsync(CancellationToken cancellationToken)
        {
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => ContributeAsync(i, cancellationToken)));
            using HttpClient http = server.HttpFor(server.Operator);
            while (!(await (await http.GetAsync(Routes.Task(TaskId), cancellationToken)).ReadAsync<TaskView>()).Finished)
                await Task.Delay(20, cancellationToken);
        }

        /// <summary>An operator repeats a creation that failed, once.</summary>
        private async Task CreateAsync()
        {
            try
            {
                await server.CreateTaskAsync(definition);
            }
            catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.StorageUnavailable, StringComparison.Ordinal))
            {
                await server.CreateTaskAsync(definition);
            }
        }

        private async Task ContributeAsync(int i, CancellationToken cancellationToken)
        {
            SecureFedClientOptions options = server.OptionsFor(i, TaskId);
            (options.StateStore, options.LogMemory) = (states[i], memories[i]);
            SecureFedClient client = new(server.HttpFor(server.Clients[i], new Acknowledgements(i, acknowledged)), options, TimeProvider.System);
            double[] update = new double[Clients];
            update[i] = 1;
            try
            {
                while ((await client.ContributeAsync(update, cancellationToken: cancellationToken)).Status is not (RoundStatus.Contributed or RoundStatus.Resumed))
                    await Task.Yield();
            }
            catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.TaskFinished, StringComparison.Ordinal))
            {
                // Its part was done before the restart.
            }
        }

        /// <summary>Completes when the store refuses to write for good, which no client is told outright, and what could go on without it had its time.</summary>
        private async Task StoreFailedAsync(CancellationToken cancellationToken)
        {
            while (!(calls.Failed is { } failed && (fault == Fault.InputOutput || (fault == Fault.NoSpace && failed is not ("Open" or "Write" or "Rename" or "CreateDirectory")))))
                await Task.Delay(20, cancellationToken);
            await Task.Delay(1500, cancellationToken);
        }
    }
}
