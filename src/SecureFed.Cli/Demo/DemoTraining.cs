using SecureFed.Cli.Output;
using SecureFed.Learning.Data;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Demo;

/// <summary>Server rules, schedules and what clients whose rows differ do about it, in a demo.</summary>
internal static class DemoTraining
{
    // Measured on the finance data, eight clients with Dirichlet-skewed labels (0.1): FedAdam with 0.1 is in three rounds where FedAvg is after ten. Larger rates overshoot.
    private const double AdaptiveRate = 0.1;

    // Adagrad's steps shrink by themselves.
    private const double AdagradRate = 0.2;

    // 1 - β: a constant direction is followed at its own length, as FedAvg does.
    private const double MomentumRate = 0.1;

    // A quarter of the schedule between two halvings.
    private const int StepsOfSchedule = 4;

    /// <exception cref="CommandException">An option outside its range, or two that exclude each other.</exception>
    public static void Check(DemoOptions options)
    {
        RequireUsage(options.PartitionBy is null || options.Dirichlet is null, "--partition-by and --dirichlet exclude each other: rows are dealt once.");
        RequireUsage(options.Dirichlet is null or (> 0 and <= 1e6), "--dirichlet is above 0 and at most 1,000,000.");
        RequireUsage(options.Proximal >= 0 && double.IsFinite(options.Proximal), "--proximal is 0 or more.");
        RequireUsage(options.Accumulate >= 1, "--accumulate is at least 1.");
        RequireUsage(options.WarmUp >= 0, "--server-warm-up is 0 or more.");
        RequireUsage(options.ServerRate is null || (options.ServerRate > 0 && double.IsFinite(options.ServerRate.Value)), "--server-rate is positive.");
        bool isLocal = options.Proximal > 0 || options.CorrectDrift || options.Accumulate > 1;
        if (options.Privacy == PrivacyUnit.Record && (isLocal || options.MeasureDrift))
        {
            throw CommandException.Refuse(
                "no-local-steps",
                "With --privacy record a round is one gradient step over single rows: --proximal, --correct-drift, --accumulate and --measure-drift are about clients' own local steps.",
                "Leave them out, or choose --privacy client or none.");
        }

        if (options.Optimizer is "fedsgd" && isLocal)
        {
            throw CommandException.Refuse(
                "no-local-steps",
                "With --optimizer fedsgd a client sends one gradient over all its rows: --proximal, --correct-drift and --accumulate have no local steps to act on.",
                "Leave them out, or choose another --optimizer.");
        }

        if (options.IsTree && (options.WarmUp > 0 || options.ServerSchedule is not (null or "constant")))
        {
            throw CommandException.Refuse(
                "constant-rate-needed",
                "With --mechanism tree a step gives back the noise of the nodes that it replaces, at the rate at which it took it.",
                "Leave --server-schedule and --server-warm-up out, or take --mechanism sampled.");
        }
    }

    /// <summary>Null: dealt evenly, or as the scenario's synthetic participants are.</summary>
    public static Dealing? DealingOf(DemoOptions options) =>
        options.PartitionBy is null && options.Dirichlet is null ? null : new Dealing { Column = options.PartitionBy, Concentration = options.Dirichlet };

    public static ServerOptimizerKind KindOf(string? optimizer) => optimizer switch
    {
        "fedsgd" => ServerOptimizerKind.FedSgd,
        "fedavgm" => ServerOptimizerKind.FedAvgM,
        "fedadam" => ServerOptimizerKind.FedAdam,
        "fedyogi" => ServerOptimizerKind.FedYogi,
        "fedadagrad" => ServerOptimizerKind.FedAdagrad,
        _ => ServerOptimizerKind.FedAvg,
    };

    /// <summary>The server's rate where clients train locally.</summary>
    /// <param name="kind">Not FedSGD.</param>
    /// <param name="average">The scenario's rate along the plain average.</param>
    public static double RateOf(ServerOptimizerKind kind, double average) => kind switch
    {
        ServerOptimizerKind.FedAvgM => MomentumRate,
        ServerOptimizerKind.FedAdam or ServerOptimizerKind.FedYogi => AdaptiveRate,
        ServerOptimizerKind.FedAdagrad => AdagradRate,
        _ => average,
    };

    /// <summary>The training with the options that hold for every privacy unit and those for local steps.</summary>
    public static TrainingDefinition Complete(TrainingDefinition training, DemoOptions options, int rounds)
    {
        RequireUsage(options.WarmUp < rounds, "--server-warm-up is smaller than --rounds.");
        return training with
        {
            ServerLearningRate = options.ServerRate ?? training.ServerLearningRate,
            ServerSchedule = ScheduleOf(options, rounds),
            ProximalWeight = options.Proximal,
            AccumulatedBatches = options.Accumulate,
            CorrectDrift = options.CorrectDrift,
            MeasureDrift = options.MeasureDrift,
        };
    }

    private static ServerScheduleDefinition? ScheduleOf(DemoOptions options, int rounds) => options is { ServerSchedule: null or "constant", WarmUp: 0 }
        ? null
        : new ServerScheduleDefinition
        {
            Kind = options.ServerSchedule switch
            {
                "cosine" => ServerScheduleKind.Cosine,
                "inverse-sqrt" => ServerScheduleKind.InverseSquareRoot,
                "step" => ServerScheduleKind.Step,
                _ => ServerScheduleKind.Constant,
            },
            WarmUpRounds = options.WarmUp,
            StepRounds = Math.Max(1, (rounds + StepsOfSchedule - 1) / StepsOfSchedule),
        };

    private static void RequireUsage(bool condition, string message)
    {
        if (!condition)
            throw CommandException.Misuse(message, "Run 'securefed demo --help'.");
    }
}
