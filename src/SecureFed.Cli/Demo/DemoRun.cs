using System.Diagnostics;
using System.Runtime.ExceptionServices;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Output;
using SecureFed.Client;
using SecureFed.Client.Holding;
using SecureFed.Client.Http;
using SecureFed.Client.Ledger;
using SecureFed.Client.Log;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Learning;
using SecureFed.Learning.Baselines;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Training;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary>Starts the parties, lets them work over HTTP and watches as an operator does.</summary>
internal static class DemoRun
{
    /// <summary>Runs the task to its end, or goes on with it where a former process was interrupted.</summary>
    /// <param name="plan">Who takes part in what.</param>
    /// <param name="folder">Directory of <c>--out</c>; null keeps everything in memory. Its keys go when the task has ended without a result; with one the caller ends it.</param>
    /// <param name="terminal">Shows progress.</param>
    /// <param name="cancellationToken">Interrupts.</param>
    public static async Task<DemoResult> ExecuteAsync(DemoPlan plan, DemoFolder? folder, Terminal terminal, CancellationToken cancellationToken)
    {
        DemoKeys keys = folder?.LoadKeys() ?? DemoKeys.Create(plan.Clients, plan.Protection);
        await using DemoConsortium consortium = await DemoConsortium.StartAsync(keys, folder is null ? null : Path.Combine(folder.Path, "server"), plan.Protection, cancellationToken);
        using HttpClient operatorHttp = SignedHttpClient.Create(consortium.Address, consortium.CertificatePin, consortium.Operator.Id, consortium.Operator.Key);
        SecureFedOperator taskOperator = new(operatorHttp);
        Identifier taskId = folder?.TaskId ?? Identifier.Random(OperatingSystemRandomSource.Instance);
        try
        {
            return await GoOnAsync(plan, consortium, folder, taskOperator, taskId, terminal, cancellationToken);
        }
        catch (Exception exception) when (folder is not null && !cancellationToken.IsCancellationRequested)
        {
            if (exception is LearningException || await HasEndedAsync(taskOperator, taskId))
                folder.End();
            throw;
        }
    }

    private static async Task<DemoResult> GoOnAsync(
        DemoPlan plan, DemoConsortium consortium, DemoFolder? folder, SecureFedOperator taskOperator, Identifier taskId, Terminal terminal, CancellationToken cancellationToken)
    {
        Stopwatch watch = Stopwatch.StartNew();
        await CreateTaskAsync(plan, consortium, folder, taskOperator, taskId, cancellationToken);
        DemoPast past = folder is { Run.Resumptions: > 0 } ? await DemoPast.OfAsync(plan, folder.Run.Resumptions, taskOperator, taskId, cancellationToken) : DemoPast.None;
        if (past.Times > 0)
            terminal.Note(past.ToString());
        SumCheck sums = new();
        DemoWatch observer = new(plan, taskOperator, taskId, terminal);
        (long Up, long Down)[] bytes = await RunPartiesAsync(plan, consortium, taskId, folder?.Path, sums, observer.WatchAsync, cancellationToken);
        return await SummariseAsync(plan, consortium, folder?.Path, taskOperator, taskId, observer, sums, bytes, watch, past, cancellationToken);
    }

    /// <summary>Changes nothing if an interrupted process has created the task, as long as it is the same task.</summary>
    private static async Task CreateTaskAsync(DemoPlan plan, DemoConsortium consortium, DemoFolder? folder, SecureFedOperator taskOperator, Identifier taskId, CancellationToken cancellationToken)
    {
        const string OtherTask = "From the same options this version of securefed makes another task than the one that was interrupted.";
        const string Advice = "Resume with the version that began the run, or start anew with another --out.";
        if (consortium.Clients.Count != plan.Clients)
            throw CommandException.Refuse("plan-changed", OtherTask, Advice);
        try
        {
            await taskOperator.CreateTaskAsync(plan.ToDefinition(taskId), cancellationToken);
        }
        catch (SecureFedException exception) when (folder is not null && string.Equals(exception.Code, ErrorCodes.ConflictingTask, StringComparison.Ordinal))
        {
            throw CommandException.Refuse("plan-changed", OtherTask, Advice);
        }
    }

    /// <summary>Whether there is nothing to go on with: the task is over, or was refused.</summary>
    private static async Task<bool> HasEndedAsync(SecureFedOperator taskOperator, Identifier taskId)
    {
        try
        {
            return (await taskOperator.GetTaskAsync(taskId, CancellationToken.None)).Finished;
        }
        catch (SecureFedException exception)
        {
            return exception.Code is ErrorCodes.UnknownTask;
        }
    }

    /// <summary>Lets clients and key holders work until the task is over.</summary>
    /// <param name="plan">Who they are.</param>
    /// <param name="consortium">Running.</param>
    /// <param name="taskId">Created.</param>
    /// <param name="directory">Of <c>--out</c>; null to keep state in memory.</param>
    /// <param name="sums">Gets every contribution.</param>
    /// <param name="observe">Follows the task to its end.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Bytes of every client.</returns>
    internal static async Task<(long Up, long Down)[]> RunPartiesAsync(
        DemoPlan plan, DemoConsortium consortium, Identifier taskId, string? directory, SumCheck sums, Func<CancellationToken, Task> observe, CancellationToken cancellationToken)
    {
        PeerKeyCache peerKeys = new(8 * plan.Clients);
        CohortMemory cohorts = new();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<(long Up, long Down)>[] clients = [.. Enumerable.Range(0, plan.Clients).Select(i => Task.Run(() => RunClientAsync(plan, consortium, taskId, i, StateOf(directory, i), peerKeys, cohorts, sums, stop.Token), stop.Token))];
        Task[] holders = [.. consortium.Holders.Select((_, i) => Task.Run(() => RunHolderAsync(plan, consortium, taskId, i, directory, stop.Token), stop.Token))];
        try
        {
            Task watching = observe(stop.Token);
            await await Task.WhenAny([watching, .. clients.Concat(holders).Select(FailFastAsync)]);
            await watching;
            (long Up, long Down)[] bytes = await Task.WhenAll(clients);
            await Task.WhenAll(holders);
            return bytes;
        }
        catch
        {
            await stop.CancelAsync();
            await Task.WhenAll(clients.Concat(holders)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        // A client that fails ends the demo with its reason; one that is merely done first does not.
        static async Task FailFastAsync(Task client)
        {
            await client;
            await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
        }
    }

    private static IRoundStateStore StateOf(string? directory, int client) => directory is null
        ? new MemoryRoundStateStore()
        : new FileRoundStateStore(Path.Combine(directory, "clients", FormattableString.Invariant($"client-{client + 1}")));

    private static async Task<(long Up, long Down)> RunClientAsync(
        DemoPlan plan, DemoConsortium consortium, Identifier taskId, int index, IRoundStateStore state, PeerKeyCache peerKeys, CohortMemory cohorts, SumCheck sums, CancellationToken cancellationToken)
    {
        SecureFedClientOptions options = new()
        {
            ServerAddress = consortium.Address,
            ServerCertificatePin = consortium.CertificatePin,
            TaskId = taskId,
            ClientId = consortium.Clients[index].Id,
            Signer = consortium.Clients[index].Key,
            Policy = consortium.PolicyFor(plan.Cohort, plan.Privacy.Definition),
            PeerKeys = peerKeys,
            Cohorts = cohorts,
            StateStore = new DropoutStore(plan.Dropout, (ulong)index, plan.Protection, state),
            Ledger = state is FileRoundStateStore files ? new FilePrivacyLedger(files.Directory) : null,
            LogMemory = state is FileRoundStateStore kept ? new FileLogMemory(kept.Directory) : null,
        };
        using HttpClient http = SignedHttpClient.Create(consortium.Address, consortium.CertificatePin, options.ClientId, options.Signer);
        SecureFedClient client = new(http, options, TimeProvider.System);
        DataSetTrainer trainer = new(plan.Data.Clients[index], DemoPlan.Seed + (ulong)index);
        while (true)
        {
            try
            {
                await client.RunAsync(trainer, new Recorder(sums), cancellationToken);
                return (client.BytesUp, client.BytesDown);
            }
            catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.TrainingDiverged, StringComparison.Ordinal))
            {
                return (client.BytesUp, client.BytesDown); // Whoever watches the task says so, and how the last model did.
            }
            catch (SimulatedDropoutException)
            {
                // The machine is back; it joins from the next round on.
            }
        }
    }

    private static async Task RunHolderAsync(DemoPlan plan, DemoConsortium consortium, Identifier taskId, int index, string? directory, CancellationToken cancellationToken)
    {
        (Identifier id, SigningKey key) = consortium.Holders[index];
        SecureFedKeyHolderOptions options = new()
        {
            ServerAddress = consortium.Address,
            ServerCertificatePin = consortium.CertificatePin,
            TaskId = taskId,
            HolderId = id,
            Signer = key,
            Policy = consortium.PolicyFor(plan.Cohort, plan.Privacy.Definition),
        };
        using FileHolderStateStore? files = directory is null ? null : new FileHolderStateStore(Path.Combine(directory, "holders", FormattableString.Invariant($"holder-{index + 1}")), consortium.HolderStateKeys[index]);
        if (files is not null)
            options.StateStore = files;
        using HttpClient http = SignedHttpClient.Create(consortium.Address, consortium.CertificatePin, id, key);
        await new SecureFedKeyHolder(http, options, TimeProvider.System).RunAsync(progress: null, cancellationToken);
    }

    private static async Task<DemoResult> SummariseAsync(
        DemoPlan plan,
        DemoConsortium consortium,
        string? directory,
        SecureFedOperator taskOperator,
        Identifier taskId,
        DemoWatch observer,
        SumCheck sums,
        (long Up, long Down)[] bytes,
        Stopwatch watch,
        DemoPast past,
        CancellationToken cancellationToken)
    {
        (MetricsView? federated, ExplanationView? explanation) = await CheckSumsAsync(taskOperator, taskId, observer.ClosedRounds, sums, cancellationToken);
        TaskView task = await taskOperator.GetTaskAsync(taskId, cancellationToken);
        DemoAudit audit = new(consortium, plan, taskId);
        AuditResult verification = directory is null
            ? await audit.VerifyServedAsync(task.Entries, cancellationToken)
            : await audit.VerifyCopyAsync(directory, task.Entries, cancellationToken);
        (IScoringModel model, Standardizer standardizer) = observer.Current;
        double perRound = bytes.Length * Math.Max(1.0, observer.AllRounds - past.Rounds);
        return new DemoResult(
            watch.Elapsed.TotalSeconds,
            observer.TrainingRounds,
            observer.AllRounds - observer.ClosedRounds.Count,
            sums,
            plan.Privacy.HasNoise ? await taskOperator.GetBudgetAsync(taskId, cancellationToken) : null,
            ModelEvaluation.Evaluate(model, plan.Data.Test, standardizer),
            plan.Trees is { } trees
                ? ModelEvaluation.Evaluate(TreeBaseline.Fit(plan.Data.Pool(), plan.Data.Schema, trees.Options, DemoPlan.Seed), plan.Data.Test, standardizer)
                : CentralBaseline.Fit(plan.Data.Pool(), GlobalModel.Initial(plan.Form.Shape, ModelStep.SeedOf(taskId)), plan.Scenario.Penalty).Evaluate(plan.Data.Test),
            federated,
            model,
            standardizer,
            observer.ClipNorm,
            verification,
            bytes.Sum(b => b.Up) / perRound,
            bytes.Sum(b => b.Down) / perRound,
            observer.State!,
            explanation,
            past.Times == 0 ? null : new DemoResumption(past.Times, observer.ClosedRounds.Count, sums.ExactSums + sums.NoisySums, past.LostLeaves));
    }

    /// <summary>Compares every released sum with what the clients put in.</summary>
    /// <returns>What evaluation and explanation rounds told, if the task has any.</returns>
    internal static async Task<(MetricsView? Metrics, ExplanationView? Explanation)> CheckSumsAsync(SecureFedOperator taskOperator, Identifier taskId, IEnumerable<Identifier> closedRounds, SumCheck sums, CancellationToken cancellationToken)
    {
        (MetricsView? Metrics, ExplanationView? Explanation) told = default;
        foreach (Identifier roundId in closedRounds)
        {
            ManifestView manifest = await taskOperator.GetManifestAsync(taskId, roundId, cancellationToken);
            told = (manifest.Metrics ?? told.Metrics, manifest.Explanation ?? told.Explanation);
            byte[] aggregate = await taskOperator.GetAggregateAsync(taskId, roundId, cancellationToken);
            if (!sums.Compare(manifest, aggregate))
                throw CommandException.Refuse("sum-not-exact", $"The sum of round {manifest.Round.Number} is not the sum of the clients' updates.", "This is a bug; report it with the command line.");
        }

        return sums.IsNoisePlausible
            ? told
            : throw CommandException.Refuse("noise-not-as-claimed", $"The noise in the sums is {DemoReport.Text(sums.NoiseRatio ?? 0, "0.000")} times the claimed one.", "This is a bug; report it with the command line.");
    }

    private sealed class Recorder(SumCheck sums) : IProgress<RoundOutcome>
    {
        /// <summary>With noise a client whose training diverged goes on with zeros, which nobody sees; the demo says so instead.</summary>
        public void Report(RoundOutcome value)
        {
            if (value.Fault is TrainingDivergedException diverged)
                ExceptionDispatchInfo.Throw(diverged);
            sums.Record(value);
        }
    }
}
