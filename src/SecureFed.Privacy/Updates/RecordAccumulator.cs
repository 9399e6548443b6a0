using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Privacy.Updates;

/// <summary>Sums one client's sampled records, each of them clipped, scaled, rounded and checked in integers on its own.</summary>
/// <remarks>
/// <para>DESIGN section 4, rule 1, record level: DP-SGD (Abadi et al. 2016, Algorithm 1) with the per-example bound in integers, so that adding or removing
/// one record changes the sum by an integer vector of squared norm at most <see cref="UpdateLayout.SquaredSensitivity"/>, exactly.</para>
/// <para>Sums are kept in 64 bits and leave modulo 2^32, as the ring wants them. Nothing is allocated per record.</para>
/// </remarks>
/// <param name="layout">The round's layout.</param>
/// <param name="random">Randomness of the rounding; a CSPRNG in production.</param>
public sealed class RecordAccumulator(UpdateLayout layout, IRandomSource random)
{
    private readonly Quantizer quantizer = new(random);
    private readonly double[] scratch = new double[layout.Dimension];
    private readonly int[] integers = new int[layout.Dimension];
    private readonly long[] sums = new long[layout.Dimension];

    /// <summary>Records so far. A secret: the size of a sample is never sent.</summary>
    public int Count { get; private set; }

    /// <param name="record">Length <see cref="UpdateLayout.ComputedDimension"/>, finite.</param>
    /// <exception cref="InvalidUpdateException">Wrong length, NaN or infinity: the sum is as it was.</exception>
    public void Add(ReadOnlySpan<double> record)
    {
        ModelUpdate.Require(layout, record);
        layout.Spread(record, scratch);
        Clipper.Clip(layout, scratch);
        quantizer.Quantize(layout, scratch, integers);
        for (int i = 0; i < sums.Length; i++)
            sums[i] += integers[i];
        Count++;
    }

    /// <summary>The sum, ready for noise. Zeroes what it leaves behind; use a new accumulator for the next round.</summary>
    public QuantizedUpdate Finish()
    {
        int[] total = new int[sums.Length];
        for (int i = 0; i < total.Length; i++)
            total[i] = unchecked((int)sums[i]); // Modulo 2^32: the ring is meant.
        CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(sums.AsSpan()));
        CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(integers.AsSpan()));
        Array.Clear(scratch);
        Count = 0;
        return new QuantizedUpdate(layout, total);
    }
}
