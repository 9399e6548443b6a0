using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Metrics;

/// <summary>What a client contributes to the federated evaluation of several classes: whole numbers only, so that the sum is exact.</summary>
/// <remarks>
/// <c>[cells | loss]</c>. With up to <see cref="GreatestConfusion"/> classes the cells are the confusion matrix, true class by true class; with more, two for each class:
/// rows predicted wrongly, rows predicted correctly. Every row is in one cell, so their L2 norm is at most the number of rows, which is their sum. A row's loss is clipped to
/// <see cref="LossLimit"/>, and the client's sum sent in units of 1/256.
/// </remarks>
public static class MulticlassCounts
{
    /// <summary>Segment: rows by class, and by what was predicted.</summary>
    public const string Cells = "cells";

    /// <summary>Segment: sum of the log loss in units of 1/256.</summary>
    public const string LossUnits = "loss";

    /// <summary>Most classes with a confusion matrix: 1024 cells.</summary>
    public const int GreatestConfusion = 32;

    /// <summary>Largest loss of one row.</summary>
    public const double LossLimit = 16;

    private const double UnitsPerLoss = 256;

    /// <summary>Layout for clients of at most <paramref name="maxRows"/> rows.</summary>
    /// <param name="classes">2 to <see cref="LayeredModel.GreatestClasses"/>.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    public static VectorLayout Layout(int classes, int maxRows) => new(
        new VectorSegment(Cells, classes <= GreatestConfusion ? classes * classes : 2 * classes, maxRows, IntegerValued: true),
        new VectorSegment(LossUnits, 1, Math.Ceiling(maxRows * LossLimit * UnitsPerLoss), IntegerValued: true));

    /// <summary>The client's vector.</summary>
    /// <param name="model">The global model, with a softmax output.</param>
    /// <param name="data">The client's standardised rows; may be empty.</param>
    /// <param name="maxRows">The task's public maximum of rows per client.</param>
    /// <exception cref="DataException"><c>too-many-rows</c>.</exception>
    public static double[] Create(GlobalModel model, DataSet data, int maxRows)
    {
        RowWeight.RequireAtMost(data.Rows, maxRows);
        int classes = model.Shape.OutputCount;
        VectorLayout layout = Layout(classes, maxRows);
        var vector = new double[layout.Dimension];
        Span<double> cells = layout.Slice(vector.AsSpan(), Cells);
        double[] outputs = model.Outputs(data);
        double loss = 0;
        for (int row = 0; row < data.Rows; row++)
        {
            ReadOnlySpan<double> scores = outputs.AsSpan(row * classes, classes);
            int right = OutputLoss.ClassOf(data.Labels[row], classes);
            int predicted = OutputLoss.BestClass(scores);
            cells[classes <= GreatestConfusion ? (right * classes) + predicted : (2 * right) + (right == predicted ? 1 : 0)]++;
            loss += Math.Min(LossLimit, OutputLoss.Loss(OutputKind.Softmax, scores, right));
        }

        layout.Slice(vector.AsSpan(), LossUnits)[0] = Math.Round(loss * UnitsPerLoss);
        return vector;
    }

    /// <summary>Metrics from the sum over the surviving clients.</summary>
    /// <exception cref="LearningException"><c>no-weight</c>: the sum holds no rows.</exception>
    public static (ModelMetrics Metrics, ClassCounts Counts) Decode(ReadOnlySpan<double> sum, int classes, int maxRows)
    {
        VectorLayout layout = Layout(classes, maxRows);
        long[] cells = [.. layout.Slice(sum, Cells).ToArray().Select(cell => (long)Math.Max(0, Math.Round(cell)))];
        long rows = cells.Sum();
        if (rows < 1)
        {
            throw new LearningException("no-weight", "The evaluation holds no rows.", "Repeat the evaluation round with clients that hold rows.");
        }

        bool isConfusion = classes <= GreatestConfusion;
        int width = isConfusion ? classes : 2;
        long[] correct = [.. Enumerable.Range(0, classes).Select(k => cells[(k * width) + (isConfusion ? k : 1)])];
        var counts = new ClassCounts(
            [.. cells.Chunk(width).Select(of => of.Sum())],
            correct,
            isConfusion ? [.. cells.Chunk(width)] : null);
        double loss = Math.Max(0, layout.Slice(sum, LossUnits)[0] / UnitsPerLoss / rows);
        return (new ModelMetrics(rows, loss, null, (double)correct.Sum() / rows, null, null), counts);
    }
}
