using System.CommandLine;
using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Client.Holding;
using SecureFed.Client.Http;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Resources;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed keyholder</c>: holds shares of the one-time keys of an encrypted task, as a process of its own.</summary>
internal static class KeyHolderCommand
{
    public static Command Create(Terminal terminal)
    {
        PartyOptions party = new();
        Option<string> state = CommandOptions.Required("--state", "Directory for keys and answers, this holder's own. Never restore it from a backup.");
        Option<string> stateKey = StateKey();
        Option<int> keysAhead = new("--keys-ahead") { Description = "Keys on offer for rounds that open while this holder is away, 1 to 64. Default 8.", DefaultValueFactory = _ => 8 };
        Option<bool> afterLoss = new("--after-loss") { Description = "The state of before is lost: begin with an empty one. Lists that were signed before are forgotten." };
        Command command = new("keyholder", "Holds key shares for a task until its schedule is complete.")
        {
            state, stateKey, keysAhead, afterLoss, Init(terminal),
        };
        party.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(keysAhead) is < 1 or > 64)
                throw CommandException.Misuse("--keys-ahead is 1 to 64.", "Run 'securefed keyholder --help'.");
            using SigningKey signer = party.LoadKey(parsed);
            using FileHolderStateStore store = new(parsed.GetValue(state)!, StateKeyFile.Load(parsed.GetValue(stateKey) ?? DefaultOf(party.KeyFile(parsed))));
            SecureFedKeyHolderOptions options = new()
            {
                ServerAddress = party.Server(parsed),
                ServerCertificatePin = party.Pin(parsed),
                TaskId = party.Task(parsed),
                HolderId = party.Id(parsed),
                Signer = signer,
                Policy = party.LoadPolicy(parsed),
                StateStore = store,
                KeysAhead = parsed.GetValue(keysAhead),
                AcceptsLoss = parsed.GetValue(afterLoss),
            };
            using HttpClient http = SignedHttpClient.Create(options.ServerAddress, options.ServerCertificatePin, options.HolderId, signer);
            Reporter reporter = new(terminal);
            TaskView ended = await new SecureFedKeyHolder(http, options, TimeProvider.System).RunAsync(reporter, cancellationToken);
            Show(terminal, ended, reporter.Rounds);
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static Command Init(Terminal terminal)
    {
        Option<string> stateKey = CommandOptions.Required("--state-key", "File to write; existing files are kept.");
        Command command = new("init", "Makes the key under which a holder's state lies on disk: 32 random bytes.") { stateKey, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(stateKey)!;
            StateKeyFile.Create(path, OperatingSystemRandomSource.Instance);
            if (terminal.IsJson)
                terminal.WriteJson(new { file = path });
            else
                terminal.WriteLine($"The state key is in {path}. Keep it apart from the state, and keep no copy of the state itself.");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static Option<string> StateKey() =>
        CommandOptions.Optional("--state-key", "Key of the state on disk, as 'securefed keyholder init' makes it. Default: beside --key, with the extension .state-key.");

    internal static string DefaultOf(string identityKey) => Path.ChangeExtension(identityKey, ".state-key");

    private static void Show(Terminal terminal, TaskView task, IReadOnlyList<HolderOutcome> rounds)
    {
        if (terminal.IsJson)
        {
            var shown = rounds.Select(r => new { round = r.Number, roundId = r.RoundId.ToString(), r.Kind, @checked = r.HasChecked, signed = r.HasSigned, summed = r.HasSummed, r.Reason });
            terminal.WriteJson(JsonSerializer.SerializeToElement(new { task = task.TaskId, task.FinishReason, rounds = shown }, ResourceJson.Options));
            return;
        }

        terminal.WriteLine($"done: the task is over{(task.FinishReason.Length > 0 ? $" ({task.FinishReason})" : "")}; {rounds.Count(r => r.HasSummed)} sums of shares given in {rounds.Count} rounds");
    }

    private sealed class Reporter(Terminal terminal) : IProgress<HolderOutcome>
    {
        private readonly List<HolderOutcome> rounds = [];

        public IReadOnlyList<HolderOutcome> Rounds => rounds;

        public void Report(HolderOutcome value)
        {
            rounds.Add(value);
            string done = string.Join(", ", new[] { value.HasChecked ? "checked" : null, value.HasSigned ? "signed" : null, value.HasSummed ? "summed" : null }.Where(part => part is not null));
            terminal.Note($"round {value.Number} {value.Kind}: {(done.Length > 0 ? done : "took no part")} {value.Reason}".TrimEnd());
        }
    }
}
