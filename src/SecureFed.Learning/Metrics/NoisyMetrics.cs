namespace SecureFed.Learning.Metrics;

/// <summary>Metrics from a noisy sum, and how far the noise may have moved them.</summary>
/// <param name="Metrics">The metrics; rows are the noisy number of rows, rounded.</param>
/// <param name="StandardErrors">Standard error of each that the added noise causes, to first order; the sampling error of the rows themselves is not in it.</param>
public sealed record NoisyMetrics(ModelMetrics Metrics, MetricErrors StandardErrors);
