using SecureFed.Learning.Data;
using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Explanation;

/// <summary>What every row contributes to the explanation where rows are protected. All bounds of <see cref="ExplanationPlan"/> hold by construction.</summary>
public sealed class ExplanationRecords : IRecordVectors
{
    private readonly ExplanationPlan plan;
    private readonly RowContribution contribution;

    /// <param name="plan">The task's, for rows.</param>
    /// <param name="model">The finished model.</param>
    /// <param name="data">The client's rows as they are, not standardised.</param>
    /// <exception cref="ArgumentException">Model or data do not fit the plan, or it is not one for rows.</exception>
    public ExplanationRecords(ExplanationPlan plan, ExplainedModel model, DataSet data)
    {
        if (!plan.IsRecordLevel)
        {
            throw new ArgumentException("The explanation is not one that protects rows.", nameof(plan));
        }

        this.plan = plan;
        contribution = new RowContribution(plan, model, data);
        Layout = plan.Layout;
        Count = data.Rows;
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public VectorLayout Layout { get; }

    /// <inheritdoc/>
    public void Write(int record, Span<double> vector)
    {
        vector.Clear();
        contribution.Add(record, partner: null, vector);
        foreach (ExplanationPart part in plan.Parts)
        {
            foreach (ref double number in vector.Slice(part.Offset, part.Length))
            {
                number *= part.Scale;
            }
        }
    }
}
