using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SecureFed.Cli.Models;
using SecureFed.Cli.Output;
using SecureFed.Client;
using SecureFed.Client.Http;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Cryptography.Keys;
using SecureFed.Learning.Data;
using SecureFed.Learning.Training;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed client</c>: takes part in a task with the rows of a CSV file.</summary>
internal static class ClientCommand
{
    public static Command Create(Terminal terminal)
    {
        PartyOptions party = new();
        Option<string> data = CommandOptions.Required("--data", "CSV file with the task's features and label, or the columns that it asks statistics of, found by name; other columns are left out.");
        Option<string> drop = CommandOptions.Optional("--drop", "Columns to leave out. Not needed and not looked at: the task names the columns that it uses.");
        Option<string> positive = CommandOptions.Optional("--positive", "Label value that counts as positive. Default 1.");
        Option<string> state = CommandOptions.Required("--state", "Directory for round state and privacy ledger, this client's own. Tasks on the same data share one.");
        Option<bool> follow = new("--follow") { Description = "Look at --data before every round and read it anew when it changed. While it cannot be read, the rows of before are used. Replace the file as a whole (write another, then rename it)." };
        Option<string> output = CommandOptions.Optional("--out", "File for the finished model (model.json), which 'model export' and 'model predict' take; an existing one is overwritten.");
        Command command = new("client", "Takes part in a task until its schedule is complete.")
        {
            data, drop, positive, follow, output, state, ClientLedgerCommand.Create(terminal),
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
            string? modelPath = parsed.GetValue(output);
            if (modelPath is not null && TaskModelFile.FindObstacle(parameters) is { } obstacle)
                throw CommandException.Misuse($"--out needs a task that learns a model; this one {obstacle}.", "Leave --out out.");
            FollowedFile file = new(
                parsed.GetValue(data)!,
                source => ReadRows(source, parsed.GetValue(positive), parameters, terminal),
                rows => terminal.Note($"rows were read anew: {rows.Rows} of them"));
            DataSet start = file.Current();
            Reporter reporter = new(terminal);
            ulong shuffleSeed = BitConverter.ToUInt64(options.ClientId.ToArray());
            DataSetTrainer trainer = parsed.GetValue(follow) ? new(start, shuffleSeed, file.Current) : new(start, shuffleSeed);
            ModelState model = await RunAsync(client, trainer, reporter, cancellationToken);
            if (modelPath is not null)
                await File.WriteAllTextAsync(modelPath, JsonSerializer.Serialize(TaskModelFile.Of(parameters, model), KeysCommand.Indented) + "\n", cancellationToken);
            if (terminal.IsJson)
                terminal.WriteJson(new { task = options.TaskId.ToString(), rounds = model.CompletedTrainRounds, parameters = model.Parameters });
            else
                terminal.WriteLine($"done: the model after {model.CompletedTrainRounds} training rounds has {model.Parameters.Count} parameters");
            return SecureFedCommand.Done;
        });
        return command;
    }

    /// <summary>Until the task is complete. With noise a client whose training diverged goes on with zeros, for its silence would tell something; its owner learns of it here.</summary>
    private static async Task<ModelState> RunAsync(SecureFedClient client, DataSetTrainer trainer, Reporter reporter, CancellationToken cancellationToken)
    {
        try
        {
            ModelState model = await client.RunAsync(trainer, reporter, cancellationToken);
            return reporter.Diverged is { } diverged ? throw diverged : model;
        }
        catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.TrainingDiverged, StringComparison.Ordinal))
        {
            string loss = trainer.LastLoss is { } last ? string.Create(CultureInfo.InvariantCulture, $" The loss on the own rows was {last:G3} in the last training round.") : "";
            throw CommandException.Refuse(
                ErrorCodes.TrainingDiverged,
                $"{exception.Message}{loss}",
                "Ask the operator for a task with a lower server learning rate (a tenth is a good next try), or with a warm-up.");
        }
    }

    private static DataSet ReadRows(CsvSource source, string? positive, TaskParameters task, Terminal terminal)
    {
        if (task.Model.Label is null && task.Model.Statistics is null)
            throw CommandException.Refuse("vector-task", "The task sums vectors that only an application can compute.", "Use the client library's ContributeAsync.");
        List<DataException> leftOut = [];
        DataSet rows = TaskRows.Read([source], task, positive ?? "1", leftOut.Add);
        if (leftOut.Count > 0)
            terminal.Note($"{leftOut.Count} of the rows do not fit the task and are left out; the first: {leftOut[0].Message}");
        return rows;
    }

    private sealed class Reporter(Terminal terminal) : IProgress<RoundOutcome>
    {
        /// <summary>Set while the last training round of this client diverged behind noise.</summary>
        public TrainingDivergedException? Diverged { get; private set; }

        public void Report(RoundOutcome value)
        {
            terminal.Note(string.Create(CultureInfo.InvariantCulture, $"round {value.Number} {value.Kind}: {value.Status} {value.Reason} receipt {value.ReceiptIndex}"));
            if (value.Fault is { } fault)
                terminal.Note($"  this client contributed zeros: {fault.Message}");
            if (value.RowsFault is { } kept)
                terminal.Note($"  computed on the rows of before: {kept.Message}");
            if (value.Kind == RoundKind.Train)
                Diverged = value.Fault as TrainingDivergedException;
        }
    }
}
