using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using SecureFed.Cli.Output;
using SecureFed.Client.Configuration;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed task change</c>, <c>approve</c> and <c>changes</c>: what one operator asks for and somebody of another organisation approves.</summary>
internal static class ChangeCommands
{
    private const double GreatestHours = 24;

    public static Command Change(Terminal terminal)
    {
        Option<string> task = CommandOptions.Required("--task", "Task identifier.");
        Option<bool> start = new("--start") { Description = "Let the first round open, in a task that demands an approved start." };
        Option<double?> epsilon = new("--epsilon") { Description = "Raise the task's whole epsilon to this, at the same delta." };
        Option<int?> rounds = new("--train-rounds") { Description = "Extend the schedule to so many training rounds." };
        Option<string> reason = CommandOptions.Required("--reason", "Why, for the approver and for auditors; stays in the log. At most 512 bytes.");
        Option<double> hours = new("--valid-hours") { Description = "No approval is accepted after so many hours, up to 24. Default 24.", DefaultValueFactory = _ => GreatestHours };
        Command command = new("change", "Requests a change of a task, as an operator. Nothing changes before an approver of another organisation approves it.");
        TaskCommand.Bind(command, terminal, [task, start, epsilon, rounds, reason, hours], async (api, id, signer, parsed, token) =>
        {
            if (!(parsed.GetValue(hours) is > 0 and <= GreatestHours))
                throw CommandException.Misuse("--valid-hours lies in (0, 24].", "Leave it out for 24.");
            ChangeRequest request = new(
                CommandOptions.ReadIdentifier(parsed.GetValue(task)!, "--task"),
                Identifier.Random(OperatingSystemRandomSource.Instance),
                KindOf(parsed.GetValue(start), parsed.GetValue(epsilon), parsed.GetValue(rounds)),
                parsed.GetValue(epsilon) ?? 0,
                parsed.GetValue(rounds) ?? 0,
                id,
                (ulong)TimeProvider.System.GetUtcNow().AddHours(parsed.GetValue(hours)).ToUnixTimeSeconds(),
                parsed.GetValue(reason)!);
            try
            {
                Show(terminal, await api.RequestChangeAsync(request, signer, token));
            }
            catch (ArgumentException exception)
            {
                throw CommandException.Misuse("The request is malformed.", exception.Message);
            }

            return SecureFedCommand.Done;
        });
        return command;
    }

    public static Command Approve(Terminal terminal)
    {
        Option<string> task = CommandOptions.Required("--task", "Task identifier.");
        Option<string> change = CommandOptions.Required("--change", "Identifier of the request, as 'task changes' shows it.");
        Option<string> policy = CommandOptions.Required("--policy", "Client policy file (JSON) of the approver's own organisation: its roster authority says who operators are.");
        Option<string> digest = CommandOptions.Optional("--request-digest", "Approve only the request with this SHA-256, as 'task changes' shows it.");
        Command command = new("approve", "Approves a requested change of a task, as an approver of another organisation than the operator's. In force at once.");
        TaskCommand.Bind(command, terminal, [task, change, policy, digest], async (api, id, signer, parsed, token) =>
        {
            SignedChangeRequest request = await api.GetChangeRequestAsync(
                CommandOptions.ReadIdentifier(parsed.GetValue(task)!, "--task"),
                CommandOptions.ReadIdentifier(parsed.GetValue(change)!, "--change"),
                PolicyFile.Load(parsed.GetValue(policy)!).RosterAuthorityKey,
                token);
            if (parsed.GetValue(digest) is { } expected && !string.Equals(expected, request.Digest.ToString(), StringComparison.Ordinal))
                throw CommandException.Refuse(ErrorCodes.ApprovalInvalid, $"The request's digest is {request.Digest}, not {expected}; nothing was approved.", "Read the request again with 'securefed task changes'.");
            terminal.Note($"approving: {request.Request.Effect}; {request.Request.Reason}");
            Show(terminal, await api.ApproveChangeAsync(request, id, signer, token));
            return SecureFedCommand.Done;
        });
        return command;
    }

    public static Command List(Terminal terminal)
    {
        Option<string> task = CommandOptions.Required("--task", "Task identifier.");
        Command command = new("changes", "Shows every requested change of a task and who approved it, as anybody enrolled.");
        TaskCommand.Bind(command, terminal, [task], async (api, _, _, parsed, token) =>
        {
            IReadOnlyList<ChangeView> changes = await api.GetChangesAsync(CommandOptions.ReadIdentifier(parsed.GetValue(task)!, "--task"), token);
            if (terminal.IsJson)
                terminal.WriteJson(JsonSerializer.SerializeToElement(new { changes }, ResourceJson.Options));
            else if (changes.Count == 0)
                terminal.WriteLine("No change was requested.");
            foreach (ChangeView change in terminal.IsJson ? [] : changes)
                WriteText(terminal, change);
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static ChangeKind KindOf(bool start, double? epsilon, int? rounds) => (start, epsilon, rounds) switch
    {
        (true, null, null) => ChangeKind.Start,
        (false, not null, null) => ChangeKind.RaiseBudget,
        (false, null, not null) => ChangeKind.ExtendSchedule,
        _ => throw CommandException.Misuse("A request changes one thing.", "Give one of --start, --epsilon and --train-rounds; each is approved by itself."),
    };

    private static void Show(Terminal terminal, ChangeView change)
    {
        if (terminal.IsJson)
            terminal.WriteJson(JsonSerializer.SerializeToElement(new { change }, ResourceJson.Options));
        else
            WriteText(terminal, change);
    }

    private static void WriteText(Terminal terminal, ChangeView change)
    {
        string value = string.Create(CultureInfo.InvariantCulture, $"{change.Epsilon:R}{change.TrainRounds}");
        string state = change.ApprovalEntry is { } entry
            ? string.Create(CultureInfo.InvariantCulture, $"approved by {change.Approver}, entry {entry}")
            : string.Create(CultureInfo.InvariantCulture, $"not approved, expires {DateTimeOffset.UnixEpoch.AddSeconds(Math.Min(change.ExpiresAt, uint.MaxValue)):u}");
        terminal.WriteLine($"{change.ChangeId} {change.Kind} {value}".TrimEnd() + $": {state}");
        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  requested by {change.Requester}, entry {change.RequestEntry}: {change.Reason}"));
        terminal.WriteLine($"  request digest {change.RequestDigest}");
    }
}
