using SecureFed.Cli.Output;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Scenarios;
using SecureFed.Learning.Trees;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary>Boosted trees of a demo.</summary>
/// <param name="Options">As the learning library has them.</param>
/// <param name="BinningShare">Part of a record-level budget for the binning round.</param>
internal sealed record DemoTrees(TreeOptions Options, double BinningShare)
{
    // Random trees of one round that all see the same error correct it together. Of log loss they see little each and may add up to more; of squared error, measured at epsilon 4 on numbers
    // from the scenarios' real data, R2 falls by a tenth where they add up to 2 (0.33 for 0.40, 0.61 for 0.79).
    private const double GreatestStep = 0.8;

    /// <summary>Log loss of a label of two values, squared error of a number.</summary>
    /// <exception cref="CommandException">The label is one of several classes.</exception>
    public static ModelKind LossOf(LabelKind label) => label switch
    {
        LabelKind.Binary => ModelKind.Logistic,
        LabelKind.Numeric => ModelKind.Linear,
        _ => throw CommandException.Refuse(
            "trees-of-one-score",
            "The label has more than two classes; boosted trees have one score, which tells two classes apart or is a number.",
            "Name one class with --positive to tell it from all others, or take --model softmax or network for several."),
    };

    /// <summary>Null if the demo is of another model.</summary>
    public static DemoTrees? For(DemoOptions options, Scenario scenario, ModelKind loss, int features)
    {
        bool isAsked = string.Equals(options.Model, "trees", StringComparison.Ordinal);
        if (!isAsked)
        {
            return options.Trees is null && options.Depth is null && options.Bins is null
                ? null
                : throw CommandException.Misuse("--trees, --depth and --bins go with --model trees.", "Run 'securefed demo --help'.");
        }

        Refuse(options.IsTree, "--mechanism tree", "the tree of that name sums gradients of one model over many rounds; boosted trees need sums that stand alone");
        Refuse(options.AdaptiveClip is not null, "--adaptive-clip", "a row's norm in the sums of boosted trees is bounded by construction");
        Refuse(options.LocalEpochs is not null, "--local-epochs", "clients send sums for boosted trees and take no steps");
        Refuse(options.Optimizer is not null, "--optimizer", "boosted trees are grown by the server from the sums");
        Refuse(options.ServerRate is not null || options.ServerSchedule is not null || options.WarmUp > 0, "--server-rate, --server-schedule or --server-warm-up", "leaf values are shrunk by --learning-rate, all alike");
        Refuse(options.Proximal > 0 || options.CorrectDrift || options.Accumulate > 1 || options.MeasureDrift, "--proximal, --correct-drift, --accumulate or --measure-drift", "clients send sums for boosted trees and take no steps");
        Refuse(options.BatchSize is not null, "--batch-size", "every row is in every sum");
        TreeSettings settings = scenario.TreesFor(options.Privacy != PrivacyUnit.None);
        int count = options.Trees ?? settings.Trees;
        int perRound = settings.TreesPerRound == 1 ? 1 : options.Rounds is { } rounds && count % rounds == 0 ? count / rounds : Enumerable.Range(1, settings.TreesPerRound).Last(k => count % k == 0);
        double shrinkage = loss == ModelKind.Logistic ? settings.Shrinkage : Math.Min(settings.Shrinkage, GreatestStep / perRound);
        TreeOptions chosen = new(
            loss, features, count, options.Depth ?? settings.Depth, options.Bins ?? settings.Bins, options.LearningRate ?? shrinkage, settings.Lambda, settings.Rule, perRound);
        if (chosen.FindFault() is { } fault)
            throw CommandException.Misuse(fault, "Run 'securefed demo --help'.");
        return options.Rounds is null || options.Rounds == chosen.Rounds
            ? new DemoTrees(chosen, settings.BinningShare)
            : throw CommandException.Misuse($"{count} trees take {chosen.Rounds} training rounds here.", "Leave --rounds out, or take a number of trees that the rounds divide.");

        static void Refuse(bool isAsked, string option, string why)
        {
            if (isAsked)
                throw CommandException.Misuse($"{option} does not go with --model trees: {why}.", "Leave it out.");
        }
    }

    /// <summary>The demo's plan with trees instead of its model: every row in every sum, a binning round first.</summary>
    public DemoPrivacy Adapt(DemoPrivacy privacy) => privacy with
    {
        Rounds = Options.Rounds,
        Standardise = privacy.Definition.Unit != PrivacyUnit.Client,
        Definition = privacy.Definition with { SamplingRate = 1, StandardiseShare = BinningShare },
    };

    public TreeDefinition ToDefinition() => new()
    {
        Count = Options.Trees,
        Depth = Options.Depth,
        Bins = Options.Bins,
        Shrinkage = Options.Shrinkage,
        Lambda = Options.Lambda,
        Rule = Options.Rule == TreeRule.Histogram ? TreeSplitRule.Histogram : TreeSplitRule.Random,
        TreesPerRound = Options.TreesPerRound,
        Loss = Options.Kind == ModelKind.Logistic ? TreeLoss.LogLoss : TreeLoss.SquaredError,
    };
}
