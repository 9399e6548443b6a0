using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;

namespace SecureFed.Protocol.Tasks;

/// <summary>The segments of each kind of round, computed the same way by the server and by every client.</summary>
/// <remarks>
/// While noise is <c>none</c> each segment takes the finest scale that cannot wrap for the greatest cohort. Counts (evaluation) have scale 1 or more and
/// so are summed exactly.
/// </remarks>
public static class RoundLayouts
{
    public const string Moments = "moments";
    public const string Weight = "weight";
    public const string Delta = "delta";
    public const string Gradient = "gradient";
    public const string Counts = "counts";
    public const string Sums = "sums";

    /// <summary>Bins of each evaluation histogram over the logit in [−16, 16].</summary>
    public const int HistogramBins = 1024;

    public static UpdateLayout For(TaskParameters task, RoundKind kind) => kind switch
    {
        RoundKind.Standardise => Layout(task, (Moments, 2 * task.Model.Features.Count, Math.Sqrt(2.0 * task.Model.Features.Count)), (Weight, 1, 1)),
        RoundKind.Train when task.Training.ServerOptimizer == ServerOptimizerKind.FedSgd => Layout(task, (Gradient, task.Model.Length, task.Training.ClipNorm)),
        RoundKind.Train => Layout(task, (Delta, task.Model.Length, task.Training.ClipNorm), (Weight, 1, 1)),
        RoundKind.Evaluate => Evaluation(task),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    internal static IEnumerable<UpdateLayout> AllOf(TaskParameters task)
    {
        yield return For(task, RoundKind.Train);
        if (task.Schedule.Standardise)
            yield return For(task, RoundKind.Standardise);
        if (task.Schedule.Evaluate)
            yield return For(task, RoundKind.Evaluate);
    }

    private static UpdateLayout Evaluation(TaskParameters task) => task.Model.Kind == TaskModelKind.Logistic
        ? Layout(task, (Counts, 2 * HistogramBins + 2, 2.0 * task.Training.GreatestRows), (Sums, 1, 1))
        : Layout(task, (Counts, 1, task.Training.GreatestRows), (Sums, 3, 2));

    private static UpdateLayout Layout(TaskParameters task, params ReadOnlySpan<(string Name, int Length, double ClipNorm)> segments)
    {
        List<UpdateSegment> list = [];
        foreach ((string name, int length, double clipNorm) in segments)
            list.Add(new UpdateSegment(name, length, clipNorm, UpdateLayout.FinestScaleExponent(clipNorm, task.RingBits, task.Cohort.Greatest)));
        return new UpdateLayout(list, task.RingBits);
    }
}
