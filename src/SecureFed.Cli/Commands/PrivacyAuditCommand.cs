using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Auditing;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed privacy audit</c>: attacks the update pipeline of this build with canaries. Exit code 3 if what it sees contradicts the claim.</summary>
internal static class PrivacyAuditCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> unit = new("--unit") { Description = "record or client. Default client.", DefaultValueFactory = _ => "client" };
        unit.AcceptOnlyFromAmong("client", "record");
        Option<double> epsilon = Real("--epsilon", "Epsilon that is claimed for all steps together", "(0, 1e6]", 1);
        Option<double> delta = Real("--delta", "Delta that is claimed", "(0, 1)", 1e-5);
        Option<double> rate = Real("--sampling-rate", "Probability with which each record joins a step; 1 for clients", "(0, 1]", 1);
        Option<long> steps = Whole("--steps", "Rounds that release a sum", 1, 10_000, 1);
        Option<long> clients = Whole("--clients", "Largest cohort", 2, 1_000_000, 20);
        Option<long?> honest = new("--honest") { Description = "Honest survivors, 2 to clients. Default what a tenth corrupt and a tenth dropped leave." };
        Option<long> dimension = Whole("--dimension", "Coordinates of the sums", 1, 1 << 20, 16);
        Option<long> trials = Whole("--trials", "Runs with the canary, and as many without", 100, 1_000_000, 10_000);
        Option<double> confidence = Real("--confidence", "Confidence of each lower bound", "[0.5, 1)", 0.99);
        Command command = new("audit", "Attacks the update pipeline with canaries; reports lower bounds on epsilon.")
        {
            unit, epsilon, delta, rate, steps, clients, honest, dimension, trials, confidence, CommandOptions.Json(),
        };
        command.SetAction(parsed =>
        {
            int n = (int)parsed.GetValue(clients);
            long h = parsed.GetValue(honest) ?? Math.Max(2, n - n / 10 - Math.Max(1, (n + 9) / 10));
            AuditPlan plan = new(
                string.Equals(parsed.GetValue(unit), "record", StringComparison.Ordinal) ? AuditedUnit.Record : AuditedUnit.Client,
                parsed.GetValue(epsilon),
                parsed.GetValue(delta),
                parsed.GetValue(rate),
                (int)parsed.GetValue(steps),
                n,
                (int)Math.Clamp(h, 0, int.MaxValue),
                (int)parsed.GetValue(dimension),
                (int)parsed.GetValue(trials),
                parsed.GetValue(confidence));
            return Audit(terminal, plan);
        });
        return command;
    }

    /// <summary>Shows a report and turns its verdict into the exit code.</summary>
    internal static int Show(Terminal terminal, AuditReport report)
    {
        AuditPlan plan = report.Plan;
        if (!report.NormHolds)
            terminal.Note("An integer vector left the rounding that is longer than the noise was made for.");
        if (terminal.IsJson)
        {
            terminal.WriteJson(new
            {
                unit = plan.Unit == AuditedUnit.Record ? "record" : "client",
                claimed = new { epsilon = plan.Epsilon, delta = plan.Delta },
                distinguishing = new { report.Distinguishing.EpsilonLower, report.Distinguishing.Confidence, report.Distinguishing.Trials },
                oneRun = new { report.OneRun.EpsilonLower, report.OneRun.Confidence, report.OneRun.Canaries, report.OneRun.Guesses, report.OneRun.Correct },
                report.Passed,
            });
        }
        else
        {
            Line($"claimed: epsilon {plan.Epsilon:G6} at delta {plan.Delta:G3}");
            Line($"many runs: epsilon is at least {report.Distinguishing.EpsilonLower:G4} ({plan.Trials} runs with the canary and as many without; confidence {plan.Confidence:G6})");
            Line($"one run: epsilon is at least {report.OneRun.EpsilonLower:G4} ({report.OneRun.Correct} of {report.OneRun.Guesses} guesses right, {report.OneRun.Canaries} canaries; confidence {plan.Confidence:G6})");
            terminal.WriteLine(report.Passed ? "passed: nothing contradicts the claim. That is no proof of it." : "FAILED: the pipeline leaks more than is claimed.");
        }

        return report.Passed ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;

        void Line(FormattableString text) => terminal.WriteLine(text.ToString(CultureInfo.InvariantCulture));
    }

    private static int Audit(Terminal terminal, AuditPlan plan)
    {
        // The platform's generator costs a call per request; its key stream serves a hundred million samples.
        Span<byte> key = stackalloc byte[32];
        OperatingSystemRandomSource.Instance.Fill(key);
        using KeyedRandomSource random = new(key);
        return Show(terminal, PrivacyAudit.Run(plan, new AuditedPipeline(plan, random), random));
    }

    private static Option<double> Real(string name, string description, string range, double byDefault)
    {
        Option<double> option = NumberOptions.Real(name, string.Create(CultureInfo.InvariantCulture, $"{description}; default {byDefault}"), range);
        option.Required = false;
        option.DefaultValueFactory = _ => byDefault;
        return option;
    }

    private static Option<long> Whole(string name, string description, long least, long greatest, long byDefault)
    {
        Option<long> option = NumberOptions.Whole(name, string.Create(CultureInfo.InvariantCulture, $"{description}; default {byDefault}"), least, greatest);
        option.Required = false;
        option.DefaultValueFactory = _ => byDefault;
        return option;
    }
}
