using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Masking.Graph;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed secagg</c>: parameters of secure aggregation.</summary>
internal static class SecAggCommand
{
    private const int GreatestClients = 1_000_000;

    public static Command Create(Terminal terminal) => new("secagg", "Parameters of secure aggregation.") { Graph(terminal) };

    private static Command Graph(Terminal terminal)
    {
        Option<int> clients = new("--clients") { Description = "n, up to 1,000,000.", Required = true };
        Option<decimal> corrupt = new("--corrupt") { Description = "gamma: fraction of corrupt clients, in [0, 1].", Required = true };
        Option<decimal> dropout = new("--dropout") { Description = "delta_drop: fraction that may drop out, in [0, 1].", Required = true };
        Option<string> server = new("--server") { Description = "Adversary: none, curious or semi-malicious.", Required = true };
        server.AcceptOnlyFromAmong("none", "curious", "semi-malicious");
        Option<int?> sigma = new("--sigma") { Description = "Security parameter. Default 40, with --production 104." };
        Option<bool> production = new("--production") { Description = "The stricter parameters that rounds use." };
        Command command = new("graph", "Degree and threshold of the neighbour graph.") { clients, corrupt, dropout, server, sigma, production, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            int n = parsed.GetValue(clients);
            decimal gamma = parsed.GetValue(corrupt);
            decimal delta = parsed.GetValue(dropout);
            bool isProduction = parsed.GetValue(production);
            int bits = parsed.GetValue(sigma) ?? (isProduction ? NeighbourGraphFinder.ProductionSigma : NeighbourGraphFinder.PublishedSigma);
            if (n > GreatestClients || gamma is < 0 or > 1 || delta is < 0 or > 1 || bits is < 1 or > 256)
                throw CommandException.Misuse("--clients is at most 1,000,000, --corrupt and --dropout lie in [0, 1], --sigma in 1 to 256.", "Run 'securefed secagg graph --help'.");
            GraphServer adversary = parsed.GetValue(server) switch { "none" => GraphServer.None, "curious" => GraphServer.Curious, _ => GraphServer.SemiMalicious };
            string reason;
            NeighbourGraphParameters? found = isProduction
                ? NeighbourGraphFinder.FindProduction(
                    n,
                    Math.Max(1, (int)decimal.Ceiling((adversary == GraphServer.None ? 0 : gamma) * n)),
                    (int)decimal.Floor((1 - delta) * n),
                    adversary != GraphServer.SemiMalicious,
                    bits,
                    out reason)
                : NeighbourGraphFinder.Find(n, gamma, delta, adversary, bits, out reason);
            if (found is null)
                throw CommandException.Refuse("infeasible", reason, "Take more clients, or smaller fractions.");
            if (terminal.IsJson)
                terminal.WriteJson(new { degree = found.Degree, threshold = found.Threshold });
            else
                terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"degree {found.Degree}, threshold {found.Threshold}"));
            return SecureFedCommand.Done;
        });
        return command;
    }
}
