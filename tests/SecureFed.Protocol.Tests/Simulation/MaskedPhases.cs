using SecureFed.Protocol.Rounds;

namespace SecureFed.Protocol.Tests.Simulation;

/// <summary>The phases of a masked round that wait for messages, in order.</summary>
internal static class MaskedPhases
{
    public static RoundPhase[] All { get; } = [RoundPhase.Advertise, RoundPhase.Share, RoundPhase.Upload, RoundPhase.Confirm, RoundPhase.Unmask];

    public static RoundPhase After(RoundPhase phase) => phase == RoundPhase.Upload ? RoundPhase.Confirm : phase + 1;

    public static int PlaceOf(RoundPhase phase) => Array.IndexOf(All, phase);
}
