namespace SecureFed.Privacy.Updates;

/// <summary>Turns a sum in Z mod 2^b back into the segments' own units.</summary>
public static class SumDecoder
{
    /// <summary>Centred residues: the exact integer sum as long as <see cref="UpdateLayout.FitsRing"/> holds for the cohort.</summary>
    /// <param name="layout">The round's layout.</param>
    /// <param name="ring">Length d, elements of Z mod 2^b.</param>
    public static int[] ToIntegers(UpdateLayout layout, ReadOnlySpan<uint> ring)
    {
        int shift = 32 - layout.RingBits;
        int[] integers = new int[ring.Length];
        for (int i = 0; i < ring.Length; i++)
            integers[i] = unchecked((int)(ring[i] << shift)) >> shift; // Arithmetic shift extends the sign of the b-bit residue.
        return integers;
    }

    /// <summary>Divides each segment of an integer sum by its scale, and takes flattening and padding back.</summary>
    /// <returns>Length d without padding, in the segments' own units.</returns>
    public static double[] ToValues(UpdateLayout layout, ReadOnlySpan<int> integers)
    {
        double[] values = new double[integers.Length];
        int offset = 0;
        foreach (UpdateSegment segment in layout.Segments)
        {
            for (int i = offset; i < offset + segment.Length; i++)
                values[i] = Math.ScaleB(integers[i], -segment.ScaleExponent);
            offset += segment.Length;
        }

        if (layout.Flattening is not { } flattening)
            return values;
        flattening.Invert(values.AsSpan(0, flattening.PaddedLength));
        return [.. values.AsSpan(0, flattening.Length), .. values.AsSpan(flattening.PaddedLength)];
    }
}
