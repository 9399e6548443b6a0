using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SecureFed.Learning.Models;

/// <summary>Sums of products over the coordinates of a row, four at a time.</summary>
/// <remarks>Always four partial sums, however wide the machine's registers are, and no fused multiply-add: the same bits everywhere.</remarks>
internal static class RowArithmetic
{
    /// <summary>Σ a·b.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        b = b[..a.Length];
        int whole = a.Length - (a.Length % Vector256<double>.Count);
        Vector256<double> sums = Vector256<double>.Zero;
        ref double left = ref MemoryMarshal.GetReference(a);
        ref double right = ref MemoryMarshal.GetReference(b);
        for (nuint i = 0; i < (nuint)whole; i += (nuint)Vector256<double>.Count)
        {
            sums += Vector256.LoadUnsafe(ref left, i) * Vector256.LoadUnsafe(ref right, i);
        }

        double sum = sums[0] + sums[1] + (sums[2] + sums[3]);
        for (int i = whole; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>target += factor · source; nothing for factor 0, as inactive units have it.</summary>
    public static void AddScaled(Span<double> target, double factor, ReadOnlySpan<double> source)
    {
        if (factor is 0)
        {
            return;
        }

        source = source[..target.Length];
        int whole = target.Length - (target.Length % Vector256<double>.Count);
        ref double to = ref MemoryMarshal.GetReference(target);
        ref double from = ref MemoryMarshal.GetReference(source);
        for (nuint i = 0; i < (nuint)whole; i += (nuint)Vector256<double>.Count)
        {
            (Vector256.LoadUnsafe(ref to, i) + (factor * Vector256.LoadUnsafe(ref from, i))).StoreUnsafe(ref to, i);
        }

        for (int i = whole; i < target.Length; i++)
        {
            target[i] += factor * source[i];
        }
    }
}
