using System.CommandLine;
using System.Globalization;
using SecureFed.Cli.Audit;
using SecureFed.Cli.Output;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary><c>securefed demo</c>: a real server on loopback, real clients over HTTP, one model.</summary>
internal static class DemoCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> scenario = OneOf("--scenario", "Whose learning to play.", "finance", "medical", "manufacturing", "smart-home");
        Option<string> data = new("--data") { Description = "CSV file (several: comma-separated, same header) instead of synthetic rows. Rows with index % 5 == 0 are the test set." };
        Option<string> label = new("--label") { Description = "Label column of --data." };
        Option<string> positive = new("--positive") { Description = "Label value that counts as positive. Default 1. Given with a network or trees, it makes two classes of any label: this value and the rest." };
        Option<string> drop = new("--drop") { Description = "Columns of --data to leave out, comma-separated." };
        Option<string> partitionBy = new("--partition-by") { Description = "Deal rows so that each client holds whole values of this column, which are public. Not with --dirichlet." };
        Option<double?> dirichlet = new("--dirichlet") { Description = "Deal rows with skewed labels: Dirichlet parameter, 0.1 is strong, 100 nearly even. Not with --partition-by." };
        Option<string> model = OneOf("--model", "Model; networks and trees predict what the label's values suggest, a class or a number. Default: the scenario's.", "linear", "logistic", "softmax", "network", "trees");
        Option<string> hidden = new("--hidden") { Description = "Widths of a network's one or two hidden layers, comma-separated. Default 16." };
        Option<string> activation = OneOf("--activation", "Function after every hidden layer of a network. Default tanh.", "tanh", "relu");
        Option<string> networkOutput = OneOf("--network-output", "What a network predicts: a number, one of two classes, one of several. Default: what the label's values suggest.", "linear", "logistic", "softmax");
        Option<int?> trees = new("--trees") { Description = "Number of boosted trees, with --model trees." };
        Option<int?> depth = new("--depth") { Description = "Levels of splits of each tree, 1 to 6, with --model trees." };
        Option<int?> bins = new("--bins") { Description = "Bins per feature, 2 to 256, with --model trees." };
        Option<string> protection = OneOf("--protection", "How updates are hidden from the server. Default masking.", "masking", "encryption", "encryption-single-key");
        Option<int?> clients = new("--clients") { Description = "Number of clients." };
        Option<int?> rounds = new("--rounds") { Description = "Number of training rounds." };
        Option<int?> localEpochs = new("--local-epochs") { Description = "Passes over a client's rows per round (FedAvg)." };
        Option<double?> learningRate = new("--learning-rate") { Description = "Step size: of local training (fedavg) or of the server (fedsgd, the article's alpha)." };
        Option<int?> batchSize = new("--batch-size") { Description = "Rows per local step (FedAvg)." };
        Option<string> optimizer = OneOf("--optimizer", "Server optimiser. Default: the scenario's at record level, else fedavg.", "fedavg", "fedsgd", "fedavgm", "fedadam", "fedyogi", "fedadagrad");
        Option<int?> evaluateEvery = new("--evaluate-every") { Description = "An evaluation round on the clients' rows after so many training rounds." };
        Option<int?> patience = new("--patience") { Description = "Stop training when the federated loss has not improved in so many evaluations in a row; --rounds is the most then. Every evaluation is charged." };
        Option<double?> leastImprovement = new("--least-improvement") { Description = "By how much the loss has to fall to count as an improvement. Default 0." };
        Option<double?> serverRate = new("--server-rate") { Description = "Step size of the server where clients train locally. Default by optimiser: fedavg the scenario's, fedavgm 0.1, fedadam and fedyogi 0.1, fedadagrad 0.2." };
        Option<string> serverSchedule = OneOf("--server-schedule", "How the server's step size goes on from round to round: cosine ends near 0, step halves it after each quarter of the rounds. Default constant.", "constant", "cosine", "inverse-sqrt", "step");
        Option<int> warmUp = new("--server-warm-up") { Description = "Rounds of linear warm-up of the server's step size. Default 0." };
        Option<double> proximal = new("--proximal") { Description = "FedProx: weight of the term that pulls local steps back to the global model. Default 0." };
        Option<bool> correctDrift = new("--correct-drift") { Description = "Clients correct local steps by the mean of all clients' gradients, which each training round then sums too (SCAFFOLD without client state)." };
        Option<int> accumulate = new("--accumulate") { Description = "Batches whose gradients make one local step. Default 1.", DefaultValueFactory = _ => 1 };
        Option<bool> measureDrift = new("--measure-drift") { Description = "Each training round tells how far the clients' updates lie apart, and nobody's own distance." };
        Option<double?> dropout = new("--dropout") { Description = "Probability that a client drops out of a round." };
        Option<string> adversary = OneOf("--adversary", "Server class to defend against. Default malicious.", "malicious", "curious");
        Option<string> privacy = OneOf("--privacy", "Whose presence noise hides: nobody's, a participant's whole contribution, or a single row's. Default record.", "none", "client", "record");
        Option<string> mechanism = OneOf("--mechanism", "Noise of the training rounds with --privacy record: independent sums of secret samples, or the nodes of a tree over one pass through the rows, which needs no sampling. Default sampled.", "sampled", "tree");
        Option<double?> adaptiveClip = new("--adaptive-clip") { Description = "Let the clip norm follow this quantile of the norms (0.5 is usual), by a noised count that each training round releases." };
        Option<double?> epsilon = new("--epsilon") { Description = "Privacy budget of all releases together. Default 4." };
        Option<double?> delta = new("--delta") { Description = "Probability with which the promise may fail. Default: at most 1e-5 and N^-1.1." };
        Option<string> ringBits = OneOf("--ring-bits", "Bits of each uploaded number. 16 and 20 flatten training vectors of more than 64. Default 32.", "16", "20", "32");
        Option<string> boundsFrom = new("--bounds-from") { Description = "Answers of 'securefed stats' (JSON): features get as public bounds the lowest and highest order found (minimum, quantiles, maximum)." };
        Option<string> outDirectory = new("--out") { Description = "New or empty directory for log, blobs, client state, model and report; and, until the run has ended, for its keys, so that --resume can go on." };
        Option<string> resume = new("--resume") { Description = "Go on with the run that was interrupted in this directory of --out, with its own options: no others but --json." };
        Option<bool> explain = new("--explain") { Description = "Add a last round that explains the model: calibration, importance, dependence, confidence intervals. Takes a part of the privacy budget." };
        Option<string> fairnessBy = new("--fairness-by") { Description = "With --explain, compare the groups of this column, which has at most 16 values." };
        Option<double?> explainShare = new("--explain-share") { Description = "Part of the privacy budget for --explain, above 0 and below 0.7. More narrows the intervals and costs the model. Default 0.2." };
        Option<bool> json = new("--json") { Description = "One JSON document on standard output." };

        Command command = new("demo", "Runs a federated task end to end: server, clients and, for encryption, key holders over HTTP on this machine.")
        {
            scenario, data, label, positive, drop, partitionBy, dirichlet, model, protection, clients, rounds, localEpochs, learningRate, batchSize,
            optimizer, evaluateEvery, patience, leastImprovement, dropout, adversary, privacy, mechanism, adaptiveClip, epsilon, delta, ringBits, boundsFrom, outDirectory, json, explain, fairnessBy, explainShare,
            serverRate, serverSchedule, warmUp, proximal, correctDrift, accumulate, measureDrift, hidden, activation, networkOutput,
            trees, depth, bins, resume,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(resume) is { } interrupted)
            {
                if (command.Options.FirstOrDefault(option => option != resume && option != json && parsed.GetResult(option) is { Implicit: false }) is { } other)
                    throw CommandException.Misuse($"--resume goes on with the options of the run that was interrupted; it does not go with {other.Name}.", "Leave everything but --json out.");
                DemoFolder unfinished = DemoFolder.Resume(interrupted);
                return await RunAsync(() => DemoPlan.Create(unfinished.Run.Options), unfinished, terminal, cancellationToken);
            }

            ProtectionKind protectionKind = parsed.GetValue(protection) switch
            {
                "encryption" => ProtectionKind.Encryption,
                "encryption-single-key" => ProtectionKind.EncryptionSingleKey,
                _ => ProtectionKind.Masking,
            };
            bool isSingleKey = protectionKind == ProtectionKind.EncryptionSingleKey;
            if (isSingleKey && parsed.GetValue(adversary) is "malicious")
                throw CommandException.Misuse("A single key protects against a curious server only.", "Leave --adversary out, or take --protection encryption: one-time keys hold against a malicious server.");
            DemoOptions options = new()
            {
                Scenario = parsed.GetValue(scenario) ?? "finance",
                Data = ListOf(parsed.GetValue(data)),
                Label = parsed.GetValue(label),
                Positive = parsed.GetValue(positive),
                Drop = ListOf(parsed.GetValue(drop)),
                Model = parsed.GetValue(model),
                Clients = parsed.GetValue(clients),
                Rounds = parsed.GetValue(rounds),
                LocalEpochs = parsed.GetValue(localEpochs),
                LearningRate = parsed.GetValue(learningRate),
                BatchSize = parsed.GetValue(batchSize),
                Optimizer = parsed.GetValue(optimizer),
                Privacy = parsed.GetValue(privacy) switch { "none" => PrivacyUnit.None, "client" => PrivacyUnit.Client, _ => PrivacyUnit.Record },
                IsTree = parsed.GetValue(mechanism) is "tree",
                AdaptiveClip = parsed.GetValue(adaptiveClip),
                Epsilon = parsed.GetValue(epsilon),
                Delta = parsed.GetValue(delta),
                EvaluateEvery = parsed.GetValue(evaluateEvery),
                Patience = parsed.GetValue(patience),
                LeastImprovement = parsed.GetValue(leastImprovement) ?? 0,
                Dropout = parsed.GetValue(dropout),
                RingBits = parsed.GetValue(ringBits) switch { "16" => 16, "20" => 20, _ => 32 },
                Protection = protectionKind,
                Explain = parsed.GetValue(explain),
                ExplainShare = parsed.GetValue(explainShare),
                FairnessBy = parsed.GetValue(fairnessBy),
                BoundsFrom = parsed.GetValue(boundsFrom),
                IsCurious = isSingleKey || parsed.GetValue(adversary) is "curious",
                ServerRate = parsed.GetValue(serverRate),
                ServerSchedule = parsed.GetValue(serverSchedule),
                WarmUp = parsed.GetValue(warmUp),
                Proximal = parsed.GetValue(proximal),
                CorrectDrift = parsed.GetValue(correctDrift),
                Accumulate = parsed.GetValue(accumulate),
                MeasureDrift = parsed.GetValue(measureDrift),
                PartitionBy = parsed.GetValue(partitionBy),
                Dirichlet = parsed.GetValue(dirichlet),
                Hidden = [.. ListOf(parsed.GetValue(hidden)).Select(ToWidth)],
                Activation = parsed.GetValue(activation),
                NetworkOutput = parsed.GetValue(networkOutput),
                Trees = parsed.GetValue(trees),
                Depth = parsed.GetValue(depth),
                Bins = parsed.GetValue(bins),
            };
            DemoPlan plan = DemoPlan.Create(options);
            string? directory = parsed.GetValue(outDirectory);
            if (directory is not null)
                AuditMirror.RequireEmpty(directory);
            return await RunAsync(() => plan, directory is null ? null : DemoFolder.Begin(directory, options, plan.Clients, plan.Protection), terminal, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(Func<DemoPlan> prepare, DemoFolder? folder, Terminal terminal, CancellationToken cancellationToken)
    {
        using (folder)
        {
            try
            {
                DemoPlan plan = prepare();
                DemoResult result = await DemoRun.ExecuteAsync(plan, folder, terminal, cancellationToken);
                if (folder is not null)
                {
                    DemoAudit.WriteFiles(folder.Path, result, DemoReport.ToModelFile(result, plan));
                    folder.End();
                }

                DemoReport.Write(result, plan, folder?.Path, terminal);
                return result.Audit.IsVerified ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;
            }
            catch (Exception) when (folder is { IsUnfinished: true })
            {
                terminal.Note($"The run is not over: securefed demo --resume {folder.Path}");
                throw;
            }
        }
    }

    internal static Option<string> OneOf(string name, string description, params string[] values)
    {
        Option<string> option = new(name) { Description = $"{description} One of {string.Join(", ", values)}." };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    private static int ToWidth(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int width)
        ? width
        : throw CommandException.Misuse($"'{text}' is no width of a hidden layer.", "--hidden takes one or two whole numbers, comma-separated.");

    internal static string[] ListOf(string? values) =>
        values?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
