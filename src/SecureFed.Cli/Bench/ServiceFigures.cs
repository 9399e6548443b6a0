using SecureFed.Protocol.Rounds;

namespace SecureFed.Cli.Bench;

/// <summary>What one round over HTTPS on loopback measured.</summary>
/// <param name="Thresholds">Of a leaf.</param>
/// <param name="Survivors">Updates in the sum.</param>
/// <param name="IsExact">The released sum is that of the survivors' integers.</param>
/// <param name="Seconds">From the creation of the task to its end; server and clients share the machine.</param>
/// <param name="BytesUp">Bodies sent, mean per client.</param>
/// <param name="BytesDown">Bodies received, mean per client.</param>
internal sealed record ServiceFigures(CohortThresholds Thresholds, int Survivors, bool IsExact, double Seconds, double BytesUp, double BytesDown);
