using System.Numerics;
using System.Runtime.InteropServices;

namespace SecureFed.Cryptography.Rings;

/// <summary>Sums and inner products of vectors over Z_q, whether coefficients, values of a transform or key shares.</summary>
/// <remarks>Elements in [0, q), not checked here. Time depends on lengths only.</remarks>
public static class ResidueVector
{
    /// <summary>accumulator += addend, element by element, mod q.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Add(Span<ulong> accumulator, ReadOnlySpan<ulong> addend, PrimeModulus modulus)
    {
        RequireSameLength(accumulator, addend);
        Span<Vector<ulong>> wide = MemoryMarshal.Cast<ulong, Vector<ulong>>(accumulator);
        ReadOnlySpan<Vector<ulong>> wideAddend = MemoryMarshal.Cast<ulong, Vector<ulong>>(addend);
        var q = new Vector<ulong>(modulus.Value);
        for (int i = 0; i < wide.Length; i++) wide[i] = RaiseNegative(wide[i] + wideAddend[i] - q, q);
        for (int i = wide.Length * Vector<ulong>.Count; i < accumulator.Length; i++) accumulator[i] = modulus.Add(accumulator[i], addend[i]);
    }

    /// <summary>accumulator -= subtrahend, element by element, mod q.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Subtract(Span<ulong> accumulator, ReadOnlySpan<ulong> subtrahend, PrimeModulus modulus)
    {
        RequireSameLength(accumulator, subtrahend);
        Span<Vector<ulong>> wide = MemoryMarshal.Cast<ulong, Vector<ulong>>(accumulator);
        ReadOnlySpan<Vector<ulong>> wideSubtrahend = MemoryMarshal.Cast<ulong, Vector<ulong>>(subtrahend);
        var q = new Vector<ulong>(modulus.Value);
        for (int i = 0; i < wide.Length; i++) wide[i] = RaiseNegative(wide[i] - wideSubtrahend[i], q);
        for (int i = wide.Length * Vector<ulong>.Count; i < accumulator.Length; i++) accumulator[i] = modulus.Subtract(accumulator[i], subtrahend[i]);
    }

    /// <summary>⟨a, b⟩.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static ulong InnerProduct(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b, PrimeModulus modulus)
    {
        RequireSameLength(a, b);
        ulong sum = 0;
        for (int i = 0; i < a.Length; i++) sum = modulus.Add(sum, modulus.Multiply(a[i], b[i]));
        return sum;
    }

    /// <summary>Whether every element is below q; which is not is not told, not even by the time.</summary>
    public static bool IsReduced(ReadOnlySpan<ulong> vector, PrimeModulus modulus)
    {
        // For words below 2^63 the top bit of v - q says v < q; a word of 2^63 and more is caught by its own top bit.
        ulong below = ulong.MaxValue;
        foreach (ulong v in vector) below &= unchecked(v - modulus.Value) & ~v;
        return below >> 63 == 1;
    }

    internal static void RequireReduced(ReadOnlySpan<ulong> vector, PrimeModulus modulus, string name)
    {
        if (!IsReduced(vector, modulus)) throw new ArgumentException("Elements of Z_q are from 0 to q - 1.", name);
    }

    /// <summary>a or a + q, a below q in absolute value: moduli have 62 bits, so the sign tells.</summary>
    private static Vector<ulong> RaiseNegative(Vector<ulong> a, Vector<ulong> q) => a + (Vector.LessThan(a.As<ulong, long>(), Vector<long>.Zero).As<long, ulong>() & q);

    private static void RequireSameLength(ReadOnlySpan<ulong> left, ReadOnlySpan<ulong> right)
    {
        if (left.Length != right.Length) throw new ArgumentException($"The vectors have {left.Length} and {right.Length} elements.");
    }
}
