using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Client.Ledger;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed client ledger</c>: what each task has cost a client's data, by the client's own account.</summary>
internal static class ClientLedgerCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> state = CommandOptions.Required("--state", "The client's state directory.");
        Command command = new("ledger", "What each task has cost this client's data, by its own account.") { state, CommandOptions.Json() };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string directory = parsed.GetValue(state)!;
            if (!Directory.Exists(directory))
                throw new DirectoryNotFoundException($"There is no directory '{directory}'.");
            Show(terminal, await new FilePrivacyLedger(directory).ReadAsync(cancellationToken));
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static void Show(Terminal terminal, IReadOnlyList<TaskSpending> tasks)
    {
        if (terminal.IsJson)
        {
            terminal.WriteJson(JsonSerializer.SerializeToElement(
                new { tasks = tasks.Select(t => new { task = t.TaskId.ToString(), t.DataSet, t.Unit, t.Epsilon, t.EpsilonLimit, t.Delta, t.Rounds }) },
                ResourceJson.Options));
            return;
        }

        foreach (TaskSpending task in tasks)
        {
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"task {task.TaskId}, data set '{task.DataSet}', unit {task.Unit}: epsilon {task.Epsilon:G6} of at most {task.EpsilonLimit:G6} at delta {task.Delta:G3}, {task.Rounds} rounds charged"));
        }

        if (tasks.Count == 0)
            terminal.WriteLine("Nothing was charged: no task with noise has had an update of this client.");
    }
}
