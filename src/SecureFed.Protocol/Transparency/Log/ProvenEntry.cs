namespace SecureFed.Protocol.Transparency.Log;

/// <summary>An entry that stands in the one history a client knows. Only <see cref="LogView"/> makes one, so whoever asks for it cannot be handed less.</summary>
public sealed class ProvenEntry
{
    internal ProvenEntry(ulong index, ReadOnlyMemory<byte> bytes)
    {
        Index = index;
        Bytes = bytes;
    }

    /// <summary>Place in the log, from 0.</summary>
    public ulong Index { get; }

    /// <summary>The entry; whether it is a <see cref="LogEntry"/> and of which task is for the reader to check.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }
}
