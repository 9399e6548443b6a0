namespace SecureFed.Server.Storage;

/// <summary>The leadership of a store that has one process only: always held, nothing to give back.</summary>
internal sealed class SoleLeadership : IAsyncDisposable
{
    private SoleLeadership()
    {
    }

    public static SoleLeadership Instance { get; } = new();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
