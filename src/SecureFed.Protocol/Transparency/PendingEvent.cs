namespace SecureFed.Protocol.Transparency;

/// <summary>A change of state that has been decided but not yet made durable, with the blobs that it names.</summary>
/// <param name="Event">The event.</param>
/// <param name="Blobs">Blobs that must be durable before the entry.</param>
public sealed record PendingEvent(TaskEvent Event, params IReadOnlyList<ReadOnlyMemory<byte>> Blobs);
