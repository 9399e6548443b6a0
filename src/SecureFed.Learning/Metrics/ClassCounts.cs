namespace SecureFed.Learning.Metrics;

/// <summary>How often which class was taken for which.</summary>
/// <param name="Rows">Rows of each class.</param>
/// <param name="Correct">Those of them that were predicted correctly.</param>
/// <param name="Confusion">For each true class, how often each class was predicted; null with more classes than <see cref="MulticlassCounts.GreatestConfusion"/>.</param>
public sealed record ClassCounts(IReadOnlyList<long> Rows, IReadOnlyList<long> Correct, IReadOnlyList<IReadOnlyList<long>>? Confusion);
