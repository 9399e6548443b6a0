using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Output;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Claims;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed privacy plan</c> and <c>privacy explain</c>.</summary>
internal static class PrivacyPlanCommand
{
    public static Command Plan(Terminal terminal)
    {
        Option<long> rows = NumberOptions.Whole("--rows", "Rows of all clients together", 1, 1_000_000_000_000);
        Option<long> clients = NumberOptions.Whole("--clients", "Clients in a round", 3, 1_000_000);
        Option<long> dimension = NumberOptions.Whole("--dimension", "Parameters of the model", 1, 1 << 26);
        Option<double> epsilon = NumberOptions.Real("--epsilon", "Target epsilon", "(0, 1e6]");
        Option<double?> delta = new("--delta") { Description = "Target delta, in (0, 1). Default min(1e-5, rows^-1.1), one digit." };
        Option<double> rate = NumberOptions.Real("--sampling-rate", "Probability with which each row joins a round", "(0, 1]");
        Option<long> steps = NumberOptions.Whole("--steps", "Rounds", 1, 1_000_000_000);
        Option<double> clipNorm = new("--clip-norm") { Description = "L2 bound of one row's gradient. Default 1.", DefaultValueFactory = _ => 1 };
        Option<decimal> corrupt = new("--corrupt") { Description = "Fraction of corrupt clients, in [0, 1]. Default 0.1.", DefaultValueFactory = _ => 0.1m };
        Option<decimal> dropout = new("--dropout") { Description = "Fraction that may drop out, in [0, 1]. Default 0.1.", DefaultValueFactory = _ => 0.1m };
        Command command = new("plan", "Noise, scale and ring bits of a record-level task.")
        {
            rows, clients, dimension, epsilon, delta, rate, steps, clipNorm, corrupt, dropout, CommandOptions.Json(),
        };
        command.SetAction(parsed =>
        {
            int n = (int)parsed.GetValue(clients);
            int honest = Honest(n, parsed.GetValue(corrupt), parsed.GetValue(dropout));
            double d = parsed.GetValue(delta) ?? DeltaChoice.For(parsed.GetValue(rows));
            RecordPlan plan = RecordPlan.For(
                parsed.GetValue(rows), n, honest, (int)parsed.GetValue(dimension), parsed.GetValue(clipNorm), parsed.GetValue(rate), parsed.GetValue(steps), parsed.GetValue(epsilon), d);
            Show(terminal, plan, RecordLevelClaim.Compare(plan.Schedule, d), d);
            return SecureFedCommand.Done;
        });
        return command;
    }

    public static Command Explain(Terminal terminal)
    {
        Option<double> epsilon = NumberOptions.Real("--epsilon", "Epsilon", "(0, 1e6]");
        Option<double> delta = NumberOptions.Real("--delta", "Delta", "(0, 1)");
        Option<string> unit = new("--unit") { Description = "record or client. Default record.", DefaultValueFactory = _ => "record" };
        unit.AcceptOnlyFromAmong("record", "client");
        Command command = new("explain", "What epsilon and delta mean, on one page.") { epsilon, delta, unit, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            PrivacyStatement statement = new(parsed.GetValue(unit)!, parsed.GetValue(epsilon), parsed.GetValue(delta));
            IReadOnlyList<(string Heading, string Text)> page = statement.Page();
            if (terminal.IsJson)
            {
                terminal.WriteJson(new
                {
                    statement.Unit,
                    statement.Epsilon,
                    statement.Delta,
                    oddsFactor = double.IsFinite(statement.OddsFactor) ? statement.OddsFactor : (double?)null,
                    statement.BeliefFromEven,
                    page = page.Select(p => new { heading = p.Heading, text = p.Text }),
                });
                return SecureFedCommand.Done;
            }

            foreach ((string heading, string text) in page)
                terminal.WriteLine($"{heading}\n  {text}\n");
            return SecureFedCommand.Done;
        });
        return command;
    }

    private static int Honest(int clients, decimal corrupt, decimal dropout)
    {
        if (corrupt is < 0 or > 1 || dropout is < 0 or > 1)
            throw CommandException.Misuse("--corrupt and --dropout lie in [0, 1].", "Run 'securefed privacy plan --help'.");
        int honest = (int)decimal.Floor((1 - dropout) * clients) - Math.Max(1, (int)decimal.Ceiling(corrupt * clients));
        return honest >= 2
            ? honest
            : throw CommandException.Refuse("infeasible", "Fewer than two honest clients would be sure to remain.", "Take more clients, or smaller fractions.");
    }

    private static void Show(Terminal terminal, RecordPlan plan, PrivacyComparison comparison, double delta)
    {
        RecordSchedule schedule = plan.Schedule;
        if (terminal.IsJson)
        {
            terminal.WriteJson(new
            {
                feasible = true,
                epsilon = plan.Claim.Epsilon,
                delta,
                order = plan.Claim.Order,
                noiseMultiplier = schedule.NoiseMultiplier,
                scale = Math.ScaleB(1, plan.ScaleExponent),
                sensitivity = plan.Sensitivity,
                localSigma = schedule.LocalSigma,
                ringBits = plan.RingBits,
                rowCap = plan.RowCap,
                honestClients = schedule.HonestClients,
                references = new { rdp = comparison.FractionalReference.Epsilon, pld = comparison.LossReference.Epsilon },
                findings = comparison.Findings,
            });
            return;
        }

        Line($"epsilon {plan.Claim.Epsilon:G6} at delta {delta:G3} (references: rdp {comparison.FractionalReference.Epsilon:G5}, pld {comparison.LossReference.Epsilon:G5})");
        Line($"noise multiplier {schedule.NoiseMultiplier:G6}, sigma of one share {schedule.LocalSigma:G6} with {schedule.HonestClients} honest clients");
        Line($"scale 2^{plan.ScaleExponent}, sensitivity {plan.Sensitivity:G6}, at most {plan.RowCap} rows in a round, ring of {plan.RingBits} bits");
        foreach (string finding in comparison.Findings)
            terminal.WriteLine(finding);

        void Line(FormattableString text) => terminal.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }
}
