using System.Numerics;

namespace SecureFed.Cryptography.Tests.Signing;

/// <summary>The eight points of small order: the multiples of one of order 8, see Chalkias et al. 2020 (ePrint 2020/1244).</summary>
internal static class SmallOrderKeys
{
    public static readonly byte[] OfOrderEight = Convert.FromHexString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");

    /// <summary>All eight canonical encodings, the identity first.</summary>
    public static IReadOnlyList<byte[]> All { get; } =
    [
        Hex("0100000000000000000000000000000000000000000000000000000000000000"),
        Hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        Hex("0000000000000000000000000000000000000000000000000000000000000000"),
        Hex("0000000000000000000000000000000000000000000000000000000000000080"),
        OfOrderEight,
        Hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
        Hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        Hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    ];

    /// <summary>Other encodings of the same points, which lenient decoders read: y of p or more, and x = 0 with the sign bit.</summary>
    public static IReadOnlyList<byte[]> NonCanonical { get; } =
    [
        AffineEdwards.Bytes(AffineEdwards.P),
        AffineEdwards.Bytes(AffineEdwards.P + (BigInteger.One << 255)),
        AffineEdwards.Bytes(AffineEdwards.P + 1),
        AffineEdwards.Bytes(AffineEdwards.P + 1 + (BigInteger.One << 255)),
        AffineEdwards.Bytes(1 + (BigInteger.One << 255)),
        AffineEdwards.Bytes(AffineEdwards.P - 1 + (BigInteger.One << 255)),
    ];

    private static byte[] Hex(string hex) => Convert.FromHexString(hex);
}
