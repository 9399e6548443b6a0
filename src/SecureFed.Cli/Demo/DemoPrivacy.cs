using System.Numerics;
using SecureFed.Cli.Output;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Scenarios;
using SecureFed.Privacy.Accounting;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary>Privacy and record-level training of a demo.</summary>
/// <param name="Definition">What the operator posts.</param>
/// <param name="Rounds">Training rounds.</param>
/// <param name="Standardise">Whether a noisy standardisation round comes first; else features are scaled by their public bounds.</param>
/// <param name="Evaluate">Whether a last round evaluates on the clients' rows.</param>
internal sealed record DemoPrivacy(PrivacyDefinition Definition, int Rounds, bool Standardise, bool Evaluate)
{
    public const double DefaultEpsilon = 4;

    // A round that fails after its unmask request is paid for and repeated.
    private const int RoundsPerSpare = 20;

    // A power of two, so that the last model carries the noise of a single node. Measured on the scenarios' data: 32 rounds gain a thousandth of AUC at most.
    private const int GreatestTreeRounds = 16;

    // Plain steps along a logistic loss: only they let the noise of a node go again when the next one replaces it.
    private const double TreeRate = 4;

    public bool HasNoise => Definition.Unit != PrivacyUnit.None;

    public bool IsRecordLevel => Definition.Unit == PrivacyUnit.Record;

    /// <summary>Exact sums, or one participant's whole contribution protected.</summary>
    public static DemoPrivacy For(DemoOptions options, Scenario scenario, int clients, double dropout, int rounds) => options.Privacy == PrivacyUnit.None
        ? new DemoPrivacy(PrivacyDefinition.None, rounds, true, true)
        : new DemoPrivacy(
            new PrivacyDefinition
            {
                Unit = PrivacyUnit.Client,
                Epsilon = options.Epsilon ?? DefaultEpsilon,
                Delta = options.Delta ?? DeltaChoice.For(clients),
                DataSet = scenario.Name,
                SpareRounds = SparesFor(rounds, dropout),
            },
            rounds,
            false,
            false);

    /// <summary>Single rows protected: the scenario's settings, unless the user says otherwise.</summary>
    public static (DemoPrivacy Privacy, TrainingDefinition Training) ForRecords(
        DemoOptions options, string dataSet, RecordLevelSettings settings, double dropout, int trainingRows, TrainingDefinition training)
    {
        RefuseLocalTraining(options);
        int expected = PublicEstimate(trainingRows);
        int rounds = options.Rounds ?? (options.IsTree ? Math.Min(GreatestTreeRounds, (int)BitOperations.RoundUpToPowerOf2((uint)settings.Rounds)) : settings.Rounds);
        double rate = options.BatchSize is { } batch ? Math.Min(1, (double)batch / expected) : settings.SamplingRate;
        (ServerOptimizerKind optimizer, double serverRate) = ServerOf(options, settings);
        bool standardise = settings.Standardisation == StandardisationKind.Noised;
        PrivacyDefinition definition = new()
        {
            Unit = PrivacyUnit.Record,
            Epsilon = options.Epsilon ?? DefaultEpsilon,
            Delta = options.Delta ?? DeltaChoice.For(expected),
            DataSet = dataSet,
            SamplingRate = options.IsTree ? 1 : rate,
            ExpectedRecords = expected,
            SpareRounds = SparesFor(rounds, dropout),
            StandardiseShare = settings.StandardisationShare,
            TreeLeaves = options.IsTree ? rounds : 0, // One pass.
        };
        TrainingDefinition stepped = training with
        {
            Optimizer = optimizer,
            ServerLearningRate = options.LearningRate ?? serverRate,
            LocalEpochs = 1,
            ClipNorm = settings.ClipNorm,
            ScaleByBounds = !standardise,
        };
        return (new DemoPrivacy(definition, rounds, standardise, false), stepped);
    }

    private static (ServerOptimizerKind Kind, double Rate) ServerOf(DemoOptions options, RecordLevelSettings settings)
    {
        ServerOptimizerKind kind = settings.Rule switch
        {
            ServerRuleKind.Adam => ServerOptimizerKind.FedAdam,
            ServerRuleKind.Momentum => ServerOptimizerKind.FedAvgM,
            ServerRuleKind.Yogi => ServerOptimizerKind.FedYogi,
            ServerRuleKind.Adagrad => ServerOptimizerKind.FedAdagrad,
            _ => ServerOptimizerKind.FedSgd,
        };
        ServerOptimizerKind? asked = options.Optimizer switch
        {
            null => null,
            "fedsgd" => ServerOptimizerKind.FedSgd,
            "fedavgm" => ServerOptimizerKind.FedAvgM,
            "fedadam" => ServerOptimizerKind.FedAdam,
            "fedyogi" => ServerOptimizerKind.FedYogi,
            "fedadagrad" => ServerOptimizerKind.FedAdagrad,
            _ => throw CommandException.Refuse(
                "no-local-steps",
                $"With --privacy record a round is one gradient step, so --optimizer {options.Optimizer} has nothing to average.",
                "Choose fedsgd, fedavgm, fedadam, fedyogi or fedadagrad, or --privacy client."),
        };
        if (options.IsTree && options.Model is not ("linear" or "network") && (asked ?? ServerOptimizerKind.FedSgd) == ServerOptimizerKind.FedSgd)
            return (ServerOptimizerKind.FedSgd, TreeRate);
        return asked is null || asked == kind ? (kind, settings.ServerRate) : (asked.Value, RateOf(asked.Value, kind, settings));
    }

    /// <summary>Where the scenario goes by another rule. Yogi steps as Adam does until directions shrink; Adagrad starts longer, for its steps shrink.</summary>
    private static double RateOf(ServerOptimizerKind asked, ServerOptimizerKind known, RecordLevelSettings settings) => asked switch
    {
        ServerOptimizerKind.FedYogi when known == ServerOptimizerKind.FedAdam => settings.ServerRate,
        ServerOptimizerKind.FedAdagrad when known == ServerOptimizerKind.FedAdam => 2 * settings.ServerRate,
        ServerOptimizerKind.FedAdam or ServerOptimizerKind.FedYogi => 0.05,
        ServerOptimizerKind.FedAdagrad => 0.1,
        _ => 1,
    };

    private static void RefuseLocalTraining(DemoOptions options)
    {
        if (options.LocalEpochs is not null)
        {
            throw CommandException.Refuse(
                "no-local-steps",
                "With --privacy record a round is one gradient step over one part of all rows; a second local step would use a row twice.",
                "Leave --local-epochs out, or choose --privacy client or none.");
        }
    }

    internal static int SparesFor(int rounds, double dropout) => dropout > 0 ? (rounds + RoundsPerSpare - 1) / RoundsPerSpare : 0;

    /// <summary>Two significant digits, as a consortium would estimate. For a trial: here the estimate is made from the rows, in production it must not be.</summary>
    internal static int PublicEstimate(int rows)
    {
        double power = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(rows)) - 1));
        return (int)(Math.Round(rows / power) * power);
    }
}
