using SecureFed.Learning.Data;
using SecureFed.Learning.Models;

namespace SecureFed.Learning.Baselines;

/// <summary>L-BFGS over all rows at once: the same steps on every run, without a learning rate.</summary>
/// <remarks>
/// Nocedal and Wright 2006, Algorithms 7.4 and 7.5, with <see cref="Memory"/> pairs and a step that is halved until it decreases the loss enough (Armijo). A pair without positive
/// curvature, as a network's loss has them, is left out.
/// </remarks>
internal sealed class LimitedMemoryBfgs
{
    private const int Memory = 12;
    private const int HalvingLimit = 30;
    private const double SufficientDecrease = 1e-4;
    private readonly Objective objective;
    private readonly DataSet data;
    private readonly int[] rows;
    private readonly LinkedList<(double[] Step, double[] Change, double Curvature)> pairs = new();

    public LimitedMemoryBfgs(Objective objective, DataSet data)
    {
        this.objective = objective;
        this.data = data;
        rows = [.. Enumerable.Range(0, data.Rows)];
    }

    /// <summary>Steps until the gradient is small, no step decreases the loss, or the limit is reached.</summary>
    /// <param name="parameters">Where to start. Overwritten by the fit.</param>
    /// <param name="iterationLimit">Most steps.</param>
    /// <param name="tolerance">Largest magnitude of a coordinate of the gradient at which the fit counts as reached.</param>
    /// <returns>Steps taken, and the loss.</returns>
    public (int Iterations, double Loss) Minimise(double[] parameters, int iterationLimit, double tolerance)
    {
        var gradient = new double[parameters.Length];
        double loss = objective.Gradient(parameters, data, rows, gradient);
        int iteration = 0;
        for (; iteration < iterationLimit && gradient.Max(Math.Abs) >= tolerance; iteration++)
        {
            double[] direction = Direction(gradient);
            double slope = RowArithmetic.Dot(direction, gradient);
            double step = pairs.Count == 0 ? Math.Min(1, 1 / Math.Sqrt(RowArithmetic.Dot(gradient, gradient))) : 1;
            double[]? next = null;
            var nextGradient = new double[parameters.Length];
            double nextLoss = loss;
            for (int halving = 0; next is null && halving < HalvingLimit; halving++, step /= 2)
            {
                double[] candidate = [.. parameters];
                RowArithmetic.AddScaled(candidate, step, direction);
                nextLoss = objective.Gradient(candidate, data, rows, nextGradient);
                next = nextLoss <= loss + (SufficientDecrease * step * slope) ? candidate : null;
            }

            if (next is null)
            {
                return (iteration, loss);
            }

            Remember(parameters, next, gradient, nextGradient);
            next.CopyTo(parameters, 0);
            (gradient, loss) = (nextGradient, nextLoss);
        }

        return (iteration, loss);
    }

    private double[] Direction(double[] gradient)
    {
        double[] direction = [.. gradient.Select(x => -x)];
        var shares = new Stack<double>();
        for (LinkedListNode<(double[] Step, double[] Change, double Curvature)>? node = pairs.Last; node is not null; node = node.Previous)
        {
            double share = RowArithmetic.Dot(node.Value.Step, direction) / node.Value.Curvature;
            RowArithmetic.AddScaled(direction, -share, node.Value.Change);
            shares.Push(share);
        }

        if (pairs.Last is { Value: var last })
        {
            double scale = last.Curvature / RowArithmetic.Dot(last.Change, last.Change);
            foreach (ref double x in direction.AsSpan())
            {
                x *= scale;
            }
        }

        foreach ((double[] step, double[] change, double curvature) in pairs)
        {
            RowArithmetic.AddScaled(direction, shares.Pop() - (RowArithmetic.Dot(change, direction) / curvature), step);
        }

        return direction;
    }

    private void Remember(double[] parameters, double[] next, double[] gradient, double[] nextGradient)
    {
        double[] step = [.. next];
        double[] change = [.. nextGradient];
        RowArithmetic.AddScaled(step, -1, parameters);
        RowArithmetic.AddScaled(change, -1, gradient);
        double curvature = RowArithmetic.Dot(step, change);
        if (curvature > 1e-12 * RowArithmetic.Dot(change, change))
        {
            pairs.AddLast((step, change, curvature));
        }

        if (pairs.Count > Memory)
        {
            pairs.RemoveFirst();
        }
    }
}
