using System.Numerics;
using System.Runtime.InteropServices;

namespace SecureFed.Cryptography.Rings;

/// <summary>Vectors over Z mod 2^32 and their reduction to Z mod 2^b; since 2^b divides 2^32, sums may be reduced at any time.</summary>
/// <remarks>Time depends on lengths and <c>bits</c> only, never on values.</remarks>
public static class Ring
{
    public const int MaxBits = 32;

    /// <summary>accumulator += addend, element by element, mod 2^32.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Add(Span<uint> accumulator, ReadOnlySpan<uint> addend)
    {
        RequireSameLength(accumulator, addend);
        Span<Vector<uint>> wide = MemoryMarshal.Cast<uint, Vector<uint>>(accumulator);
        ReadOnlySpan<Vector<uint>> wideAddend = MemoryMarshal.Cast<uint, Vector<uint>>(addend);
        for (int i = 0; i < wide.Length; i++) wide[i] += wideAddend[i];
        for (int i = wide.Length * Vector<uint>.Count; i < accumulator.Length; i++) accumulator[i] = unchecked(accumulator[i] + addend[i]);
    }

    /// <summary>accumulator -= subtrahend, element by element, mod 2^32.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Subtract(Span<uint> accumulator, ReadOnlySpan<uint> subtrahend)
    {
        RequireSameLength(accumulator, subtrahend);
        Span<Vector<uint>> wide = MemoryMarshal.Cast<uint, Vector<uint>>(accumulator);
        ReadOnlySpan<Vector<uint>> wideSubtrahend = MemoryMarshal.Cast<uint, Vector<uint>>(subtrahend);
        for (int i = 0; i < wide.Length; i++) wide[i] -= wideSubtrahend[i];
        for (int i = wide.Length * Vector<uint>.Count; i < accumulator.Length; i++) accumulator[i] = unchecked(accumulator[i] - subtrahend[i]);
    }

    /// <summary>Reduces every element mod 2^bits, in place.</summary>
    /// <param name="vector">Any length; overwritten.</param>
    /// <param name="bits">1 to 32.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bits"/> is out of range.</exception>
    public static void Reduce(Span<uint> vector, int bits)
    {
        uint mask = Mask(bits);
        var wideMask = new Vector<uint>(mask);
        Span<Vector<uint>> wide = MemoryMarshal.Cast<uint, Vector<uint>>(vector);
        for (int i = 0; i < wide.Length; i++) wide[i] &= wideMask;
        for (int i = wide.Length * Vector<uint>.Count; i < vector.Length; i++) vector[i] &= mask;
    }

    /// <summary>The representative of <paramref name="value"/> mod 2^bits in [-2^(bits-1), 2^(bits-1)).</summary>
    /// <param name="value">Any word; only its low <paramref name="bits"/> bits count.</param>
    /// <param name="bits">1 to 32.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bits"/> is out of range.</exception>
    public static int ToCentred(uint value, int bits)
    {
        RequireBits(bits);
        int shift = MaxBits - bits;
        // The arithmetic shift back copies the ring's sign bit.
        return unchecked((int)(value << shift)) >> shift;
    }

    /// <summary><paramref name="value"/> mod 2^bits, in [0, 2^bits).</summary>
    /// <param name="value">Any integer; it is reduced, so a caller that must not wrap checks the range before.</param>
    /// <param name="bits">1 to 32.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bits"/> is out of range.</exception>
    public static uint FromCentred(long value, int bits) => unchecked((uint)value) & Mask(bits);

    /// <summary>2^bits - 1.</summary>
    internal static uint Mask(int bits)
    {
        RequireBits(bits);
        return uint.MaxValue >> (MaxBits - bits);
    }

    private static void RequireBits(int bits)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bits, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, MaxBits);
    }

    private static void RequireSameLength(ReadOnlySpan<uint> left, ReadOnlySpan<uint> right)
    {
        if (left.Length != right.Length) throw new ArgumentException($"Vectors of one round have one length; these have {left.Length} and {right.Length}.");
    }
}
