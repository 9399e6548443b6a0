using System.Security.Cryptography;
using SecureFed.Cryptography.KeyDerivation;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>Every key and commitment of a masked round, with its label. All take cohortDigest, so nothing fits another round or another view of the cohort.</summary>
/// <remarks>
/// HKDF-SHA256 (RFC 5869) with salt = cohortDigest and info = label ‖ identifiers. References: Bonawitz et al. 2017, section 4 and Figure 4; DESIGN section 3.
/// <list type="table">
/// <item><term>self mask</term><description>from the 32-byte seed; info names the owner</description></item>
/// <item><term>pair mask</term><description>from ECDH of the mask keys; info names the smaller, then the greater identifier</description></item>
/// <item><term>sealing</term><description>from ECDH of the sealing keys; info names owner, then recipient: one key per direction, one message per key</description></item>
/// </list>
/// </remarks>
internal static class MaskingDerivations
{
    public const int KeyBytes = 32;
    public const int SeedBytes = 32;

    private static ReadOnlySpan<byte> SelfMaskLabel => "securefed/v1 self mask\n"u8;

    private static ReadOnlySpan<byte> PairMaskLabel => "securefed/v1 pair mask\n"u8;

    private static ReadOnlySpan<byte> SealingLabel => "securefed/v1 sealing\n"u8;

    private static ReadOnlySpan<byte> CommitmentLabel => "securefed/v1 seed commitment\n"u8;

    public static void SelfMaskKey(ReadOnlySpan<byte> seed, Digest cohortDigest, Identifier owner, Span<byte> key) =>
        Derive(seed, cohortDigest, [.. SelfMaskLabel, .. owner.ToArray()], key);

    public static void PairMaskKey(ReadOnlySpan<byte> sharedSecret, Digest cohortDigest, Identifier one, Identifier other, Span<byte> key)
    {
        (Identifier smaller, Identifier greater) = one < other ? (one, other) : (other, one);
        Derive(sharedSecret, cohortDigest, [.. PairMaskLabel, .. smaller.ToArray(), .. greater.ToArray()], key);
    }

    public static void SealingKey(ReadOnlySpan<byte> sharedSecret, Digest cohortDigest, Identifier owner, Identifier recipient, Span<byte> key) =>
        Derive(sharedSecret, cohortDigest, [.. SealingLabel, .. owner.ToArray(), .. recipient.ToArray()], key);

    /// <summary>Associated data of a sealed share: owner, recipient and cohortDigest.</summary>
    public static byte[] SealingContext(Digest cohortDigest, Identifier owner, Identifier recipient) =>
        [.. owner.ToArray(), .. recipient.ToArray(), .. cohortDigest.ToArray()];

    /// <summary>Hides the seed because the seed has 256 bits of entropy; binds because SHA-256 is collision resistant.</summary>
    public static Digest CommitToSeed(ReadOnlySpan<byte> seed, Digest cohortDigest, Identifier owner)
    {
        Span<byte> content = stackalloc byte[CommitmentLabel.Length + Digest.Bytes + Identifier.Bytes + SeedBytes];
        CommitmentLabel.CopyTo(content);
        cohortDigest.CopyTo(content[CommitmentLabel.Length..]);
        owner.CopyTo(content[(CommitmentLabel.Length + Digest.Bytes)..]);
        seed.CopyTo(content[^SeedBytes..]);
        Digest commitment = Digest.Of(content);
        CryptographicOperations.ZeroMemory(content);
        return commitment;
    }

    private static void Derive(ReadOnlySpan<byte> secret, Digest cohortDigest, ReadOnlySpan<byte> info, Span<byte> key)
    {
        Span<byte> salt = stackalloc byte[Digest.Bytes];
        cohortDigest.CopyTo(salt);
        HkdfSha256.DeriveKey(secret, salt, info, key);
    }
}
