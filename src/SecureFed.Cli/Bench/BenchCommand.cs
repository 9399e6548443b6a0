using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Commands;
using SecureFed.Cli.Output;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Sampling;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;
using Spectre.Console;

namespace SecureFed.Cli.Bench;

/// <summary><c>securefed bench</c>: measurements that check the exact result. Exit code 3 if a sum is wrong.</summary>
internal static class BenchCommand
{
    /// <summary>Four polynomials: the deviation of so much noise is off by 0.8 %.</summary>
    private const int FoldDimension = 8192;

    public static Command Create(Terminal terminal) => new("bench", "Measurements, each with its exact result checked.")
    {
        Round(terminal),
        Client(terminal),
        Service(terminal),
        Noise(terminal),
        HomomorphicEncryption(terminal),
        Log(terminal),
    };

    private static Command Round(Terminal terminal)
    {
        PlanOptions options = new(10_000, 20, 1_000, 0.01m, 0.3m, 150);
        Option<string> protection = new("--protection")
        {
            Description = "How updates are hidden: masking, or encryption with one-time keys and five key holders (by default 20 clients, 100,000 numbers, nobody dropped). Default masking.",
            DefaultValueFactory = _ => "masking",
        };
        protection.AcceptOnlyFromAmong("masking", "encryption");
        Command command = options.AddTo(new Command("round", "One round of a whole cohort in this process, without sockets.") { protection });
        command.SetAction((parsed, cancellationToken) => string.Equals(parsed.GetValue(protection), "encryption", StringComparison.Ordinal)
            ? EncryptedRoundAsync(terminal, options.ReadEncrypted(parsed), cancellationToken)
            : MaskedRoundAsync(terminal, options.Read(parsed), cancellationToken));
        return command;
    }

    private static async Task<int> MaskedRoundAsync(Terminal terminal, RoundPlan plan, CancellationToken cancellationToken)
    {
        RoundFigures figures = await WithProgressAsync(terminal, report => Task.Run(() => new RoundSimulation(plan, report).Run(cancellationToken), cancellationToken));
        Write(
            terminal,
            new
            {
                schemaVersion = 1,
                plan.Clients,
                plan.Leaves,
                plan.Dimension,
                thresholds = figures.Thresholds,
                droppedPerLeaf = plan.DroppedPerLeaf,
                figures.Survivors,
                exact = figures.IsExact,
                advertiseSeconds = figures.AdvertiseSeconds,
                figures.Seconds,
                peakBytes = figures.PeakBytes,
                figures.Agreements,
                note = "each key agreement and each signature check is computed once for both ends, and the cohort is checked once for all clients",
            });
        return ExitCode(figures.IsExact);
    }

    private static async Task<int> EncryptedRoundAsync(Terminal terminal, RoundPlan plan, CancellationToken cancellationToken)
    {
        plan.RequireThresholds();
        EncryptedRoundFigures figures = await WithProgressAsync(terminal, report => Task.Run(
            () =>
            {
                using EncryptedRoundSimulation simulation = new(plan, report);
                return simulation.Run(cancellationToken);
            },
            cancellationToken));
        Write(
            terminal,
            new
            {
                schemaVersion = 1,
                plan.Clients,
                plan.Dimension,
                thresholds = new { figures.Thresholds.Clients, figures.Thresholds.Corrupt, figures.Thresholds.LeastSurvivors, figures.Thresholds.HonestSurvivors },
                dropped = plan.DroppedPerLeaf,
                figures.Survivors,
                keyHolders = plan.KeyHolders,
                holderThreshold = plan.HolderThreshold,
                corruptHolders = plan.CorruptHolders,
                exact = figures.IsExact,
                figures.Client,
                figures.Server,
                figures.Holder,
                figures.Seconds,
                peakBytes = figures.PeakBytes,
                note = "times are of one core, the median of the parties; uploads lie in a temporary file without fsync, the server adds each as it comes; bytes are bodies without log proofs and headers",
            });
        return ExitCode(figures.IsExact);
    }

    private static Command Client(Terminal terminal)
    {
        PlanOptions options = new(0, 1, 1_000, 0.05m, 0.3m, 0);
        Option<string> sizes = new("--sizes") { Description = "Cohort sizes, comma-separated. Default 100,300,1000.", DefaultValueFactory = _ => "100,300,1000" };
        Option<decimal> dropout = new("--dropout") { Description = "Fraction that shares and then vanishes. Default 0.1.", DefaultValueFactory = _ => 0.1m };
        Command command = options.AddTo(new Command("client", "What one round costs one client that shares nothing, by size of the cohort."), isSizedElsewhere: true);
        command.Add(sizes);
        command.Add(dropout);
        command.SetAction(parsed =>
        {
            List<ClientCost> costs = [];
            foreach (string size in parsed.GetValue(sizes)!.Split(','))
            {
                if (!int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int n) || n is < 3 or > 100_000)
                    throw CommandException.Misuse("--sizes are numbers from 3 to 100,000.", "For example --sizes 100,300,1000.");
                RoundPlan plan = options.Read(parsed) with { Clients = n, DroppedPerLeaf = (int)(parsed.GetValue(dropout) * n) };
                costs.Add(ClientCost.Measure(plan));
            }

            Write(
                terminal,
                new
                {
                    schemaVersion = 1,
                    clients = costs.Select(c => new
                    {
                        c.Thresholds,
                        milliseconds = new { advertise = c.Milliseconds[0], share = c.Milliseconds[1], upload = c.Milliseconds[2], confirm = c.Milliseconds[3], unmask = c.Milliseconds[4], total = c.Total },
                        signatureChecks = c.SignatureChecks,
                        signatureMilliseconds = c.SignatureMilliseconds,
                        millisecondsPerNeighbourWithoutSignatures = (c.Total - c.SignatureMilliseconds) / c.Thresholds.Neighbours,
                        c.BytesUp,
                        c.BytesDown,
                        exact = c.IsExact,
                    }),
                });
            return ExitCode(costs.All(c => c.IsExact));
        });
        return command;
    }

    private static Command Service(Terminal terminal)
    {
        PlanOptions options = new(1_000, 1, 10_000, 0.1m, 0.15m, 100, "curious");
        Command command = options.AddTo(new Command("service", "One masked round over HTTPS on loopback: a real server and real clients."));
        command.SetAction(async (parsed, cancellationToken) =>
        {
            RoundPlan plan = options.Read(parsed);
            ServiceFigures figures = await WithProgressAsync(terminal, report => new ServiceRun(plan, report).ExecuteAsync(cancellationToken));
            Write(
                terminal,
                new
                {
                    schemaVersion = 1,
                    plan.Clients,
                    plan.Leaves,
                    plan.Dimension,
                    serverClass = plan.ServerClass.ToString().ToLowerInvariant(),
                    thresholds = figures.Thresholds,
                    droppedPerLeaf = plan.DroppedPerLeaf,
                    figures.Survivors,
                    exact = figures.IsExact,
                    figures.Seconds,
                    bytesUpPerClient = figures.BytesUp,
                    bytesDownPerClient = figures.BytesDown,
                });
            return ExitCode(figures.IsExact);
        });
        return command;
    }

    private static Command Noise(Terminal terminal)
    {
        Option<int> dimension = new("--dimension") { Description = "Coordinates of the update. Default 1,000,000.", DefaultValueFactory = _ => 1_000_000 };
        Option<int> samples = new("--samples") { Description = "Draws of each sampler. Default 5,000,000.", DefaultValueFactory = _ => 5_000_000 };
        Command command = new("noise", "What samplers of noise and the whole of clip, round and noise cost one core.") { dimension, samples, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(samples);
            if (count is < 100_000 or > 1_000_000_000 || parsed.GetValue(dimension) is < 1_000 or > 50_000_000)
                throw CommandException.Misuse("--samples lies in [100,000, 1,000,000,000] and --dimension in [1,000, 50,000,000].", "Leave them out for the defaults.");
            SamplerCost[] samplers =
            [
                SamplerCost.Measure("exact", new ExactDiscreteGaussian(1), count),
                SamplerCost.Measure("exact", new ExactDiscreteGaussian(256), count),
                SamplerCost.Measure("exact", new ExactDiscreteGaussian(1_000_000), count),
                SamplerCost.Measure("constant-time", new ConstantTimeDiscreteGaussian(1_000_000), count),
            ];
            PipelineCost pipeline = PipelineCost.Measure(parsed.GetValue(dimension));
            bool isRight = pipeline.IsRight && samplers.All(s => s.IsRight);
            Write(terminal, new { schemaVersion = 1, samplers, pipeline, right = isRight });
            return ExitCode(isRight);
        });
        return command;
    }

    private static Command HomomorphicEncryption(Terminal terminal)
    {
        Option<int> dimension = new("--dimension") { Description = "Coordinates of the update. Default 1,000,000.", DefaultValueFactory = _ => 1_000_000 };
        Option<int> clients = new("--clients") { Description = "Ciphertexts in the timed sum; the fastest counts. Default 50.", DefaultValueFactory = _ => 50 };
        Option<string> bits = new("--bits") { Description = "Bits of the ring, comma-separated. Default 32,24.", DefaultValueFactory = _ => "32,24" };
        Option<int> fold = new("--fold") { Description = "Ciphertexts of 8,192 coefficients in a sum that is to be exact. Default 10,000.", DefaultValueFactory = _ => 10_000 };
        Command command = new("he", "What one-time-key encryption, adding and decryption cost one core.") { dimension, clients, bits, fold, CommandOptions.Json() };
        command.SetAction(parsed =>
        {
            (int d, int n, int f) = (parsed.GetValue(dimension), parsed.GetValue(clients), parsed.GetValue(fold));
            int[] widths = [.. parsed.GetValue(bits)!.Split(',').Select(width => int.TryParse(width, NumberStyles.None, CultureInfo.InvariantCulture, out int b) ? b : 0)];
            if (d is < 1_000 or > 50_000_000 || n is < 1 or > BfvParameters.GreatestClients || f is < 1 or > BfvParameters.GreatestClients || widths.Any(b => b is < 16 or > 32))
                throw CommandException.Misuse("--dimension lies in [1,000, 50,000,000], --clients and --fold in [1, 10,000] and each of --bits in [16, 32].", "Leave them out for the defaults.");
            EncryptionCost[] costs = [.. widths.Select(b => EncryptionCost.Measure(d, n, b))];
            EncryptionCost[] folds = [.. widths.Select(b => EncryptionCost.Measure(FoldDimension, f, b))];
            bool isRight = costs.Concat(folds).All(c => c.IsRight);
            Write(
                terminal,
                new
                {
                    schemaVersion = 1,
                    set = BfvSet.A1.Name,
                    costs,
                    folds = folds.Select(c => new { c.Clients, c.Dimension, c.PlainBits, c.NoiseRatio, c.IsExact, c.IsRight }),
                    right = isRight,
                });
            return ExitCode(isRight);
        });
        return command;
    }

    private static Command Log(Terminal terminal)
    {
        Option<int> entries = new("--entries") { Description = "Entries to append durably, of each kind. Default 20,000.", DefaultValueFactory = _ => 20_000 };
        Option<int> verified = new("--verified") { Description = "Entries to verify. Default 1,000,000.", DefaultValueFactory = _ => 1_000_000 };
        Option<int> flips = new("--flips") { Description = "Single bits to change, each of which must be noticed. Default 10,000.", DefaultValueFactory = _ => 10_000 };
        Option<string> place = CommandOptions.Optional("--directory", "Where the store is made and removed again: on the disk to be measured. Default: the directory for temporary files.");
        Command command = new("log", "Durable entries per second with 64 writers and real fsync, and what verifying a log costs.") { entries, verified, flips, place, CommandOptions.Json() };
        command.SetAction(async parsed =>
        {
            int count = parsed.GetValue(entries);
            if (count is < 100 or > 10_000_000 || parsed.GetValue(verified) is < 1 or > 10_000_000 || parsed.GetValue(flips) is < 1 or > 1_000_000)
                throw CommandException.Misuse("--entries lies in [100, 10,000,000], --verified in [1, 10,000,000] and --flips in [1, 1,000,000].", "Leave them out for the defaults.");
            string directory = Path.Combine(parsed.GetValue(place) ?? Path.GetTempPath(), $"securefed-bench-{Environment.ProcessId}");
            try
            {
                LogCost[] stores =
                [
                    await LogCost.MeasureAsync(Path.Combine(directory, "messages"), count, 64, hasVectors: false),
                    await LogCost.MeasureAsync(Path.Combine(directory, "vectors"), count, 64, hasVectors: true),
                ];
                VerificationCost verification = VerificationCost.Measure(parsed.GetValue(verified), parsed.GetValue(flips));
                bool isRight = verification.IsRight && stores.All(s => s.IsRight);
                Write(terminal, new { schemaVersion = 1, stores, verification, right = isRight });
                return ExitCode(isRight);
            }
            finally
            {
                if (Directory.Exists(directory))
                    Directory.Delete(directory, recursive: true);
            }
        });
        return command;
    }

    private static int ExitCode(bool isExact) => isExact ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;

    private static async Task<T> WithProgressAsync<T>(Terminal terminal, Func<Action<string, double>, Task<T>> act)
    {
        if (!terminal.IsInteractive)
            return await act((_, _) => { });
        return await terminal.Console.Progress().StartAsync(async context =>
        {
            Dictionary<string, ProgressTask> tasks = new(StringComparer.Ordinal);
            return await act((name, fraction) =>
            {
                lock (tasks)
                {
                    if (!tasks.TryGetValue(name, out ProgressTask? task))
                        tasks[name] = task = context.AddTask(name, maxValue: 1);
                    task.Value = Math.Max(task.Value, fraction);
                }
            });
        });
    }

    /// <summary>The figures are for machines and for people who compare runs, so both see the same document.</summary>
    private static void Write<T>(Terminal terminal, T document) => terminal.WriteJson(document);
}
