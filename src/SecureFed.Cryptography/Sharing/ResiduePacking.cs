using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Vectors over Z_q as bytes, without gaps: how key shares, sums of them and check answers travel.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Layout</term><description>That of <see cref="WidePacking"/> with w = ⌈log₂ q⌉, at most 56. A share of set A1 (2048 + 3 coordinates of 50 bits) takes
/// 12,819 bytes.</description></item>
/// <item><term>Canonical</term><description>As there, and every value below q.</description></item>
/// <item><term>Constant time</term><description>In the values, of accepted and refused strings alike; lengths are public.</description></item>
/// </list>
/// </remarks>
public static class ResiduePacking
{
    /// <inheritdoc cref="WidePacking.PackedBytes"/>
    public static int PackedBytes(PrimeModulus q, int count) => WidePacking.PackedBytes(count, q.Bits);

    /// <param name="q">The field.</param>
    /// <param name="values">Elements of [0, q).</param>
    /// <param name="output">Exactly <see cref="PackedBytes"/> bytes; overwritten.</param>
    /// <exception cref="ArgumentException">The output has another length, or a value is not below q.</exception>
    public static void Pack(PrimeModulus q, ReadOnlySpan<ulong> values, Span<byte> output)
    {
        ResidueVector.RequireReduced(values, q, nameof(values));
        WidePacking.Pack(values, q.Bits, output);
    }

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <param name="q">The field.</param>
    /// <param name="packed">A peer's bytes.</param>
    /// <param name="values">As many elements as are expected; overwritten, all zero after a failure.</param>
    /// <returns>False if the length is not exactly <see cref="PackedBytes"/>, a value is not below q, or a padding bit is set.</returns>
    public static bool TryUnpack(PrimeModulus q, ReadOnlySpan<byte> packed, Span<ulong> values)
    {
        bool isCanonical = WidePacking.TryUnpack(packed, q.Bits, values) && ResidueVector.IsReduced(values, q);
        if (!isCanonical)
            values.Clear();
        return isCanonical;
    }
}
