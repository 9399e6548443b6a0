namespace SecureFed.Service.Tests.Consortium;

/// <summary>The system's clock, moved by hand: timers run in real time, clock and timestamps are shifted.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long shiftTicks;

    public void Advance(TimeSpan by) => Interlocked.Add(ref shiftTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref shiftTicks));

    public override long GetTimestamp() => base.GetTimestamp() + (long)(Interlocked.Read(ref shiftTicks) * (double)TimestampFrequency / TimeSpan.TicksPerSecond);
}
