namespace SecureFed.Learning.Explanation;

/// <summary>Figures of one group; null where rows are too few to be told from noise.</summary>
/// <param name="Group">Name.</param>
/// <param name="Rows">Rows.</param>
/// <param name="IsResolved">Whether the group has enough rows for its shares to mean something: at least 30, and ten standard errors.</param>
/// <param name="BaseRate">Share of positive labels.</param>
/// <param name="PositiveRate">Share predicted positive.</param>
/// <param name="MeanPrediction">Mean probability.</param>
/// <param name="Accuracy">Share predicted correctly.</param>
/// <param name="TruePositiveRate">Share of positive rows predicted positive.</param>
/// <param name="FalsePositiveRate">Share of negative rows predicted positive.</param>
public sealed record GroupMetrics(
    string Group,
    Estimate Rows,
    bool IsResolved,
    Estimate? BaseRate,
    Estimate? PositiveRate,
    Estimate? MeanPrediction,
    Estimate? Accuracy,
    Estimate? TruePositiveRate,
    Estimate? FalsePositiveRate);
