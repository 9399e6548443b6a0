using SecureFed.Learning.Explanation;
using SecureFed.Protocol.Resources;

namespace SecureFed.Server.Tasks;

/// <summary>An explanation as the interface gives it.</summary>
internal static class ExplanationViews
{
    public static ExplanationView Of(ModelExplanation explanation, int round) => new(
        round,
        new EstimateView(explanation.Rows, explanation.RowsError),
        [.. explanation.Calibration.Select(b => new CalibrationView(b.Lower, b.Upper, b.Rows, Of(b.Prediction), Of(b.Outcome)))],
        [.. explanation.Importance.Select(i => new ImportanceView(i.Feature, Of(i.Increase)))],
        [.. explanation.Dependence.Select(d => new DependenceView(d.Feature, [.. d.Points.Select(p => new DependencePointView(p.Value, Of(p.Prediction)))]))],
        explanation.Coefficients is { } coefficients
            ? new CoefficientsView([.. coefficients.All.Select(Of)], coefficients.Unresolved, CoefficientEstimates.HiddenDeviation, coefficients.Decrement)
            : null,
        explanation.Fairness is { } fairness
            ? new FairnessView([.. fairness.Groups.Select(Of)], OfAny(fairness.DemographicParityDifference), OfAny(fairness.EqualOpportunityDifference))
            : null);

    private static CoefficientView Of(CoefficientEstimate c) => new(c.Feature, c.Released, c.Value.Value, c.Value.Error, c.Value.Lower, c.Value.Upper, c.IsResolved);

    private static GroupView Of(GroupMetrics g) => new(
        g.Group,
        Of(g.Rows),
        g.IsResolved,
        OfAny(g.BaseRate),
        OfAny(g.PositiveRate),
        OfAny(g.MeanPrediction),
        OfAny(g.Accuracy),
        OfAny(g.TruePositiveRate),
        OfAny(g.FalsePositiveRate));

    private static EstimateView Of(Estimate estimate) => new(estimate.Value, estimate.Error);

    private static EstimateView? OfAny(Estimate? estimate) => estimate is null ? null : Of(estimate);
}
