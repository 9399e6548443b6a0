using SecureFed.Cli.Output;
using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Scenarios;
using SecureFed.Learning.Training;
using SecureFed.Privacy.Budget;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>A demo that can run: data dealt, thresholds feasible, every default decided.</summary>
/// <param name="Scenario">Scenario.</param>
/// <param name="Data">Who holds which rows.</param>
/// <param name="Notes">What is learnt of what, and how a CSV was read.</param>
/// <param name="Model">Model.</param>
/// <param name="Dropout">Probability that a client drops out of a round.</param>
/// <param name="Cohort">Bounds.</param>
/// <param name="Training">Hyper-parameters.</param>
/// <param name="Privacy">Budget and rounds.</param>
/// <param name="RingBits">b; below 32 long training vectors are flattened.</param>
/// <param name="Protection">How updates are hidden.</param>
/// <param name="Schedule">Evaluations in between, and whether they can end the training.</param>
/// <param name="Form">The model with its dimensions.</param>
/// <param name="Explanation">What a last round explains; null for no such round.</param>
/// <param name="ExplainShare">Its part of the budget.</param>
/// <param name="Trees">Boosted trees; null for another model.</param>
internal sealed record DemoPlan(
    Scenario Scenario,
    ScenarioData Data,
    IReadOnlyList<string> Notes,
    ModelKind Model,
    double Dropout,
    CohortBounds Cohort,
    TrainingDefinition Training,
    DemoPrivacy Privacy,
    int RingBits,
    ProtectionKind Protection,
    ScheduleDefinition Schedule,
    DemoModel Form,
    ExplanationDefinition? Explanation = null,
    double ExplainShare = DemoExplanation.DefaultShare,
    DemoTrees? Trees = null)
{
    /// <summary>Data generation, partition and simulated dropouts are the same in every run; keys and masks never are.</summary>
    public const ulong Seed = 20_260_101;

    private const int FedSgdRounds = 100;

    // Features and intercept of a model that flattening can help: no coordinate of 64 or fewer reaches less far by it.
    private const int LeastFlattened = 64;

    // The scenarios' own steps suit the logistic loss; squared error is steeper, and Adam does not mind how steep.
    private static readonly LocalTrainingOptions SquaredErrorTraining = new() { Epochs = 5, BatchSize = 32, LearningRate = 0.05, LearningRateDecay = 0.85 };
    private static readonly ExactDecimal Gamma = ExactDecimal.From(0.1m);

    /// <summary>Questions to ask in place of training a model; null to train.</summary>
    public ModelDefinition? Statistics { get; init; }

    public int Clients => Cohort.Greatest;

    /// <summary>Training rounds.</summary>
    public int Rounds => Privacy.Rounds;

    public static DemoPlan Create(DemoOptions options)
    {
        Scenario scenario = Scenario.ByName(options.Scenario);
        int clients = options.Clients ?? scenario.DefaultClients;
        RequireUsage(clients >= 1, "--clients is at least 1.");
        RequireUsage(options.Rounds is null or (>= 1 and <= 10_000), "--rounds is 1 to 10,000.");
        RequireUsage(options.LocalEpochs is null or >= 1, "--local-epochs is at least 1.");
        RequireUsage(options.BatchSize is null or >= 1, "--batch-size is at least 1.");
        RequireUsage(options.LearningRate is null || (options.LearningRate > 0 && double.IsFinite(options.LearningRate.Value)), "--learning-rate is positive.");
        RequireUsage(options.Dropout is null or (>= 0 and < 1), "--dropout lies in [0, 1).");
        RequireUsage(options.Epsilon is null or (> 0 and < 1e6), "--epsilon is above 0 and below 1,000,000.");
        RequireUsage(options.Delta is null or (>= DataSetLedger.LeastDelta and < 1), "--delta lies in [1e-28, 1).");
        RequireUsage(options.Privacy != PrivacyUnit.None || (options.Epsilon is null && options.Delta is null), "--epsilon and --delta go with --privacy client or record.");
        RequireUsage(options.Privacy == PrivacyUnit.Record || !options.IsTree, "--mechanism tree goes with --privacy record.");
        RequireUsage(!options.IsTree || options.BatchSize is null, "With --mechanism tree every row is in one round of the pass: --rounds says how many rows that is, not --batch-size.");
        RequireUsage(options.AdaptiveClip is null or (>= 0.01 and <= 0.99), "--adaptive-clip is a quantile, 0.01 to 0.99.");
        RequireUsage(options.AdaptiveClip is null || (options.Privacy != PrivacyUnit.None && !options.IsTree), "--adaptive-clip releases a count with noise: it goes with --privacy client or record, and not with --mechanism tree.");
        RequireUsage(options.RingBits == 32 || options.Privacy != PrivacyUnit.None, "--ring-bits 16 and 20 go with --privacy client or record: without noise the grid is as fine as the ring allows, whatever its size.");
        RequireUsage(options.EvaluateEvery is null or >= 1, "--evaluate-every is at least 1.");
        RequireUsage(options.Patience is null or >= 1, "--patience is at least 1.");
        RequireUsage(options.LeastImprovement >= 0 && double.IsFinite(options.LeastImprovement) && (options.Patience is not null || options.LeastImprovement == 0), "--least-improvement is at least 0 and goes with --patience.");
        DemoTraining.Check(options);
        RequireUsage(options.ExplainShare is null or (> 0 and < 0.7), "--explain-share lies above 0 and below 0.7.");
        RequireUsage(options.ExplainShare is null || (options.Explain && options.Privacy != PrivacyUnit.None), "--explain-share goes with --explain and --privacy client or record.");
        RequireUsage(options.BoundsFrom is null || options.Privacy == PrivacyUnit.Record, "--bounds-from goes with --privacy record: elsewhere a row beyond the bounds is refused, not counted as the bound.");
        RequireUsage(options.Data.Count == 0 || options.Label is not null, "--data needs --label.");
        RequireUsage(options.Data.Count > 0 || (options.Label is null && options.Positive is null && options.Drop.Count == 0), "--label, --positive and --drop go with --data.");

        double dropout = options.Dropout ?? scenario.DefaultDropout;
        CohortBounds cohort = ChooseCohort(clients, dropout, scenario, options);
        (ModelKind model, LabelKind label) = DemoModel.KindOf(options, scenario, () => options.Data.Count > 0 ? Read(options, sources => CsvTable.SuggestLabelKind(sources, ToCsv(options, LabelKind.Binary))) : LabelKind.Binary);
        RequireUsage(options.Positive is null || label == LabelKind.Binary, "--positive goes with a label of two values: --model logistic or trees, or a network with a logistic output.");
        CsvTable? table = options.Data.Count > 0 ? Read(options, sources => CsvTable.Read(sources, ToCsv(options, label))) : null;
        ScenarioData data = table is null ? scenario.Generate(clients, Seed, DemoTraining.DealingOf(options)) : Scenario.Deal(table, clients, Seed, DemoTraining.DealingOf(options));
        if (options.BoundsFrom is { } answers)
            data = data.With(Stats.StatsBounds.Apply(data.Schema, answers));
        IReadOnlyList<string> notes = table is null ? [scenario.Description] : [$"{clients} clients learn '{options.Label}' from the rows of {string.Join(", ", options.Data.Select(Path.GetFileName))}, without showing each other theirs.", .. table.Notes];
        DemoTrees? trees = DemoTrees.For(options, scenario, model, data.Schema.Features.Count);
        DemoModel form = DemoModel.Create(options, model, label, data.Schema, table?.Classes ?? [], scenario.Network.Hidden);
        bool isNetwork = model == ModelKind.Network;
        LocalTrainingOptions local = isNetwork ? scenario.Network.Local
            : model == ModelKind.Softmax ? scenario.Local with { LearningRate = scenario.Local.LearningRate / LayeredModel.SoftmaxPace }
            : model == scenario.ModelKind ? scenario.Local : SquaredErrorTraining;
        RecordLevelSettings recordLevel = isNetwork ? scenario.Network.RecordLevel
            : model == ModelKind.Softmax ? scenario.RecordLevel with { ServerRate = scenario.RecordLevel.ServerRate / LayeredModel.SoftmaxPace }
            : scenario.RecordLevel;
        bool isFedSgd = string.Equals(options.Optimizer, "fedsgd", StringComparison.Ordinal);
        ServerOptimizerKind kind = DemoTraining.KindOf(options.Optimizer);
        TrainingDefinition training = new()
        {
            Optimizer = kind,
            ServerLearningRate = isFedSgd
                ? options.LearningRate ?? FedSgdRate(scenario, model, data.Schema.Features.Count)
                : DemoTraining.RateOf(kind, isNetwork ? scenario.Network.ServerRate : model == scenario.ModelKind || model == ModelKind.Softmax ? scenario.ServerRate : 1),
            LocalOptimizer = local.Optimizer == LocalOptimizer.Adam ? LocalOptimizerKind.Adam : LocalOptimizerKind.Sgd,
            LocalLearningRate = isFedSgd ? local.LearningRate : options.LearningRate ?? local.LearningRate,
            AdamEpsilon = local.AdamEpsilon,
            LearningRateDecay = local.LearningRateDecay,
            LocalEpochs = options.LocalEpochs ?? local.Epochs,
            BatchSize = options.BatchSize ?? local.BatchSize,
            ClipNorm = isNetwork ? scenario.Network.ClipNorm : scenario.ClipNorm,
            GreatestRows = data.MaxRows,
        };
        if (trees is not null)
            options = options with { Rounds = trees.Options.Rounds };
        if (options.Privacy == PrivacyUnit.Record)
        {
            (DemoPrivacy records, TrainingDefinition stepped) = DemoPrivacy.ForRecords(options, scenario.Name, recordLevel, dropout, data.Clients.Sum(c => c.Rows), training);
            return new DemoPlan(scenario, data, notes, model, dropout, cohort, WithAdaptiveClip(DemoTraining.Complete(stepped, options, records.Rounds), options), trees?.Adapt(records) ?? records, options.RingBits, options.Protection, ScheduleOf(options), form, DemoExplanation.For(options, data, form.Shape.Output), options.ExplainShare ?? DemoExplanation.DefaultShare, trees);
        }

        DemoPrivacy privacy = DemoPrivacy.For(options, scenario, clients, dropout, options.Rounds ?? (isFedSgd ? FedSgdRounds : isNetwork ? scenario.Network.Rounds : scenario.DefaultRounds));
        privacy = trees?.Adapt(privacy) ?? privacy;
        return new DemoPlan(scenario, data, notes, model, dropout, cohort, WithAdaptiveClip(DemoTraining.Complete(training with { ScaleByBounds = !privacy.Standardise }, options, privacy.Rounds), options), privacy, options.RingBits, options.Protection, ScheduleOf(options), form, DemoExplanation.For(options, data, form.Shape.Output), options.ExplainShare ?? DemoExplanation.DefaultShare, trees);
    }

    private static ScheduleDefinition ScheduleOf(DemoOptions options) => new()
    {
        EvaluateEvery = options.EvaluateEvery ?? (options.Patience is null ? 0 : 1),
        Patience = options.Patience ?? 0,
        LeastImprovement = options.LeastImprovement,
    };

    private static TrainingDefinition WithAdaptiveClip(TrainingDefinition training, DemoOptions options) => options.AdaptiveClip is not { } quantile
        ? training
        : training with { AdaptiveClip = new AdaptiveClipDefinition { Quantile = quantile, Lowest = training.ClipNorm / 100, Greatest = 4 * training.ClipNorm } };

    /// <summary>What the operator posts.</summary>
    public TaskDefinition ToDefinition(Identifier taskId) => new()
    {
        TaskId = taskId.ToString(),
        Name = $"{(Statistics is null ? "demo" : "statistics")} {Scenario.Name}",
        Model = Statistics ?? (Trees is null ? Form.ToDefinition(Scenario.Penalty) : Form.ToDefinition(Scenario.Penalty) with { Kind = TaskModelKind.Trees, Trees = Trees.ToDefinition() }),
        Training = Training,
        Schedule = Schedule with { Standardise = Privacy.Standardise, TrainRounds = Rounds, Evaluate = Privacy.Evaluate || Schedule.EvaluateEvery > 0, GreatestFailures = 5, Explain = Explanation is not null },
        Explanation = Explanation,
        Privacy = Privacy.Definition with { ExplainShare = ExplainShare },
        Protection = Protection,
        RingBits = RingBits,
        Flatten = RingBits < 32 && Trees is null && Form.Shape.ParameterCount > LeastFlattened,
        Cohort = new CohortDefinition
        {
            Least = Cohort.Least,
            Greatest = Cohort.Greatest,
            OrganisationCap = Cohort.OrganisationCap,
            Gamma = Cohort.Gamma.ToDecimal(),
            DeltaDrop = Cohort.DeltaDrop.ToDecimal(),
            ServerClass = Cohort.ServerClass,
        },
        Deadlines = new DeadlineDefinition { AdvertiseMilliseconds = Collecting, PhaseMilliseconds = 30_000, GraceMilliseconds = Grace },
    };

    /// <summary>How long clients may compute. An encrypted round has invited its clients before, so it waits that long for one that dropped out.</summary>
    private int Collecting => Protection == ProtectionKind.Masking || Dropout == 0 ? 60_000 : 4_000 + 60 * Clients;

    /// <summary>How long nothing may come before the server goes on without the missing: the more clients share this machine, the denser they come.</summary>
    private int Grace => Dropout == 0 ? 5_000 : Clients >= 100 ? 350 : 700;

    internal static CohortBounds ChooseCohort(int clients, double dropout, Scenario scenario, DemoOptions options)
    {
        ServerClass serverClass = options.IsCurious ? ServerClass.Curious : ServerClass.Malicious;
        ExactDecimal preferred = ExactDecimal.From((decimal)(options.Dropout is null || dropout == 0 ? scenario.DropoutTolerance : Math.Min(scenario.DropoutTolerance, dropout)));
        ExactDecimal? chosen = DropoutPlan.ChooseDeltaDrop(clients, dropout, preferred, Gamma, serverClass);
        if (options.Dropout == 0)
            chosen ??= DropoutPlan.ChooseDeltaDrop(clients, 0, ExactDecimal.Zero, Gamma, serverClass);
        if (chosen is { } delta)
            return DropoutPlan.BoundsFor(DropoutPlan.LeastCohort(clients, delta, Gamma, serverClass), clients, delta, Gamma, serverClass);

        int? needed = DropoutPlan.LeastClients(dropout, Gamma, serverClass);
        if (dropout == 0 || needed > clients && DropoutPlan.GreatestDropout(clients, Gamma, serverClass) == 0)
        {
            int least = DropoutPlan.LeastClients(Math.Max(dropout, 0), Gamma, serverClass) ?? 5;
            throw CommandException.Refuse(
                ErrorCodes.CohortTooSmall,
                $"{clients} clients are fewer than a cohort needs against a {(options.IsCurious ? "curious" : "malicious")} server with delta_drop {preferred}.",
                $"Take --clients {Math.Max(least, LeastFeasible(preferred, serverClass))} or more; {LeastFeasible(ExactDecimal.Zero, serverClass)} suffice with --dropout 0, where no client may miss a round.");
        }

        string more = needed is null ? "no number of clients carries it" : $"--clients {needed} or more";
        throw CommandException.Refuse(
            "dropout-too-high",
            $"With {clients} clients the thresholds cannot carry a dropout of {dropout}: more than one round in twenty would fail.",
            $"Take --dropout {DropoutPlan.GreatestDropout(clients, Gamma, serverClass)} or less, {more}{(options.IsCurious ? "" : ", or the weaker --adversary curious")}.");
    }

    /// <summary>Squared error over F standardised features has a Hessian of trace 2F, so 1/(2F) is below 2/L whatever their correlation.</summary>
    private static double FedSgdRate(Scenario scenario, ModelKind model, int features) =>
        model == ModelKind.Linear ? 1.0 / (2 * features) : model == scenario.ModelKind ? scenario.FedSgdLearningRate : Math.Min(0.5, scenario.FedSgdLearningRate);

    private static int LeastFeasible(ExactDecimal delta, ServerClass serverClass)
    {
        int clients = 3;
        while (DropoutPlan.BoundsFor(clients, clients, delta, Gamma, serverClass).FindInfeasible() is not null && clients < 1000)
            clients++;
        return clients;
    }

    private static CsvOptions ToCsv(DemoOptions options, LabelKind label) => new(options.Label!) { Positive = options.Positive ?? "1", Drop = options.Drop, LabelKind = label, PartitionBy = options.PartitionBy };

    private static T Read<T>(DemoOptions options, Func<IReadOnlyList<CsvSource>, T> read) => Read(options.Data, read);

    internal static CsvTable ReadTable(IReadOnlyList<string> paths, CsvOptions options) => Read(paths, sources => CsvTable.Read(sources, options));

    private static T Read<T>(IReadOnlyList<string> paths, Func<IReadOnlyList<CsvSource>, T> read)
    {
        List<CsvSource> sources = [];
        try
        {
            foreach (string path in paths)
                sources.Add(new CsvSource(Path.GetFileName(path), new StreamReader(path)));
            return read(sources);
        }
        finally
        {
            foreach (CsvSource source in sources)
                source.Reader.Dispose();
        }
    }

    internal static void RequireUsage(bool condition, string message)
    {
        if (!condition)
            throw CommandException.Misuse(message, "Run 'securefed demo --help'.");
    }
}
