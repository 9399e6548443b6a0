using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Keys;

/// <summary>The private half of a P-256 key: an integer in [1, n-1], always 32 bytes wide.</summary>
internal static class PrivateScalar
{
    // n, the order of the curve, most significant limb first (SP 800-186, section 3.2.1.3).
    private static ReadOnlySpan<ulong> Order => [0xffffffff00000000, 0xffffffffffffffff, 0xbce6faada7179e84, 0xf3b9cac2fc632551];

    /// <summary>Draws candidates until one lies in range (FIPS 186-5, appendix A.2.2); a source that gives the same bytes gives the same key.</summary>
    public static Secret Draw(IRandomSource random)
    {
        while (true)
        {
            Secret candidate = Secret.Random(P256.PrivateKeyBytes, random);
            if (IsInRange(candidate.Span)) return candidate;
            candidate.Dispose();
        }
    }

    /// <summary>Whether the bytes are an integer in [1, n-1].</summary>
    /// <remarks>No branch on the value: the scalar may be a neighbour's reconstructed key.</remarks>
    public static bool IsInRange(ReadOnlySpan<byte> scalar32)
    {
        if (scalar32.Length != P256.PrivateKeyBytes) return false;
        ulong nonZero = 0;
        ulong borrow = 0;
        for (int i = Order.Length - 1; i >= 0; i--)
        {
            ulong limb = BinaryPrimitives.ReadUInt64BigEndian(scalar32[(8 * i)..]);
            nonZero |= limb;
            // The borrow out of limb - order - borrow, from the carry formula of Hacker's Delight, section 2-13.
            ulong difference = unchecked(limb - Order[i] - borrow);
            borrow = ((~limb & Order[i]) | ((~limb | Order[i]) & difference)) >> 63;
        }

        ulong isNonZero = (nonZero | unchecked(0 - nonZero)) >> 63;
        return (borrow & isNonZero) == 1;
    }

    /// <summary>Imports D alone, so that the platform computes Q and the two cannot disagree; clears the copy.</summary>
    /// <param name="scalar32">In range.</param>
    /// <param name="import">The platform's import; it must copy what it needs.</param>
    public static void Import(ReadOnlySpan<byte> scalar32, Action<ECParameters> import)
    {
        byte[] d = GC.AllocateUninitializedArray<byte>(P256.PrivateKeyBytes, pinned: true);
        scalar32.CopyTo(d);
        try
        {
            import(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }
    }

    /// <exception cref="ArgumentException">The bytes are not an integer in [1, n-1].</exception>
    public static Secret Copy(ReadOnlySpan<byte> scalar32) => IsInRange(scalar32)
        ? new Secret(scalar32)
        : throw new ArgumentException("A P-256 private key is an integer in [1, n-1] in 32 bytes.", nameof(scalar32));
}
