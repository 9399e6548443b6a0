using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency;

/// <summary>A blob that a log names is not held.</summary>
internal sealed class MissingBlobException(Digest digest, Exception cause) : KeyNotFoundException($"Blob {digest} is missing.", cause);
