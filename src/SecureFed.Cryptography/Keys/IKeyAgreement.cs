namespace SecureFed.Cryptography.Keys;

/// <summary>How the clients of one process compute their key agreements when they share work; a client alone needs none of this.</summary>
public interface IKeyAgreement
{
    /// <summary>Computes the X coordinate of the own private key times the peer's public key.</summary>
    /// <param name="own">Own key.</param>
    /// <param name="peerPublicKey65">A peer's bytes.</param>
    /// <param name="sharedSecret32">Exactly 32 bytes; overwritten, zero after a failure. The caller clears it after use.</param>
    /// <returns>False if the peer's key is not a valid public key.</returns>
    bool TryAgree(AgreementKey own, ReadOnlySpan<byte> peerPublicKey65, Span<byte> sharedSecret32);
}
