using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Output;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Cryptography.Keys;
using SecureFed.Learning.Data;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed client</c>: takes part in a task with the rows of a CSV file.</summary>
internal static class ClientCommand
{
    public static Command Create(Terminal terminal)
    {
        PartyOptions party = new();
        Option<string> data = CommandOptions.Required("--data", "CSV file with the task's features and label; other columns are left out by --drop.");
        Option<string> drop = CommandOptions.Optional("--drop", "Columns to leave out, comma-separated.");
        Option<string> positive = CommandOptions.Optional("--positive", "Label value that counts as positive. Default 1.");
        Option<string> state = CommandOptions.Required("--state", "Directory for round state and privacy ledger, this client's own. Tasks on the same data share one.");
        Command command = new("client", "Takes part in a task until its schedule is complete.")
        {
            data, drop, positive, state, ClientLedgerCommand.Create(terminal),
        };
        party.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using SigningKey signer = party.LoadKey(parsed);
            SecureFedClientOptions options = new()
            {
                ServerAddress = party.Server(parsed),
                ServerCertificatePin = party.Pin(parsed),
                TaskId = party.Task(parsed),
                ClientId = party.Id(parsed),
                Signer = signer,
                Policy = party.LoadPolicy(parsed),
                StateStore = new FileRoundStateStore(parsed.GetValue(state)!),
            };
            using HttpClient http = SignedHttpClient.Create(options.ServerAddress, options.ServerCertificatePin, options.ClientId, signer);
            SecureFedClient client = new(http, options, TimeProvider.System);
            TaskParameters parameters = await client.GetTaskParametersAsync(cancellationToken);
            DataSet rows = ReadRows(parsed.GetValue(data)!, parsed.GetValue(drop), parsed.GetValue(positive), parameters);
            ModelState model = await client.RunAsync(
                new DataSetTrainer(rows, BitConverter.ToUInt64(options.ClientId.ToArray())),
                new Reporter(terminal),
                cancellationToken);
            if (terminal.IsJson)
                terminal.WriteJson(new { task = options.TaskId.ToString(), rounds = model.CompletedTrainRounds, parameters = model.Parameters });
            else
                terminal.WriteLine($"done: the model after {model.CompletedTrainRounds} training rounds has {model.Parameters.Count} parameters");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static DataSet ReadRows(string path, string? drop, string? positive, TaskParameters task)
    {
        if (task.Model.Label is null)
            throw CommandException.Refuse("vector-task", "The task sums vectors that only an application can compute.", "Use the client library's ContributeAsync.");
        using StreamReader reader = new(path);
        return CsvTable.Read(reader, new CsvOptions(task.Model.Label.Name)
        {
            Positive = positive ?? "1",
            Drop = drop?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
            LabelKind = task.Model.Kind == TaskModelKind.Logistic || task.Model.Trees is { Loss: TreeLoss.LogLoss } ? LabelKind.Binary : LabelKind.Numeric,
        }).Data;
    }

    private sealed class Reporter(Terminal terminal) : IProgress<RoundOutcome>
    {
        public void Report(RoundOutcome value) =>
            terminal.Note(string.Create(CultureInfo.InvariantCulture, $"round {value.Number} {value.Kind}: {value.Status} {value.Reason} receipt {value.ReceiptIndex}"));
    }
}
