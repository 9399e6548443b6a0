using System.Collections.Frozen;

namespace SecureFed.Learning.Data;

/// <summary>Text scales whose order is known: a column whose values all stand on one scale becomes 0, 1, 2, ... in scale order.</summary>
/// <remarks>
/// Case does not matter. The code is the position on the whole scale, also when some steps do not occur, so that files of several clients agree.
/// The first scale that holds all values wins, when whoever owns a whole table makes a task of it; every column that fits none is one-hot encoded. A client knows the number of
/// steps by the task's bounds and reads each value by itself: scales of equal length never give a word two places, so no other row decides what it means.
/// </remarks>
public static class OrdinalScales
{
    /// <summary>The scales, lowest value first.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Known { get; } =
    [
        ["L", "M", "H"],
        ["low", "medium", "high"],
        ["very low", "low", "medium", "high", "very high"],
        ["low", "normal", "high"],
        ["low", "moderate", "high"],
        ["small", "medium", "large"],
        ["XS", "S", "M", "L", "XL"],
        ["XXS", "XS", "S", "M", "L", "XL", "XXL"],
        ["none", "mild", "moderate", "severe"],
        ["never", "rarely", "sometimes", "often", "always"],
        ["bad", "fair", "good", "very good", "excellent"],
        ["poor", "fair", "good", "very good", "excellent"],
        ["very poor", "poor", "fair", "good", "very good", "excellent"],
        ["minor", "major", "critical"],
        ["no", "yes"],
        ["false", "true"],
    ];

    private static readonly FrozenDictionary<string, int>[] Positions =
    [
        .. Known.Select(scale => scale.Select((value, position) => KeyValuePair.Create(value, position)).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase)),
    ];

    private static readonly FrozenDictionary<int, FrozenDictionary<string, int>> ByLength =
        Known.GroupBy(scale => scale.Count).ToFrozenDictionary(scales => scales.Key, scales => scales
            .SelectMany(scale => scale.Select((value, position) => (value, position)))
            .DistinctBy(step => step.value, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(step => step.value, step => step.position, StringComparer.OrdinalIgnoreCase));

    // "L" alone could be "low" or "large"; with M and H, or with S, the column says which. The order of Known settles what remains.
    internal static IReadOnlyDictionary<string, int>? Find(IReadOnlyCollection<string> values) =>
        Array.Find(Positions, scale => values.All(scale.ContainsKey));

    /// <summary>The places of all words on scales of so many steps; null if there is no such scale.</summary>
    internal static IReadOnlyDictionary<string, int>? OfLength(int steps) => ByLength.GetValueOrDefault(steps);
}
