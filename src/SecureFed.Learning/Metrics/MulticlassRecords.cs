using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Metrics;

/// <summary>What every row contributes to record-level evaluation of several classes: <c>[one-hot by class and whether it was predicted correctly | loss]</c>.</summary>
/// <remarks>
/// A row is in one of 2K cells, so the norm of the first segment is 1, and the loss is clipped to <see cref="LossLimit"/>: both bounds hold by construction. A confusion
/// matrix would have K² noisy cells, whose sum is the number of rows. Not for two threads at once.
/// </remarks>
public sealed class MulticlassRecords : IRecordVectors
{
    /// <summary>Segment: 1 in the cell of the row's class, wrong before right.</summary>
    public const string Cells = "cells";

    /// <summary>Segment: the log loss, clipped.</summary>
    public const string Loss = "loss";

    // Rows must be seen this many standard errors above 0, or the metrics divide by noise.
    private const double RowResolution = 3;
    private readonly GlobalModel model;
    private readonly DataSet data;
    private readonly double[] scores;
    private readonly double[] workspace;

    /// <param name="model">The global model, with a softmax output.</param>
    /// <param name="data">The client's standardised rows.</param>
    /// <exception cref="ArgumentException">Features and model do not fit.</exception>
    public MulticlassRecords(GlobalModel model, DataSet data)
    {
        if (data.FeatureCount != model.FeatureCount || model.Shape.Output != OutputKind.Softmax)
        {
            throw new ArgumentException($"A {model.Kind} model of {model.FeatureCount} features with a {model.Shape.Output} output does not tell classes of rows of {data.FeatureCount} features apart.", nameof(model));
        }

        this.model = model;
        this.data = data;
        scores = new double[model.Shape.OutputCount];
        workspace = new double[model.Shape.WorkspaceLength];
        Layout = LayoutOf(scores.Length);
    }

    /// <inheritdoc/>
    public int Count => data.Rows;

    /// <inheritdoc/>
    public VectorLayout Layout { get; }

    /// <summary>The layout for so many classes.</summary>
    public static VectorLayout LayoutOf(int classes) => new(new VectorSegment(Cells, 2 * classes, 1, IntegerValued: true), new VectorSegment(Loss, 1, LossLimit(classes)));

    /// <summary>Largest loss of one row: 5, or twice that of guessing among many classes.</summary>
    public static double LossLimit(int classes) => Math.Max(5, Math.Ceiling(2 * Math.Log(classes)));

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        Span<double> cells = Layout.Slice(vector, Cells);
        cells.Clear();
        model.Shape.Evaluate(model.Parameters, data.Row(record), scores, workspace);
        int right = OutputLoss.ClassOf(data.Labels[record], scores.Length);
        cells[(2 * right) + (OutputLoss.BestClass(scores) == right ? 1 : 0)] = 1;
        Layout.Slice(vector, Loss)[0] = Math.Clamp(OutputLoss.Loss(OutputKind.Softmax, scores, right), 0, LossLimit(scores.Length));
    }

    /// <summary>Metrics from the noisy sum over the sampled rows of all survivors.</summary>
    /// <param name="sum">In <see cref="LayoutOf"/>.</param>
    /// <param name="noiseDeviations">Per segment, standard deviation of each coordinate's noise, at least 0.</param>
    /// <param name="classes">Number of classes.</param>
    /// <returns>Metrics with errors; those of ratios as if their two sums erred independently.</returns>
    /// <exception cref="LearningException"><c>no-weight</c>: the number of rows is not told from 0.</exception>
    public static NoisyMetrics Decode(ReadOnlySpan<double> sum, ReadOnlySpan<double> noiseDeviations, int classes)
    {
        VectorLayout layout = LayoutOf(classes);
        NoiseDeviations.Require(layout, noiseDeviations);
        ReadOnlySpan<double> cells = layout.Slice(sum, Cells);
        double rows = 0;
        double correct = 0;
        for (int cell = 0; cell < cells.Length; cell++)
        {
            rows += cells[cell];
            correct += cell % 2 == 1 ? cells[cell] : 0;
        }

        double rowNoise = noiseDeviations[0] * Math.Sqrt(cells.Length);
        if (!(rows >= Math.Max(0.5, RowResolution * rowNoise)))
        {
            throw new LearningException("no-weight", "The number of rows is not told from 0 by the noisy sum.", "Repeat the evaluation with more rows or more budget.");
        }

        double loss = layout.Slice(sum, Loss)[0];
        return new NoisyMetrics(
            new ModelMetrics((long)Math.Max(1, Math.Round(rows)), Math.Clamp(loss / rows, 0, LossLimit(classes)), null, Math.Clamp(correct / rows, 0, 1), null, null),
            new MetricErrors(
                rowNoise,
                NoiseDeviations.OfRatio(loss, noiseDeviations[1], rows, rowNoise),
                null,
                NoiseDeviations.OfRatio(correct, noiseDeviations[0] * Math.Sqrt(classes), rows, rowNoise),
                null,
                null));
    }
}
