using SecureFed.Protocol.Messages;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a key holder fetches of one listed upload: neither ciphertexts nor other holders' boxes.</summary>
/// <param name="Record">The upload's <see cref="SignedMessage.Record"/>: what its client signed.</param>
/// <param name="Box">The share that was sealed to this holder.</param>
public readonly record struct HolderDelivery(ReadOnlyMemory<byte> Record, ReadOnlyMemory<byte> Box);
