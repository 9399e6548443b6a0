using System.Buffers.Binary;
using System.Diagnostics;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Privacy.Updates;

/// <summary>Turns a clipped update into integers by conditional stochastic rounding with an exact norm check.</summary>
/// <remarks>
/// <para>Kairouz, Liu and Steinke 2021 (arXiv 2102.06387), section 3.1, Algorithm 1: scale by s, round each coordinate up with the probability of its
/// fraction, accept if the norm stays within the bound, at most 64 tries; then truncate towards zero, which never increases the norm.</para>
/// <para>The integer check Σy² ≤ D₂² is the sensitivity proof, not the floating-point clip.</para>
/// <para>D₂² = min((sC + √d)², s²C² + d/4 + √(2 ln(1/β))·(sC + √d/2)) with β = e^(−1/2), so that a try is accepted with probability at least 0.39.</para>
/// <para>Does not protect anything by itself: without noise the integers are the update.</para>
/// </remarks>
/// <param name="random">Randomness of the rounding; a CSPRNG in production.</param>
public sealed class Quantizer(IRandomSource random)
{
    private const int GreatestTries = 64;
    private const int BlockWords = 1024;

    /// <exception cref="UnreachableException">Even truncation exceeds the bound: impossible for a clipped update.</exception>
    public QuantizedUpdate Quantize(ClippedUpdate update)
    {
        int[] integers = new int[update.Layout.Dimension];
        Quantize(update.Layout, update.Values, integers);
        return new QuantizedUpdate(update.Layout, integers);
    }

    /// <summary>The same into a given place.</summary>
    /// <param name="layout">Layout.</param>
    /// <param name="clipped">Length d, each segment clipped.</param>
    /// <param name="integers">Length d; overwritten.</param>
    internal void Quantize(UpdateLayout layout, ReadOnlySpan<double> clipped, Span<int> integers)
    {
        int offset = 0;
        foreach (UpdateSegment segment in layout.Segments)
        {
            Round(segment, clipped.Slice(offset, segment.Length), integers.Slice(offset, segment.Length));
            offset += segment.Length;
        }
    }

    /// <summary>⌊D₂²⌋ of one segment in integer units: the largest squared norm that leaves the quantizer.</summary>
    public static UInt128 SquaredNormBound(UpdateSegment segment)
    {
        double scaledNorm = segment.Scale * segment.ClipNorm;
        double rootLength = Math.Sqrt(segment.Length);
        double always = (scaledNorm + rootLength) * (scaledNorm + rootLength);
        double likely = scaledNorm * scaledNorm + segment.Length / 4.0 + (scaledNorm + rootLength / 2);
        return (UInt128)Math.Min(always, likely);
    }

    private void Round(UpdateSegment segment, ReadOnlySpan<double> values, Span<int> integers)
    {
        UInt128 bound = SquaredNormBound(segment);
        for (int attempt = 0; attempt < GreatestTries; attempt++)
        {
            RoundStochastically(values, segment.Scale, integers);
            if (SquaredNorm(integers) <= bound)
                return;
        }

        for (int i = 0; i < values.Length; i++)
            integers[i] = (int)Math.Truncate(values[i] * segment.Scale);
        if (SquaredNorm(integers) > bound)
            throw new UnreachableException("Truncation towards zero cannot exceed the norm bound of a clipped segment.");
    }

    private void RoundStochastically(ReadOnlySpan<double> values, double scale, Span<int> integers)
    {
        Span<byte> block = stackalloc byte[4 * BlockWords];
        for (int start = 0; start < values.Length; start += BlockWords)
        {
            int count = Math.Min(BlockWords, values.Length - start);
            random.Fill(block[..(4 * count)]);
            for (int i = 0; i < count; i++)
            {
                double scaled = values[start + i] * scale;
                double floor = Math.Floor(scaled);
                double uniform = BinaryPrimitives.ReadUInt32LittleEndian(block[(4 * i)..]) * (1.0 / 4294967296.0);
                integers[start + i] = (int)floor + (uniform < scaled - floor ? 1 : 0);
            }
        }
    }

    private static UInt128 SquaredNorm(ReadOnlySpan<int> integers)
    {
        UInt128 sum = UInt128.Zero;
        foreach (int value in integers)
            sum += (ulong)((long)value * value);
        return sum;
    }
}
