using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>A nonce that must not be used again.</summary>
/// <param name="KeyId">Whose signature.</param>
/// <param name="Nonce">Of the signature.</param>
/// <param name="Expires">Of the signature, Unix time in seconds.</param>
internal readonly record struct UsedNonce(Identifier KeyId, string Nonce, long Expires);
