using System.CommandLine;
using System.Diagnostics;
using SecureFed.Cli.Output;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Learning.Statistics;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Stats;

/// <summary>Posts a statistics task as an operator, and waits until its clients have answered.</summary>
internal static class StatsServerRun
{
    public static async Task<int> ExecuteAsync(StatsOptions asked, StatsServerOptions options, ParseResult parsed, Terminal terminal, CancellationToken cancellationToken)
    {
        Stopwatch watch = Stopwatch.StartNew();
        StatsPlan.RequirePrivacy(asked);
        StatisticsQuery query = StatsQuestions.Read(asked, known: null);
        Identifier taskId = Identifier.Random(OperatingSystemRandomSource.Instance);
        TaskDefinition definition = options.ToDefinition(parsed, taskId, StatsQuestions.ToDefinition(query, asked.Cells), asked);
        using SigningKey signer = options.LoadKey(parsed);
        using HttpClient http = SignedHttpClient.Create(options.Server(parsed), options.Pin(parsed), options.Id(parsed), signer);
        SecureFedOperator taskOperator = new(http);
        await taskOperator.CreateTaskAsync(definition, cancellationToken);
        terminal.Note($"Task {taskId} asks {query.Statistics.Count} statistics in {query.Rounds} round(s); waiting for its clients.");
        await StatsRun.WaitAsync(taskOperator, taskId, cancellationToken);
        TaskView task = await taskOperator.GetTaskAsync(taskId, cancellationToken);
        StatsResult result = new(
            watch.Elapsed.TotalSeconds,
            query.Read([.. (await StatsRun.ReadAsync(taskOperator, task, cancellationToken)).Parameters]),
            null,
            await taskOperator.GetRoundsAsync(taskId, cancellationToken),
            asked.Privacy == PrivacyUnit.None ? null : await taskOperator.GetBudgetAsync(taskId, cancellationToken),
            null,
            null);
        if (terminal.IsJson)
        {
            terminal.WriteJson(StatsReport.ToDocument(result, query, null, taskId.ToString(), ProtectionKind.Masking, result.Rounds.Select(r => r.Cohort).DefaultIfEmpty().Max()));
            return SecureFedCommand.Done;
        }

        StatsReport.WriteTable(result, query, terminal);
        StatsCommand.WriteBudget(result, terminal);
        terminal.WriteLine($"Task {taskId}, {task.Entries} log entries. Verify what the server says: securefed audit verify");
        return SecureFedCommand.Done;
    }
}
