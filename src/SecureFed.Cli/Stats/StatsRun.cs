using System.Diagnostics;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Demo;
using SecureFed.Cli.Output;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Randomness;
using SecureFed.Learning.Statistics;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Stats;

/// <summary>Starts the parties of a demo, lets them answer, and compares with the rows in one place.</summary>
internal static class StatsRun
{
    public static async Task<StatsResult> ExecuteAsync(StatsPlan plan, string? directory, CancellationToken cancellationToken)
    {
        Stopwatch watch = Stopwatch.StartNew();
        DemoPlan parties = plan.Consortium;
        await using DemoConsortium consortium = await DemoConsortium.StartAsync(parties.Clients, directory is null ? null : Path.Combine(directory, "server"), parties.Protection, cancellationToken);
        using HttpClient operatorHttp = SignedHttpClient.Create(consortium.Address, consortium.CertificatePin, consortium.Operator.Id, consortium.Operator.Key);
        SecureFedOperator taskOperator = new(operatorHttp);
        Identifier taskId = Identifier.Random(OperatingSystemRandomSource.Instance);
        await taskOperator.CreateTaskAsync(parties.ToDefinition(taskId), cancellationToken);
        SumCheck sums = new();
        await DemoRun.RunPartiesAsync(parties, consortium, taskId, directory, sums, token => WaitAsync(taskOperator, taskId, token), cancellationToken);

        IReadOnlyList<RoundView> rounds = await taskOperator.GetRoundsAsync(taskId, cancellationToken);
        await DemoRun.CheckSumsAsync(taskOperator, taskId, rounds.Where(r => r.Phase == RoundPhase.Closed).Select(r => Identifier.Parse(r.RoundId)), sums, cancellationToken);
        TaskView task = await taskOperator.GetTaskAsync(taskId, cancellationToken);
        DemoAudit audit = new(consortium, parties, taskId);
        AuditResult verification = directory is null
            ? await audit.VerifyServedAsync(task.Entries, cancellationToken)
            : await audit.VerifyCopyAsync(directory, task.Entries, cancellationToken);
        return new StatsResult(
            watch.Elapsed.TotalSeconds,
            plan.Query.Read([.. (await ReadAsync(taskOperator, task, cancellationToken)).Parameters]),
            CentralStatistics.Of(plan.Query, parties.Data.Pool()),
            rounds,
            parties.Privacy.HasNoise ? await taskOperator.GetBudgetAsync(taskId, cancellationToken) : null,
            verification,
            sums);
    }

    /// <summary>Until the task has answered.</summary>
    /// <exception cref="CommandException">It was given up.</exception>
    public static async Task WaitAsync(SecureFedOperator taskOperator, Identifier taskId, CancellationToken cancellationToken)
    {
        await foreach (TaskView task in taskOperator.WatchAsync(taskId, cancellationToken))
            DemoWatch.RequireNotGivenUp(task);
    }

    public static async Task<ModelState> ReadAsync(SecureFedOperator taskOperator, TaskView task, CancellationToken cancellationToken) =>
        Digest.TryParse(task.ModelDigest, out Digest digest)
            ? await taskOperator.GetModelAsync(digest, cancellationToken)
            : throw new UnreachableException("The server's own lineage holds a malformed digest.");
}
