namespace SecureFed.Server.Storage;

/// <summary>An entry as the log keeps it.</summary>
/// <param name="Bytes">The entry; at most 65,535 bytes, which is what a tile's entry bundle can hold.</param>
/// <param name="Signature">The server's signature, which makes the receipt; at most 255 bytes.</param>
internal readonly record struct StoredEntry(ReadOnlyMemory<byte> Bytes, ReadOnlyMemory<byte> Signature);
