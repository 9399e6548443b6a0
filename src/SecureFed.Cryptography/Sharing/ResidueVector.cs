using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Vectors over Z_q as key shares need them: sums in place and inner products, in time that depends on lengths alone.</summary>
public static class ResidueVector
{
    /// <summary>Adds a vector in place: a holder's sum of shares, the sum of keys.</summary>
    /// <param name="q">The field.</param>
    /// <param name="sum">Elements of [0, q); overwritten.</param>
    /// <param name="addend">As many elements of [0, q).</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Add(PrimeModulus q, Span<ulong> sum, ReadOnlySpan<ulong> addend)
    {
        if (sum.Length != addend.Length) throw new ArgumentException("Only vectors of one length are added.", nameof(addend));
        for (int i = 0; i < sum.Length; i++) sum[i] = q.Add(sum[i], addend[i]);
    }

    /// <summary>⟨a, b⟩.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static ulong InnerProduct(PrimeModulus q, ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        if (a.Length != b.Length) throw new ArgumentException("Only vectors of one length have an inner product.", nameof(b));
        ulong sum = 0;
        for (int i = 0; i < a.Length; i++) sum = q.Add(sum, q.Multiply(a[i], b[i]));
        return sum;
    }

    /// <summary>Whether every element is below q; which is not is not told, not even by the time.</summary>
    public static bool IsReduced(PrimeModulus q, ReadOnlySpan<ulong> vector)
    {
        // For words below 2^63 the top bit of v - q says v < q; a word of 2^63 and more is caught by its own top bit.
        ulong below = ulong.MaxValue;
        foreach (ulong v in vector) below &= unchecked(v - q.Value) & ~v;
        return below >> 63 == 1;
    }

    internal static void RequireReduced(PrimeModulus q, ReadOnlySpan<ulong> vector, string name)
    {
        if (!IsReduced(q, vector)) throw new ArgumentException("Elements of Z_q are from 0 to q - 1.", name);
    }
}
