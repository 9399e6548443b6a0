using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>How long the server waits in a round.</summary>
/// <param name="AdvertiseMilliseconds">For the cohort to assemble; includes local training.</param>
/// <param name="PhaseMilliseconds">For every later phase.</param>
/// <param name="GraceMilliseconds">A phase that has what it needs moves on when nothing more arrived for this long.</param>
public sealed record PhaseDeadlines(int AdvertiseMilliseconds, int PhaseMilliseconds, int GraceMilliseconds)
{
    internal string? FindFault() =>
        AdvertiseMilliseconds >= 1 && PhaseMilliseconds >= 1 && GraceMilliseconds >= 1 ? null : "Deadlines are at least one millisecond.";

    internal void Write(CanonicalWriter writer) => writer.Count(AdvertiseMilliseconds).Count(PhaseMilliseconds).Count(GraceMilliseconds);

    internal static PhaseDeadlines Read(ref CanonicalReader reader) =>
        new(reader.Count(int.MaxValue), reader.Count(int.MaxValue), reader.Count(int.MaxValue));
}
