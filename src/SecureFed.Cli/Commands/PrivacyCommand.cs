using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Output;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Loss;
using SecureFed.Privacy.Accounting.Mechanisms;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Cli.Commands;

/// <summary><c>securefed privacy</c>: what a schedule costs, and what noise a target needs. Computes; reads and writes nothing.</summary>
internal static class PrivacyCommand
{
    private const long GreatestSteps = 1_000_000_000;

    public static Command Create(Terminal terminal) => new("privacy", "Differential-privacy accounting: epsilon of a schedule, noise for a target.")
    {
        Epsilon(terminal),
        Noise(terminal),
        Gaussian(terminal),
        DiscreteGaussianDelta(terminal),
        Distributed(terminal),
        Zcdp(terminal),
        PrivacyPlanCommand.Plan(terminal),
        PrivacyPlanCommand.Explain(terminal),
        PrivacyAuditCommand.Create(terminal),
    };

    private static Command Epsilon(Terminal terminal)
    {
        Option<double> noise = NumberOptions.Real("--noise-multiplier", "Noise standard deviation over sensitivity", "[0.01, 1e6]");
        Option<double> rate = SamplingRate();
        Option<long> steps = Steps();
        Option<double> delta = Delta();
        Option<string> accountant = new("--accountant") { Description = "rdp or pld. Default rdp.", DefaultValueFactory = _ => "rdp" };
        accountant.AcceptOnlyFromAmong("rdp", "pld");
        Command command = new("epsilon", "Epsilon of steps of the Poisson-sampled Gaussian mechanism, add-or-remove-one.") { noise, rate, steps, delta, accountant, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(accountant)!;
            (double z, double q, long t, double d) = (parsed.GetValue(noise), parsed.GetValue(rate), parsed.GetValue(steps), parsed.GetValue(delta));
            PrivacyBound bound = string.Equals(name, "pld", StringComparison.Ordinal)
                ? PrivacyLossAccountant.Epsilon(z, q, t, d)
                : SampledGaussian.Curve(z, q, RenyiOrders.Default).Compose(t).Epsilon(d);
            return Write(terminal, new { epsilon = bound.Epsilon, accountant = name, order = bound.Order }, $"epsilon {bound.Epsilon} ({name}{OrderText(bound)})");
        });
        return command;
    }

    private static Command Noise(Terminal terminal)
    {
        Option<double> epsilon = NumberOptions.Real("--epsilon", "Target epsilon", "(0, 1e6]");
        Option<double> delta = Delta();
        Option<double> rate = SamplingRate();
        Option<long> steps = Steps();
        Command command = new("noise", "Least noise multiplier for a target, by Renyi accounting.") { epsilon, delta, rate, steps, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            double z = NoiseCalibration.NoiseMultiplier(parsed.GetValue(epsilon), parsed.GetValue(delta), parsed.GetValue(rate), parsed.GetValue(steps));
            return Write(terminal, new { noiseMultiplier = z }, $"noise multiplier {z}");
        });
        return command;
    }

    private static Command Gaussian(Terminal terminal)
    {
        Option<double> epsilon = NumberOptions.Real("--epsilon", "Target epsilon", "(0, 1e6]");
        Option<double> delta = Delta();
        Option<double> sensitivity = NumberOptions.Real("--sensitivity", "L2 sensitivity", "(0, 1e100]");
        Command command = new("gaussian", "Sigma of one Gaussian release (analytic), rounded up.") { epsilon, delta, sensitivity, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            double sigma = AnalyticGaussian.Sigma(parsed.GetValue(epsilon), parsed.GetValue(delta), parsed.GetValue(sensitivity));
            return Write(terminal, new { sigma }, $"sigma {sigma}");
        });
        return command;
    }

    private static Command DiscreteGaussianDelta(Terminal terminal)
    {
        Option<double> sigma = NumberOptions.Real("--sigma", "Sigma in integer units", "(0, 1e7]");
        Option<long> sensitivity = NumberOptions.Whole("--sensitivity", "Integer sensitivity", 1, int.MaxValue);
        Option<double> epsilon = NumberOptions.Real("--epsilon", "Epsilon", "[0, 1e6]");
        Command command = new("discrete-gaussian", "Exact delta of one discrete Gaussian release.") { sigma, sensitivity, epsilon, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            double delta = DiscreteGaussian.Delta(parsed.GetValue(sigma), (int)parsed.GetValue(sensitivity), parsed.GetValue(epsilon));
            return Write(terminal, new { delta }, $"delta {delta}");
        });
        return command;
    }

    private static Command Distributed(Terminal terminal)
    {
        Option<long> clients = NumberOptions.Whole("--clients", "Clients whose noise is surely in the sum", 1, 10_000_000);
        Option<long> dimension = NumberOptions.Whole("--dimension", "Coordinates of the sum", 1, 1 << 26);
        Option<double> sigma = NumberOptions.Real("--local-sigma", "Sigma of one client's share, integer units", "(0, 1e7]");
        Option<double> l2 = NumberOptions.Real("--l2", "L2 sensitivity, integer units", "(0, 1e15]");
        Option<double> l1 = NumberOptions.Real("--l1", "L1 sensitivity, integer units", "(0, 1e20]");
        Option<long> steps = Steps();
        Option<double> delta = Delta();
        Option<double> rate = SamplingRate();
        rate.Required = false;
        rate.DefaultValueFactory = _ => 1;
        Command command = new("distributed", "Epsilon of sums of discrete Gaussian shares.") { clients, dimension, sigma, l2, l1, steps, delta, rate, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            DistributedDiscreteGaussian noise = new(
                (int)parsed.GetValue(clients),
                (int)parsed.GetValue(dimension),
                parsed.GetValue(sigma),
                parsed.GetValue(l2),
                parsed.GetValue(l1));
            PrivacyBound bound = noise.Epsilon(parsed.GetValue(rate), parsed.GetValue(steps), parsed.GetValue(delta));
            return Write(
                terminal,
                new { epsilon = bound.Epsilon, order = bound.Order, tau = noise.Tau, epsilonCdpSquared = noise.EpsilonCdpSquared },
                $"epsilon {bound.Epsilon}{OrderText(bound)}, tau {noise.Tau}, epsilon squared of concentrated privacy {noise.EpsilonCdpSquared}");
        });
        return command;
    }

    private static Command Zcdp(Terminal terminal)
    {
        Option<double> rho = NumberOptions.Real("--rho", "Zero-concentrated privacy spent", "[0, 1e9]");
        Option<double> delta = Delta();
        Command command = new("zcdp", "Epsilon of rho, by the tight conversion.") { rho, delta, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            double epsilon = ConcentratedPrivacy.Epsilon(parsed.GetValue(rho), parsed.GetValue(delta)).Epsilon;
            return Write(terminal, new { epsilon }, $"epsilon {epsilon}");
        });
        return command;
    }

    private static Option<double> SamplingRate() => NumberOptions.Real("--sampling-rate", "Probability with which each record joins a step", "[0, 1]");

    private static Option<long> Steps() => NumberOptions.Whole("--steps", "Number of steps", 1, GreatestSteps);

    private static Option<double> Delta() => NumberOptions.Real("--delta", "Delta", "(0, 1), at least 1e-100");

    private static string OrderText(PrivacyBound bound) => bound.Order is { } order ? string.Create(CultureInfo.InvariantCulture, $", order {order}") : "";

    private static int Write<T>(Terminal terminal, T document, FormattableString text)
    {
        if (terminal.IsJson)
            terminal.WriteJson(document);
        else
            terminal.WriteLine(text.ToString(CultureInfo.InvariantCulture));
        return SecureFedCommand.Done;
    }
}
