using SecureFed.Protocol.Tasks;

namespace SecureFed.Cli.Stats;

/// <summary>What the user wants to know.</summary>
internal sealed record StatsOptions
{
    public IReadOnlyList<string> Columns { get; init; } = [];

    public required IReadOnlyList<string> Statistics { get; init; }

    public IReadOnlyList<string> Quantiles { get; init; } = [];

    public int Bins { get; init; } = 20;

    /// <summary>Public lists: <c>COLUMN=v1|v2|…</c>.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    public double Threshold { get; init; } = 0.1;

    /// <summary>Public bounds: <c>COLUMN=LOW:HIGH</c>.</summary>
    public IReadOnlyList<string> Bounds { get; init; } = [];

    public int Cells { get; init; } = 16;

    public int SearchRounds { get; init; } = 3;

    public PrivacyUnit Privacy { get; init; } = PrivacyUnit.Record;

    public double? Epsilon { get; init; }

    public double? Delta { get; init; }
}
