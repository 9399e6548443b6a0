using System.CommandLine;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>The options that describe a simulated round.</summary>
internal sealed class PlanOptions(int clients, int leaves, int dimension, decimal gamma, decimal deltaDrop, int dropped, string server = "malicious")
{
    private const int KeyHolders = 5;

    private readonly Option<int> clientsOption = new("--clients") { Description = $"n in all leaves. Default {clients}.", DefaultValueFactory = _ => clients };
    private readonly Option<int> leavesOption = new("--leaves") { Description = $"Leaves. Default {leaves}.", DefaultValueFactory = _ => leaves };
    private readonly Option<int> dimensionOption = new("--dimension") { Description = $"d. Default {dimension}.", DefaultValueFactory = _ => dimension };
    private readonly Option<decimal> gammaOption = new("--corrupt") { Description = FormattableString.Invariant($"gamma. Default {gamma}."), DefaultValueFactory = _ => gamma };
    private readonly Option<decimal> deltaOption = new("--delta-drop") { Description = FormattableString.Invariant($"delta_drop. Default {deltaDrop}."), DefaultValueFactory = _ => deltaDrop };
    private readonly Option<int> droppedOption = new("--dropped") { Description = $"Clients of each leaf that share and then vanish. Default {dropped}.", DefaultValueFactory = _ => dropped };
    private readonly Option<string> serverOption = new("--server") { Description = $"Server class: malicious or curious. Default {server}.", DefaultValueFactory = _ => server };

    private bool isSized = true;

    /// <param name="command">Gets the options.</param>
    /// <param name="isSizedElsewhere">The command has its own options for clients, leaves and dropped.</param>
    public Command AddTo(Command command, bool isSizedElsewhere = false)
    {
        isSized = !isSizedElsewhere;
        if (!isSizedElsewhere)
        {
            command.Add(clientsOption);
            command.Add(leavesOption);
            command.Add(droppedOption);
        }

        command.Add(dimensionOption);
        command.Add(gammaOption);
        command.Add(deltaOption);
        serverOption.AcceptOnlyFromAmong("malicious", "curious");
        command.Add(serverOption);
        command.Add(CommandOptions.Json());
        return command;
    }

    public RoundPlan Read(ParseResult parsed)
    {
        int d = parsed.GetValue(dimensionOption);
        decimal corrupt = parsed.GetValue(gammaOption);
        decimal delta = parsed.GetValue(deltaOption);
        int vanish = isSized ? parsed.GetValue(droppedOption) : dropped;
        int n = isSized ? parsed.GetValue(clientsOption) : clients;
        int l = isSized ? parsed.GetValue(leavesOption) : leaves;
        if (d is < 1 or > 10_000_000 || corrupt is < 0 or >= 1 || delta is < 0 or >= 1 || vanish < 0 || n < 0 || n > 100_000 || l < 1)
            throw CommandException.Misuse("--dimension is 1 to 10,000,000, --corrupt and --delta-drop lie in [0, 1), --clients is at most 100,000.", "Run 'securefed bench --help'.");
        return new RoundPlan(
            n,
            l,
            d,
            ExactDecimal.From(corrupt),
            ExactDecimal.From(delta),
            vanish,
            string.Equals(parsed.GetValue(serverOption), "curious", StringComparison.Ordinal) ? ServerClass.Curious : ServerClass.Malicious);
    }

    /// <summary>An encrypted round with five key holders; what is left out is 20 clients, who all upload, and 100,000 numbers.</summary>
    public RoundPlan ReadEncrypted(ParseResult parsed)
    {
        RoundPlan plan = Read(parsed);
        return plan with
        {
            KeyHolders = KeyHolders,
            Clients = IsGiven(clientsOption) ? plan.Clients : 20,
            Leaves = IsGiven(leavesOption) ? plan.Leaves : 1,
            Dimension = IsGiven(dimensionOption) ? plan.Dimension : 100_000,
            DroppedPerLeaf = IsGiven(droppedOption) ? plan.DroppedPerLeaf : 0,
        };

        bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };
    }
}
