using System.Security.Cryptography;

namespace SecureFed.Cryptography.Signing;

/// <summary>Ed25519 signatures, for witness cosignatures and for reading logs that are signed with them; the platform has none.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>RFC 8032, sections 5.1.5 (keys), 5.1.6 (sign), 5.1.7 (verify): PureEdDSA, no context, no prehash. C2SP
/// tlog-cosignature (cosignature/v1) and signed-note are the users. All other signatures of the product are ECDSA
/// (<see cref="Keys.SigningKey"/>).</description></item>
/// <item><term>Seed</term><description>32 uniform bytes, the private key of the RFC.</description></item>
/// <item><term>Public key</term><description>32 bytes, the encoding of A = s B.</description></item>
/// <item><term>Signature</term><description>R || S, 64 bytes; a function of seed and message, no randomness is used.</description></item>
/// <item><term>Verification</term><description>S is below L. The equation is the cofactorless one, encode(S B - h A) = R byte for byte, which the RFC allows
/// ("sufficient, but not required"); h is reduced mod L. A point encoding is refused if y is p or more, or if x = 0 has the sign bit (section 5.1.3); for R
/// this follows from the comparison.
/// Stricter than the RFC: a public key of small order is refused, because one signature under it can be good for many messages.
/// Not refused: a key with a component of small order, or an R of small order.</description></item>
/// <item><term>Why that is fine here</term><description>Keys that come of a seed have prime order, and on their signatures the cofactored and the cofactorless
/// equation agree. They differ only where the holder of the key wants them to: a witness that makes cosignatures on which verifiers
/// disagree gains no more than one that withholds them. With S below L nobody but the holder can make a second signature from a first.</description></item>
/// <item><term>Constant time</term><description>In the seed. Seed hash, scalar, nonce and the points made from them are zeroed; copies that the compiler
/// leaves in registers and spill slots are out of reach. Public keys, signatures and message lengths are public.</description></item>
/// <item><term>Not provided</term><description>Protection against induced faults and power analysis; batch verification.</description></item>
/// </list>
/// </remarks>
public static class Ed25519
{
    public const int PublicKeyBytes = 32;
    public const int SignatureBytes = 64;
    public const int SeedBytes = 32;

    /// <summary>The public key of a seed.</summary>
    /// <exception cref="ArgumentException">The seed has not 32 bytes.</exception>
    public static byte[] PublicKeyOf(ReadOnlySpan<byte> seed)
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        ExpandSeed(seed, hash);
        var publicKey = new byte[PublicKeyBytes];
        EncodeMultipleOfBase(hash[..ScalarModL.Bytes], publicKey);
        CryptographicOperations.ZeroMemory(hash);
        return publicKey;
    }

    /// <summary>Signs a message.</summary>
    /// <returns>64 bytes.</returns>
    /// <exception cref="ArgumentException">The seed has not 32 bytes.</exception>
    public static byte[] Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        Span<byte> nonce = stackalloc byte[ScalarModL.Bytes];
        Span<byte> challenge = stackalloc byte[ScalarModL.Bytes];
        Span<byte> publicKey = stackalloc byte[PublicKeyBytes];
        ExpandSeed(seed, hash);
        ReadOnlySpan<byte> scalar = hash[..ScalarModL.Bytes];
        ReadOnlySpan<byte> prefix = hash[ScalarModL.Bytes..];

        // The public key is made here and not taken from the caller: two signatures of one message under different keys would give the scalar away.
        EncodeMultipleOfBase(scalar, publicKey);
        HashToScalar(prefix, [], message, nonce);
        var signature = new byte[SignatureBytes];
        Span<byte> commitment = signature.AsSpan(0, EdwardsPoint.Bytes);
        EncodeMultipleOfBase(nonce, commitment);
        HashToScalar(commitment, publicKey, message, challenge);
        ScalarModL.MultiplyAdd(challenge, scalar, nonce, signature.AsSpan(EdwardsPoint.Bytes));

        CryptographicOperations.ZeroMemory(hash);
        CryptographicOperations.ZeroMemory(nonce);
        return signature;
    }

    /// <summary>Whether <paramref name="signature"/> is good under the rules above.</summary>
    /// <returns>False for a wrong signature and for any malformed key or signature; never throws.</returns>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != PublicKeyBytes || signature.Length != SignatureBytes) return false;
        ReadOnlySpan<byte> commitment = signature[..EdwardsPoint.Bytes];
        ReadOnlySpan<byte> response = signature[EdwardsPoint.Bytes..];
        if (!ScalarModL.IsCanonical(response)) return false;
        if (!EdwardsPoint.TryDecode(publicKey, out EdwardsPoint key) || key.HasSmallOrder) return false;

        Span<byte> challenge = stackalloc byte[ScalarModL.Bytes];
        Span<byte> expected = stackalloc byte[EdwardsPoint.Bytes];
        HashToScalar(commitment, publicKey, message, challenge);
        WindowTable.Base.Multiply(response, out EdwardsPoint responseTimesBase);
        new WindowTable(-key).Multiply(challenge, out EdwardsPoint challengeTimesKey);
        (responseTimesBase + challengeTimesKey).Encode(expected);
        return expected.SequenceEqual(commitment);
    }

    /// <summary>The clamped scalar s and the prefix of the nonce hash (RFC 8032, section 5.1.5, steps 1 and 2), 32 bytes each.</summary>
    private static void ExpandSeed(ReadOnlySpan<byte> seed, Span<byte> hash)
    {
        if (seed.Length != SeedBytes) throw new ArgumentException($"An Ed25519 seed has {SeedBytes} bytes.", nameof(seed));
        SHA512.HashData(seed, hash);
        hash[0] &= 0xf8;
        hash[31] = (byte)(hash[31] & 0x3f | 0x40);
    }

    /// <summary>SHA-512 of the three parts, mod L.</summary>
    private static void HashToScalar(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> message, Span<byte> scalar32)
    {
        Span<byte> digest = stackalloc byte[SHA512.HashSizeInBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
        hash.AppendData(first);
        hash.AppendData(second);
        hash.AppendData(message);
        hash.GetHashAndReset(digest);
        ScalarModL.Reduce(digest, scalar32);
        CryptographicOperations.ZeroMemory(digest);
    }

    private static void EncodeMultipleOfBase(ReadOnlySpan<byte> scalar32, Span<byte> encoded32)
    {
        WindowTable.Base.Multiply(scalar32, out EdwardsPoint product);
        product.Encode(encoded32);
        EdwardsPoint.Clear(ref product);
    }
}
