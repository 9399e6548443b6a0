using SecureFed.Protocol.Rounds;

namespace SecureFed.Cli.Bench;

/// <summary>What a simulated round measured.</summary>
/// <param name="Thresholds">Of a leaf.</param>
/// <param name="Survivors">Updates in the sum.</param>
/// <param name="IsExact">The released sum is that of the survivors' integers.</param>
/// <param name="AdvertiseSeconds">Keys, roster and advertisements of all clients.</param>
/// <param name="Seconds">Everything.</param>
/// <param name="PeakBytes">Largest working set of the process.</param>
/// <param name="Agreements">Key agreements computed by clients.</param>
internal sealed record RoundFigures(
    CohortThresholds Thresholds, int Survivors, bool IsExact, double AdvertiseSeconds, double Seconds, long PeakBytes, long Agreements);
