using System.Runtime.InteropServices;

namespace SecureFed.Privacy.Accounting.Numerics;

/// <summary>A sum whose error does not grow with the number of terms (Neumaier 1974, the improved Kahan–Babuška sum).</summary>
[StructLayout(LayoutKind.Auto)]
internal struct CompensatedSum
{
    private double sum;
    private double lost;

    public readonly double Value => sum + lost;

    public void Add(double term)
    {
        double next = sum + term;
        lost += Math.Abs(sum) >= Math.Abs(term) ? sum - next + term : term - next + sum;
        sum = next;
    }
}
