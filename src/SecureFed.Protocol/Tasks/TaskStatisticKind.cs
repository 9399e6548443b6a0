namespace SecureFed.Protocol.Tasks;

/// <summary>What a statistics task can ask; numbered as in the learning library, which says how each is defined.</summary>
public enum TaskStatisticKind : byte
{
    Count = 1,
    Sum = 2,
    Mean = 3,
    Variance = 4,
    Minimum = 5,
    Maximum = 6,
    Quantile = 7,
    Histogram = 8,
    HeavyHitters = 9,
    Correlation = 10,
    Quality = 11,
}
