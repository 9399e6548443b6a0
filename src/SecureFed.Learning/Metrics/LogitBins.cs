namespace SecureFed.Learning.Metrics;

/// <summary>Equal bins of the logit, clipped to ± a limit.</summary>
/// <param name="Count">At least 2.</param>
/// <param name="Limit">Positive.</param>
public sealed record LogitBins(int Count, double Limit)
{
    /// <summary>1024 bins of 1/32 up to ± 16: for counts without noise.</summary>
    public static LogitBins Exact { get; } = new(HistogramAuc.Bins, HistogramAuc.LogitLimit);

    /// <summary>64 bins of ¼ up to ± 8: for noisy counts, whose error grows with the number of bins.</summary>
    public static LogitBins Noised { get; } = new(64, 8);

    /// <summary>At least 2.</summary>
    public int Count { get; } = Count >= 2 ? Count : throw new ArgumentOutOfRangeException(nameof(Count), "A histogram has at least two bins.");

    /// <summary>Positive.</summary>
    public double Limit { get; } = Limit > 0 && double.IsFinite(Limit) ? Limit : throw new ArgumentOutOfRangeException(nameof(Limit), "The limit of the logit is positive.");

    /// <summary>The bin of a logit: 0 for the lowest.</summary>
    public int Of(double logit) => Math.Min(Count - 1, (int)((Math.Clamp(logit, -Limit, Limit) + Limit) * (Count / (2 * Limit))));
}
