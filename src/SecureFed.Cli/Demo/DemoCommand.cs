using System.CommandLine;
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
        Option<string> positive = new("--positive") { Description = "Label value that counts as positive. Default 1." };
        Option<string> drop = new("--drop") { Description = "Columns of --data to leave out, comma-separated." };
        Option<string> partitionBy = new("--partition-by") { Description = "Deal rows to clients by this column." };
        Option<double?> dirichlet = new("--dirichlet") { Description = "Deal rows unevenly, Dirichlet parameter." };
        Option<string> model = OneOf("--model", "Model. Default: the scenario's.", "linear", "logistic", "softmax", "network", "trees");
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
        Option<double?> dropout = new("--dropout") { Description = "Probability that a client drops out of a round." };
        Option<string> adversary = OneOf("--adversary", "Server class to defend against. Default malicious.", "malicious", "curious");
        Option<string> privacy = OneOf("--privacy", "Whose presence noise hides: nobody's, a participant's whole contribution, or a single row's. Default record.", "none", "client", "record");
        Option<string> mechanism = OneOf("--mechanism", "Noise of the training rounds with --privacy record: independent sums of secret samples, or the nodes of a tree over one pass through the rows, which needs no sampling. Default sampled.", "sampled", "tree");
        Option<double?> adaptiveClip = new("--adaptive-clip") { Description = "Let the clip norm follow this quantile of the norms (0.5 is usual), by a noised count that each training round releases." };
        Option<double?> epsilon = new("--epsilon") { Description = "Privacy budget of all releases together. Default 4." };
        Option<double?> delta = new("--delta") { Description = "Probability with which the promise may fail. Default: at most 1e-5 and N^-1.1." };
        Option<string> ringBits = OneOf("--ring-bits", "Bits of each uploaded number. 16 and 20 flatten training vectors of more than 64. Default 32.", "16", "20", "32");
        Option<string> outDirectory = new("--out") { Description = "New or empty directory for log, blobs, client state, model and report." };
        Option<bool> json = new("--json") { Description = "One JSON document on standard output." };

        Command command = new("demo", "Runs a federated task end to end: server, clients and, for encryption, key holders over HTTP on this machine.")
        {
            scenario, data, label, positive, drop, partitionBy, dirichlet, model, protection, clients, rounds, localEpochs, learningRate, batchSize,
            optimizer, dropout, adversary, privacy, mechanism, adaptiveClip, epsilon, delta, ringBits, outDirectory, json,
            trees, depth, bins,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            RefuseUnbuilt(parsed.GetValue(partitionBy) is not null, "--partition-by", "non-IID partitions");
            RefuseUnbuilt(parsed.GetValue(dirichlet) is not null, "--dirichlet", "non-IID partitions");
            RefuseUnbuilt(parsed.GetValue(model) is "softmax" or "network", $"--model {parsed.GetValue(model)}", "the wider set of models");
            RefuseUnbuilt(parsed.GetValue(optimizer) is "fedyogi" or "fedadagrad", $"--optimizer {parsed.GetValue(optimizer)}", "the wider set of server optimisers");
            ProtectionKind hidden = parsed.GetValue(protection) switch
            {
                "encryption" => ProtectionKind.Encryption,
                "encryption-single-key" => ProtectionKind.EncryptionSingleKey,
                _ => ProtectionKind.Masking,
            };
            bool isSingleKey = hidden == ProtectionKind.EncryptionSingleKey;
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
                Dropout = parsed.GetValue(dropout),
                RingBits = parsed.GetValue(ringBits) switch { "16" => 16, "20" => 20, _ => 32 },
                Protection = hidden,
                IsCurious = isSingleKey || parsed.GetValue(adversary) is "curious",
                Trees = parsed.GetValue(trees),
                Depth = parsed.GetValue(depth),
                Bins = parsed.GetValue(bins),
            };
            DemoPlan plan = DemoPlan.Create(options);
            string? directory = parsed.GetValue(outDirectory);
            if (directory is not null)
                AuditMirror.RequireEmpty(directory);
            DemoResult result = await DemoRun.ExecuteAsync(plan, directory, terminal, cancellationToken);
            if (directory is not null)
                DemoAudit.WriteFiles(directory, result, DemoReport.ToModelFile(result, plan));
            DemoReport.Write(result, plan, directory, terminal);
            return result.Audit.IsVerified ? SecureFedCommand.Done : SecureFedCommand.VerificationFailed;
        });
        return command;
    }

    private static void RefuseUnbuilt(bool isAsked, string option, string part)
    {
        if (isAsked)
            throw CommandException.NotBuilt(option, part);
    }

    private static Option<string> OneOf(string name, string description, params string[] values)
    {
        Option<string> option = new(name) { Description = $"{description} One of {string.Join(", ", values)}." };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    private static string[] ListOf(string? values) =>
        values?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
