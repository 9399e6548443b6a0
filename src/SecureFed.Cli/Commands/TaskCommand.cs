using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Client.Log;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed task</c>: what an operator does.</summary>
internal static class TaskCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> definition = CommandOptions.Required("--definition", "Task definition (JSON).");
        Command create = new("create", "Creates and starts a task.");
        Option<string> task = CommandOptions.Required("--task", "Task identifier.");
        Command show = new("show", "Shows a task and its rounds.");
        Bind(create, terminal, [definition], async (taskOperator, parsed, token) =>
        {
            TaskDefinition read = ReadDefinition(parsed.GetValue(definition)!);
            return Show(terminal, await taskOperator.CreateTaskAsync(read, token), []);
        });
        Bind(show, terminal, [task], async (taskOperator, parsed, token) =>
        {
            Identifier id = CommandOptions.ReadIdentifier(parsed.GetValue(task)!, "--task");
            return Show(terminal, await taskOperator.GetTaskAsync(id, token), await taskOperator.GetRoundsAsync(id, token));
        });
        return new Command("task", "Creates, changes and shows tasks and publishes rosters, as an operator; approves changes, as an approver; shows budgets and checks participation, as anybody enrolled.")
        {
            create, show, Roster(terminal), Participation(terminal), Budget(terminal), ChangeCommands.Change(terminal), ChangeCommands.Approve(terminal), ChangeCommands.List(terminal),
        };
    }

    /// <summary>Enrolment is the authority's act; the operator only hands its signed roster on.</summary>
    private static Command Roster(Terminal terminal)
    {
        Option<string> roster = CommandOptions.Required("--roster", "Roster signed by the roster authority, as 'securefed keys sign-roster' writes it.");
        Command command = new("roster", "Puts a newer roster in force: at once for requests, and for each running task before its next round.");
        Bind(command, terminal, [roster], async (taskOperator, parsed, token) =>
        {
            (RosterView view, bool isNew) = await taskOperator.PublishRosterAsync(await File.ReadAllBytesAsync(parsed.GetValue(roster)!, token), token);
            ShowRoster(terminal, view, isNew);
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static void ShowRoster(Terminal terminal, RosterView view, bool isNew)
    {
        if (terminal.IsJson)
        {
            terminal.WriteJson(JsonSerializer.SerializeToElement(new { isNew, roster = view }, ResourceJson.Options));
            return;
        }

        terminal.WriteLine($"Roster {view.Sequence} is in force{(isNew ? "" : " already")}: {view.Members} members, clients of {view.ClientOrganisations} organisations, digest {view.Digest}");
        foreach (RosterTaskView task in view.Tasks)
            terminal.WriteLine($"  task {task.TaskId}: {(task.Refusal is { } refusal ? $"goes on under roster {task.Sequence}: {refusal}" : task.Sequence == view.Sequence ? "goes by it" : $"goes by it from its next round, by roster {task.Sequence} until then")}");
    }

    /// <summary>Whose word counts is the signed log's: the server's report is compared with it.</summary>
    private static Command Participation(Terminal terminal)
    {
        Option<string> task = CommandOptions.Required("--task", "Task identifier.");
        Option<string> policy = CommandOptions.Required("--policy", "Client policy file (JSON): the server key to believe, and the witnesses.");
        Option<string> state = CommandOptions.Optional("--state", "State directory of an own client: the log must continue the checkpoint that it keeps.");
        Command command = new("participation", "How near the survivors of each released sum come to those of an earlier one, recomputed from the signed log.");
        Bind(command, terminal, [task, policy, state], async (reader, parsed, token) =>
        {
            Identifier id = CommandOptions.ReadIdentifier(parsed.GetValue(task)!, "--task");
            (IReadOnlyList<Participation> sums, string? fault) = await reader.AuditParticipationAsync(
                id, PolicyFile.Load(parsed.GetValue(policy)!), parsed.GetValue(state) is { } kept ? new FileLogMemory(kept) : null, token);
            ParticipationView[] recomputed = [.. sums.Select(s => new ParticipationView(s.Round, s.RoundId.ToString(), s.Kind, s.Survivors, s.NearestRound, s.Difference))];

            // Asked for afterwards, so it may have a sum more, but none less.
            if (fault is null && !recomputed.SequenceEqual((await reader.GetParticipationAsync(id, token)).Take(recomputed.Length)))
                fault = "The server's report differs from what its signed log says.";
            ShowParticipation(terminal, recomputed, fault);
            return fault is null ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;
        });
        return command;
    }

    private static Command Budget(Terminal terminal)
    {
        Option<string> task = CommandOptions.Required("--task", "Task identifier.");
        Command command = new("budget", "What a task may tell, has told, and with which releases.");
        Bind(command, terminal, [task], async (reader, parsed, token) =>
        {
            ShowBudget(terminal, await reader.GetBudgetAsync(CommandOptions.ReadIdentifier(parsed.GetValue(task)!, "--task"), token));
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static void ShowBudget(Terminal terminal, BudgetView budget)
    {
        if (terminal.IsJson)
        {
            terminal.WriteJson(JsonSerializer.SerializeToElement(budget, ResourceJson.Options));
            return;
        }

        Line($"unit {budget.Unit}, data set '{budget.DataSet}': epsilon {budget.Epsilon:G6} at delta {budget.Delta:G3}, order {budget.Order}");
        Line($"spent epsilon {budget.EpsilonSpent:G6}: {budget.Spent} of {budget.Units} units, {budget.Reserved} reserved, {budget.Left} left");
        Line($"as the server and its colluders see it: {budget.Views.Server:G6}; as who only reads the models: {budget.Views.ModelReaders:G6}");
        foreach (ReleaseView release in budget.Releases)
            Line($"  a {release.Kind} round costs {release.Charge} units: noise multiplier {release.NoiseMultiplier:G6}, sampling rate {release.SamplingRate:G6}");
        foreach (ChargeView charge in budget.Entries)
            Line($"  round {charge.Round} {charge.Kind}: {charge.Units} units, {charge.State}");
        if (budget.Refusal is { } refusal)
            terminal.WriteLine(refusal);

        void Line(FormattableString text) => terminal.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }

    private static void ShowParticipation(Terminal terminal, IReadOnlyList<ParticipationView> sums, string? fault)
    {
        if (terminal.IsJson)
        {
            terminal.WriteJson(JsonSerializer.SerializeToElement(new { verified = fault is null, fault, sums }, ResourceJson.Options));
            return;
        }

        foreach (ParticipationView sum in sums)
            terminal.WriteLine($"  round {sum.Round} {sum.Kind}: {sum.Survivors} in the sum, {(sum.Difference is { } difference ? $"{difference} clients from round {sum.NearestRound}" : "no other set of clients before")}");
        terminal.WriteLine(fault is null ? "Recomputed from the signed log; the server's report agrees." : $"Not verified: {fault}");
    }

    private static void Bind(Command command, Terminal terminal, Option[] own, Func<SecureFedOperator, ParseResult, CancellationToken, Task<int>> run) =>
        Bind(command, terminal, own, (api, _, _, parsed, token) => run(api, parsed, token));

    internal static void Bind(Command command, Terminal terminal, Option[] own, Func<SecureFedOperator, Identifier, SigningKey, ParseResult, CancellationToken, Task<int>> run)
    {
        Option<string> server = CommandOptions.Required("--server", "Server address, https.");
        Option<string> pin = CommandOptions.Optional("--certificate-pin", "SHA-256 of the server certificate's key, as 'securefed server' prints it.");
        Option<string> id = CommandOptions.Required("--id", "Own identifier in the roster.");
        Option<string> key = CommandOptions.Required("--key", "Own key (PEM).");
        foreach (Option option in own.Concat([server, pin, id, key, CommandOptions.Json()]))
            command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SigningKey signer = IdentityFile.Load(parsed.GetValue(key)!, CommandOptions.Passphrase);
            Identifier self = CommandOptions.ReadIdentifier(parsed.GetValue(id)!, "--id");
            using HttpClient http = SignedHttpClient.Create(CommandOptions.ReadAddress(parsed.GetValue(server)!), parsed.GetValue(pin), self, signer);
            return await run(new SecureFedOperator(http), self, signer, parsed, cancellationToken);
        });
    }

    private static int Show(Terminal terminal, TaskView task, IReadOnlyList<RoundView> rounds)
    {
        if (terminal.IsJson)
        {
            terminal.WriteJson(JsonSerializer.SerializeToElement(new { task, rounds }, ResourceJson.Options));
            return SecureFedCommand.Done;
        }

        terminal.WriteLine($"{task.Name} ({task.TaskId}): {task.CompletedRounds} of {task.ScheduledRounds} rounds, {(task.Finished ? $"finished {task.FinishReason}" : task.AwaitsApproval ? "awaits the approval of its start" : "running")}");
        foreach (RoundView round in rounds)
            terminal.WriteLine($"  round {round.Number} {round.Kind}: {round.Phase}, {round.Survivors} of {round.Cohort} in the sum {round.AbortReason}");
        return SecureFedCommand.Done;
    }

    private static TaskDefinition ReadDefinition(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<TaskDefinition>(File.ReadAllBytes(path), ResourceJson.Options) ?? throw new JsonException("The file is empty.");
        }
        catch (JsonException exception)
        {
            throw CommandException.Refuse(Protocol.Errors.ErrorCodes.InvalidTask, $"'{path}' is no task definition: {exception.Message}", "Compare it with keys-sample/task.json.");
        }
    }
}
