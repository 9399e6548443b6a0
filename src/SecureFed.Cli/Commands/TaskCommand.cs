using System.CommandLine;
using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Client;
using SecureFed.Client.Configuration;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Resources;
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
            return (await taskOperator.CreateTaskAsync(read, token), []);
        });
        Bind(show, terminal, [task], async (taskOperator, parsed, token) =>
        {
            Identifier id = CommandOptions.ReadIdentifier(parsed.GetValue(task)!, "--task");
            return (await taskOperator.GetTaskAsync(id, token), await taskOperator.GetRoundsAsync(id, token));
        });
        return new Command("task", "Creates and shows tasks, as an operator.") { create, show };
    }

    private static void Bind(
        Command command,
        Terminal terminal,
        Option[] own,
        Func<SecureFedOperator, ParseResult, CancellationToken, Task<(TaskView Task, IReadOnlyList<RoundView> Rounds)>> run)
    {
        Option<string> server = CommandOptions.Required("--server", "Server address, https.");
        Option<string> pin = CommandOptions.Optional("--certificate-pin", "SHA-256 of the server certificate's key, as 'securefed server' prints it.");
        Option<string> id = CommandOptions.Required("--id", "Operator's identifier in the roster.");
        Option<string> key = CommandOptions.Required("--key", "Operator's key (PEM).");
        foreach (Option option in own.Concat([server, pin, id, key, CommandOptions.Json()]))
            command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SigningKey signer = IdentityFile.Load(parsed.GetValue(key)!, CommandOptions.Passphrase);
            using HttpClient http = SignedHttpClient.Create(
                CommandOptions.ReadAddress(parsed.GetValue(server)!),
                parsed.GetValue(pin),
                CommandOptions.ReadIdentifier(parsed.GetValue(id)!, "--id"),
                signer);
            (TaskView task, IReadOnlyList<RoundView> rounds) = await run(new SecureFedOperator(http), parsed, cancellationToken);
            Show(terminal, task, rounds);
            return SecureFedCommand.Done;
        });
    }

    private static void Show(Terminal terminal, TaskView task, IReadOnlyList<RoundView> rounds)
    {
        if (terminal.IsJson)
        {
            terminal.WriteJson(JsonSerializer.SerializeToElement(new { task, rounds }, ResourceJson.Options));
            return;
        }

        terminal.WriteLine($"{task.Name} ({task.TaskId}): {task.CompletedRounds} of {task.ScheduledRounds} rounds, {(task.Finished ? $"finished {task.FinishReason}" : "running")}");
        foreach (RoundView round in rounds)
            terminal.WriteLine($"  round {round.Number} {round.Kind}: {round.Phase}, {round.Survivors} of {round.Cohort} in the sum {round.AbortReason}");
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
