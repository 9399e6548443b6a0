using System.Globalization;
using SecureFed.Cli.Output;
using SecureFed.Client;
using SecureFed.Learning.Metrics;
using SecureFed.Learning.Models;
using SecureFed.Learning.Preprocessing;
using SecureFed.Learning.Training;
using SecureFed.Learning.Trees;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;
using Spectre.Console;

namespace SecureFed.Cli.Demo;

/// <summary>Follows a task round by round and evaluates each model on the test rows.</summary>
internal sealed class DemoWatch(DemoPlan plan, SecureFedOperator taskOperator, Identifier taskId, Terminal terminal)
{
    // Noise alone does not bring a model there: the test loss of a model that knows nothing, ten thousand times.
    private const double RunawayFactor = 1e4;

    private readonly List<DemoRound> trainingRounds = [];
    private IReadOnlyList<RoundView> rounds = [];
    private int modelsSeen;

    public IReadOnlyList<DemoRound> TrainingRounds => trainingRounds;

    /// <summary>Rounds of every kind that gave a sum, in order.</summary>
    public IReadOnlyList<Identifier> ClosedRounds => [.. rounds.Where(r => r.Phase == RoundPhase.Closed).Select(r => Identifier.Parse(r.RoundId))];

    /// <summary>Rounds of every kind, failed ones included.</summary>
    public int AllRounds => rounds.Count;

    /// <summary>The newest model with its standardisation.</summary>
    public (IScoringModel Model, Standardizer Standardizer) Current { get; private set; }

    /// <summary>The newest model as it was published; null before there is one.</summary>
    public ModelState? State { get; private set; }

    /// <summary>C of the newest model; 0 if the clip norm is fixed.</summary>
    public double ClipNorm { get; private set; }

    /// <summary>Of the model before the first round.</summary>
    private double UntrainedLoss => ModelEvaluation.Evaluate(GlobalModel.Initial(plan.Form.Shape, ModelStep.SeedOf(taskId)), plan.Data.Test, Current.Standardizer).Loss;

    public Task WatchAsync(CancellationToken cancellationToken)
    {
        if (!terminal.IsInteractive)
            return FollowAsync(_ => { }, cancellationToken);
        Table table = new Table().AddColumns("round", "in the sum", "dropped", "test loss", "now");
        return terminal.Console.Live(table).StartAsync(live => FollowAsync(
            stage =>
            {
                table.Rows.Clear();
                foreach (DemoRound round in trainingRounds)
                {
                    table.AddRow($"{round.Round}/{plan.Rounds}", DemoReport.Text(round.Participants), DemoReport.Text(round.Dropped), round.Loss.ToString("0.0000", CultureInfo.InvariantCulture), "");
                }
                table.AddRow("", "", "", "", Markup.Escape(stage));
                live.Refresh();
            },
            cancellationToken));
    }

    private async Task FollowAsync(Action<string> show, CancellationToken cancellationToken)
    {
        await foreach (TaskView task in taskOperator.WatchAsync(taskId, cancellationToken))
        {
            await CatchUpAsync(cancellationToken);
            show(task.Round is { } round ? $"{round.Kind} round {round.Number}: {round.Phase}" : "starting");
            RequireNotGivenUp(task, LastLoss(task.FinishReason));
        }
    }

    /// <exception cref="CommandException">The task was given up.</exception>
    internal static void RequireNotGivenUp(TaskView task, string lastLoss = "")
    {
        if (task.Finished && task.FinishReason.Length > 0)
        {
            throw CommandException.Refuse(
                task.FinishReason,
                $"The task was given up after round {task.Round?.Number}: {task.FinishReason}.{lastLoss}",
                AdviceOn(task.FinishReason));
        }
    }

    private string LastLoss(string reason) => !string.Equals(reason, ErrorCodes.TrainingDiverged, StringComparison.Ordinal) ? ""
        : trainingRounds is [.., var last] ? FormattableString.Invariant($" The step after training round {last.Round}, whose model had the test loss {last.Loss:G3}, would have made the model infinite.")
        : " The first step would have made the model infinite.";

    private static string AdviceOn(string reason) => reason switch
    {
        ErrorCodes.BudgetExhausted => "Rounds that failed after their unmask request have used up the budget's reserve; lower --dropout or take more --clients.",
        ErrorCodes.TrainingDiverged => "Lower the server's learning rate (--server-rate, with fedsgd and --privacy record --learning-rate; a tenth is a good next try), or give it a --server-warm-up.",
        ErrorCodes.InvalidAggregate => "No model followed from the sums; check that the clients hold rows.",
        _ => "Too many clients dropped out in a row; lower --dropout or take more --clients.",
    };

    /// <summary>Stages may follow each other faster than this watcher asks, so it reads the lineage instead of trusting what it happened to see.</summary>
    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        rounds = await taskOperator.GetRoundsAsync(taskId, cancellationToken);
        IReadOnlyList<ModelView> models = await taskOperator.GetModelsAsync(taskId, cancellationToken);
        foreach (ModelView published in models.Skip(modelsSeen))
        {
            if (!Digest.TryParse(published.ModelDigest, out Digest digest))
                throw new System.Diagnostics.UnreachableException("The server's own lineage holds a malformed digest.");
            ModelState state = await taskOperator.GetModelAsync(digest, cancellationToken);
            ClipNorm = state.ClipNorm;
            State = state;
            double[] parameters = [.. published.Kind == RoundKind.Train ? state.Candidate : state.Result];
            Current = plan.Trees is { } trees
                ? (new TreeEnsemble(trees.Options, parameters), Standardizer.Identity(trees.Options.FeatureCount, 1))
                : (new GlobalModel(plan.Form.Shape, parameters), Standardizer.FromArray([.. state.Standardisation]));
            if (published.Kind == RoundKind.Train)
            {
                RoundView round = rounds.First(r => r.Number == published.Round);
                double loss = ModelEvaluation.Evaluate(Current.Model, plan.Data.Test, Current.Standardizer).Loss;
                if (!(loss <= RunawayFactor * (1 + UntrainedLoss)))
                    throw TrainingDivergedException.OfGlobalModel(trainingRounds.Count + 1, loss);
                DriftView? drift = plan.Training.MeasureDrift ? (await taskOperator.GetManifestAsync(taskId, Identifier.Parse(round.RoundId), cancellationToken)).Drift : null;
                trainingRounds.Add(new DemoRound(trainingRounds.Count + 1, round.Survivors, round.Cohort - round.Survivors, loss, drift));
            }
        }

        modelsSeen = models.Count;
    }
}
