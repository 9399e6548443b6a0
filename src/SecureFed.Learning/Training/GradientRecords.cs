using SecureFed.Learning.Data;
using SecureFed.Learning.Models;
using SecureFed.Learning.Optimizers;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Training;

/// <summary>The gradient of every row's own loss at the global model, in the layout of <see cref="RecordSgd"/>.</summary>
/// <remarks>Without penalty: that does not depend on the row, and clipping would distort it. Norms are not bounded; the clip norm bounds them. Not for two threads at once.</remarks>
public sealed class GradientRecords : IRecordVectors
{
    private readonly GlobalModel model;
    private readonly DataSet data;
    private readonly double[] workspace;

    /// <param name="model">The global model of the round.</param>
    /// <param name="data">The client's standardised rows.</param>
    /// <param name="clipNorm">Largest L2 norm of one row's gradient.</param>
    /// <exception cref="ArgumentException">Features and model do not fit.</exception>
    public GradientRecords(GlobalModel model, DataSet data, double clipNorm)
    {
        if (data.FeatureCount != model.FeatureCount)
        {
            throw new ArgumentException($"A model of {model.FeatureCount} features has no gradient at rows of {data.FeatureCount} features.", nameof(data));
        }

        this.model = model;
        this.data = data;
        workspace = new double[model.Shape.WorkspaceLength];
        Layout = RecordSgd.LayoutOf(model.Parameters.Length, clipNorm);
    }

    /// <inheritdoc/>
    public int Count => data.Rows;

    /// <inheritdoc/>
    public VectorLayout Layout { get; }

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        Span<double> gradient = Layout.Slice(vector, RecordSgd.Gradient);
        gradient.Clear();
        model.Shape.AddGradient(model.Parameters, data.Row(record), data.Labels[record], 1, gradient, workspace);
    }
}
