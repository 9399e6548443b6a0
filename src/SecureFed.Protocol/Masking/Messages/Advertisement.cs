using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Messages;

/// <summary>Step 1: a client's two public keys, fresh in every round.</summary>
/// <param name="MaskKey">P-256, 65 bytes: agrees on pairwise masks.</param>
/// <param name="SealingKey">P-256, 65 bytes: agrees on the keys that seal shares.</param>
public sealed record Advertisement(ReadOnlyMemory<byte> MaskKey, ReadOnlyMemory<byte> SealingKey) : IMessageBody
{
    public MessageType Type => MessageType.Advertisement;

    public void Write(CanonicalWriter writer) => writer.Fixed(MaskKey.Span).Fixed(SealingKey.Span);

    internal static Advertisement Read(ref CanonicalReader reader) =>
        new(reader.Fixed(P256.PublicKeyBytes).ToArray(), reader.Fixed(P256.PublicKeyBytes).ToArray());
}
