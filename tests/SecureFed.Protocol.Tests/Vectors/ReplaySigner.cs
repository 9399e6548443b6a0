using SecureFed.Cryptography.Keys;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>Signs only what was signed when the vector was made: ECDSA signatures are randomised, so they are data, and each must fit exactly the bytes to be signed.</summary>
/// <param name="publicKey">Of the signatures.</param>
/// <param name="signatures">The recorded ones.</param>
/// <param name="otherwise">Signs what was never recorded, for a replay that leaves the recorded path; null refuses.</param>
internal sealed class ReplaySigner(ReadOnlyMemory<byte> publicKey, IReadOnlyList<byte[]> signatures, ISigner? otherwise = null) : ISigner
{
    public ReadOnlyMemory<byte> PublicKey => publicKey;

    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        foreach (byte[] signature in signatures)
        {
            if (Signature.Verify(publicKey.Span, message, signature))
                return signature;
        }

        return otherwise?.Sign(message) ?? throw new InvalidOperationException("Other bytes are to be signed than those of the vector.");
    }
}
