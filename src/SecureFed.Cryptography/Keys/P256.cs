using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Keys;

/// <summary>The curve P-256: sizes of its encodings and the check of a public key.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>NIST SP 800-186, section 3.2.1.3 (domain parameters); SEC 1, section 2.3.3 (point encoding); SP 800-56A rev. 3,
/// section 5.6.2.3 (validation).</description></item>
/// <item><term>Public key</term><description>0x04 || X || Y, 65 bytes, big-endian; the only encoding accepted.</description></item>
/// <item><term>Private key</term><description>Integer in [1, n-1], 32 bytes, big-endian.</description></item>
/// <item><term>Signature</term><description>r || s, 64 bytes (IEEE P1363), over SHA-256. ECDSA signatures are malleable: (r, n-s) verifies too, so a signature
/// is no identifier.</description></item>
/// </list>
/// </remarks>
public static class P256
{
    public const int PublicKeyBytes = 65;
    public const int PrivateKeyBytes = 32;
    public const int SignatureBytes = 64;
    public const int SharedSecretBytes = 32;

    internal const int CoordinateBytes = 32;
    private const byte UncompressedPoint = 0x04;

    private static readonly BigInteger FieldPrime = Parse("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    private static readonly BigInteger CoefficientB = Parse("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");

    /// <summary>Whether the bytes are a point of the curve in the one accepted encoding, infinity excluded.</summary>
    /// <remarks>
    /// The cofactor is one, so every such point has order n and no further check is needed. The equation is checked here (0.5 us) rather
    /// than by platform import (78 us, of which nearly all is n*Q); the platform checks again when the key is used. Public keys are public: time may depend on
    /// them.
    /// </remarks>
    public static bool IsValidPublicKey(ReadOnlySpan<byte> publicKey65)
    {
        if (publicKey65.Length != PublicKeyBytes || publicKey65[0] != UncompressedPoint) return false;
        var x = new BigInteger(publicKey65.Slice(1, CoordinateBytes), isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(publicKey65[(1 + CoordinateBytes)..], isUnsigned: true, isBigEndian: true);
        if (x >= FieldPrime || y >= FieldPrime) return false;
        return ((y * y - x * x * x + 3 * x - CoefficientB) % FieldPrime).IsZero;
    }

    /// <summary>Splits a valid public key into the platform's form.</summary>
    internal static ECParameters ToParameters(ReadOnlySpan<byte> publicKey65) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint
        {
            X = publicKey65.Slice(1, CoordinateBytes).ToArray(),
            Y = publicKey65[(1 + CoordinateBytes)..].ToArray(),
        },
    };

    internal static byte[] FromPoint(ECPoint q)
    {
        var publicKey = new byte[PublicKeyBytes];
        publicKey[0] = UncompressedPoint;
        q.X.CopyTo(publicKey.AsSpan(1));
        q.Y.CopyTo(publicKey.AsSpan(1 + CoordinateBytes));
        return publicKey;
    }

    private static BigInteger Parse(string hex) => BigInteger.Parse("0" + hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
