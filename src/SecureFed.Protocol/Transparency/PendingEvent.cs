namespace SecureFed.Protocol.Transparency;

/// <summary>A change of state that has been decided but not yet made durable, with the blobs that it names.</summary>
/// <param name="Event">The event.</param>
/// <param name="Blobs">Blobs that must be durable before the entry and that every later fold needs.</param>
public sealed record PendingEvent(TaskEvent Event, params IReadOnlyList<ReadOnlyMemory<byte>> Blobs)
{
    /// <summary>What a message has uploaded, none with any other event: durable before the entry too, but needed only until the round's sum is known and audited.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Vectors { get; init; } = [];

    /// <summary>Everything that must be durable before the entry.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> AllBlobs => Blobs.Concat(Vectors);
}
