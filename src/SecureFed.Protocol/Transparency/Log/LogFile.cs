namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A file of a log to be written once and never changed.</summary>
/// <param name="Path">Its name.</param>
/// <param name="Bytes">Its content.</param>
public sealed record LogFile(TilePath Path, ReadOnlyMemory<byte> Bytes);
