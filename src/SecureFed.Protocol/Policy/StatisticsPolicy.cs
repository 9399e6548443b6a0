using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Policy;

/// <summary>Which statistics a client lets be asked of its data.</summary>
/// <param name="Kinds">Allowed kinds.</param>
/// <param name="Columns">Columns that may be asked about, with the bounds that the task must state for them; a categorical column by its name alone.</param>
public sealed record StatisticsPolicy(IReadOnlyList<TaskStatisticKind> Kinds, IReadOnlyList<FeatureSpecification> Columns)
{
    /// <summary>Null if the task's questions are allowed; else what is not.</summary>
    internal string? FindViolation(ModelSpecification model)
    {
        foreach (StatisticSpecification statistic in model.Statistics?.Statistics ?? [])
        {
            if (!Kinds.Contains(statistic.Kind))
                return $"the statistic {statistic.Kind} is not allowed";
            if (statistic.Columns.Any(c => c < 0 || c >= model.Features.Count))
                return $"the statistic {statistic.Kind} of a column that the task does not state is not allowed";
            foreach (FeatureSpecification column in statistic.Columns.Select(c => model.Features[c]))
            {
                bool isAllowed = statistic.Kind == TaskStatisticKind.HeavyHitters ? Columns.Any(c => string.Equals(c.Name, column.Name, StringComparison.Ordinal)) : Columns.Contains(column);
                if (!isAllowed)
                    return $"statistics of column '{column.Name}' with the bounds {column.LowerBound} and {column.UpperBound} are not allowed";
            }
        }

        return null;
    }
}
