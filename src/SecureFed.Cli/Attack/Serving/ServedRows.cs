using System.Globalization;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Attack.Serving;

/// <summary>The linear model of a served task and rows for it, the same for everybody: what matters is what a client sends, not what it learns.</summary>
internal static class ServedRows
{
    /// <summary>Rows in the file; also the public maximum.</summary>
    public const int Count = 12;

    /// <summary>One feature less than the model has parameters: the last is the intercept.</summary>
    private const int Features = TaskPlan.Length - 1;

    public static ModelDefinition Model { get; } = new()
    {
        Kind = TaskModelKind.Linear,
        Features = [.. Enumerable.Range(1, Features).Select(i => new FeatureDefinition($"x{i}", 0, 1))],
        Label = new FeatureDefinition("y", 0, Features),
    };

    /// <summary>A CSV file: y is the sum of the features.</summary>
    public static string ToCsv()
    {
        string header = string.Join(',', Model.Features.Select(f => f.Name).Append(Model.Label!.Name));
        return string.Join('\n', Enumerable.Range(0, Count).Select(ToLine).Prepend(header)) + "\n";
    }

    private static string ToLine(int row)
    {
        decimal[] values = [.. Enumerable.Range(0, Features).Select(i => ((7 * row) + (3 * i)) % 11 / 10m)];
        return string.Join(',', values.Append(values.Sum()).Select(v => v.ToString(CultureInfo.InvariantCulture)));
    }
}
