namespace SecureFed.Learning.Explanation;

/// <summary>How the model treats the groups, class 1 being predicted from probability ½ on.</summary>
/// <param name="Groups">One a group, then rows of no group if there are any.</param>
/// <param name="DemographicParityDifference">Greatest less smallest share of rows predicted positive, among the groups that are resolved; null if those are fewer than two.</param>
/// <param name="EqualOpportunityDifference">The same of the true positive rate (Hardt, Price and Srebro 2016, definition 2.2); null if fewer than two groups have one.</param>
public sealed record GroupComparison(IReadOnlyList<GroupMetrics> Groups, Estimate? DemographicParityDifference, Estimate? EqualOpportunityDifference);
