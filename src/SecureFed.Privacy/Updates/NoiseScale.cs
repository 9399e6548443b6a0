namespace SecureFed.Privacy.Updates;

/// <summary>Chooses the grid of a round with noise, and tells whether its sum fits the ring.</summary>
/// <remarks>
/// DESIGN section 4, rules 2 and 4. Each segment gets its own scale, the smallest power of two with s ≥ 8√d/C for its own d and C: rounding then adds at most
/// about 0.2 % to its norm, and as every coordinate of the vector carries the same integer noise, a coordinate's noise is in proportion to C/√d of its segment.
/// If a share's σ were below <see cref="NoiseShare.LeastSigma"/>, all scales are raised together.
/// </remarks>
public static class NoiseScale
{
    private const int GreatestRaise = 30;

    /// <param name="segments">Segments; their scale exponents are ignored.</param>
    /// <param name="ringBits">b.</param>
    /// <param name="noiseMultiplier">z.</param>
    /// <param name="greatestClients">n: most clients whose shares add up.</param>
    /// <param name="flattening">Of the first segment, whose length is that before padding; null if it is not flattened.</param>
    /// <exception cref="ArgumentException">No scale within the allowed range: another clip norm is needed.</exception>
    public static UpdateLayout Choose(IReadOnlyList<UpdateSegment> segments, int ringBits, double noiseMultiplier, int greatestClients, Flattening? flattening = null)
    {
        if (flattening is not null)
            segments = [segments[0] with { Length = flattening.PaddedLength }, .. segments.Skip(1)];
        if (!segments.All(s => s.IsValid))
            throw new ArgumentException("A segment has a name, at least one coordinate and a positive finite clip norm.", nameof(segments));
        int dimension = (int)Math.Min(UpdateLayout.GreatestDimension, segments.Sum(s => (long)s.Length));
        double least = NoiseShare.LeastSigma(greatestClients, dimension);
        for (int raise = 0; raise <= GreatestRaise; raise++)
        {
            UpdateSegment[] scaled = [.. segments.Select(s => s with { ScaleExponent = LeastExponent(s) + raise })];
            if (scaled.Any(s => !s.IsValid))
                break;
            UpdateLayout layout = new(scaled, ringBits, flattening);
            if (noiseMultiplier * Math.Sqrt((double)layout.SquaredSensitivity / greatestClients) >= least)
                return layout;
        }

        throw new ArgumentException("No scale suits the clip norm and the noise: a clip norm between 10^-6 and 10^6 and a larger noise multiplier help.", nameof(segments));
    }

    /// <summary>M: more records than this are not expected in one round, by ten standard deviations and a tenth for the estimate of N.</summary>
    /// <param name="samplingRate">q.</param>
    /// <param name="expectedRecords">N: public estimate of all clients' records together.</param>
    public static long GreatestRecords(double samplingRate, long expectedRecords)
    {
        double expected = 1.1 * samplingRate * expectedRecords;
        return (long)Math.Ceiling(expected + 10 * Math.Sqrt(expected) + 10);
    }

    /// <summary>Whether the sum of all contributions and shares stays within ±2^(b−1), but for 2^-40.</summary>
    /// <remarks>
    /// 2^(b−1) &gt; reach + k_σ·σ_c·√(n/h) with k_σ = √(2 ln(2d·2⁴⁰)) standard deviations. Reach is n·(s·C + 1) at client level and M·D at record level,
    /// each record's coordinate being at most the norm bound D of its segment. A flattened segment reaches n resp. M times <see cref="Flattening.Reach"/>(s·C) + 1 at most, because it
    /// is the sum that is flattened and its norm is at most n·C resp. M·C; of the two bounds the smaller one counts. A sum that wraps is useless but reveals nothing more.
    /// </remarks>
    /// <param name="layout">Layout.</param>
    /// <param name="contributions">n clients, or M: most records that one round may sum.</param>
    /// <param name="isRecordLevel">Which of the two.</param>
    /// <param name="noiseMultiplier">z.</param>
    /// <param name="clientsPerHonest">Largest n/h that a cohort can have, leaves added up.</param>
    public static bool FitsRing(UpdateLayout layout, long contributions, bool isRecordLevel, double noiseMultiplier, double clientsPerHonest)
    {
        double reach = layout.Segments.Select((s, i) => ReachOf(s, i == 0 ? layout.Flattening : null, isRecordLevel)).Max();
        double deviations = Math.Sqrt(2 * Math.Log(2.0 * layout.Dimension * Math.ScaleB(1.0, 40)));
        double noise = deviations * noiseMultiplier * Math.Sqrt((double)layout.SquaredSensitivity * clientsPerHonest);
        return contributions * reach + noise < Math.ScaleB(1.0, layout.RingBits - 1);
    }

    /// <summary>The smallest ring into which such a sum fits; null if <see cref="UpdateLayout.GreatestRingBits"/> are too few. Parameters as for <see cref="FitsRing"/>.</summary>
    public static int? LeastRingBits(UpdateLayout layout, long contributions, bool isRecordLevel, double noiseMultiplier, double clientsPerHonest)
    {
        for (int bits = UpdateLayout.LeastRingBits; bits <= UpdateLayout.GreatestRingBits; bits++)
        {
            if (FitsRing(new UpdateLayout(layout.Segments, bits, layout.Flattening), contributions, isRecordLevel, noiseMultiplier, clientsPerHonest))
                return bits;
        }

        return null;
    }

    /// <summary>Bound on one coordinate of one contribution.</summary>
    private static double ReachOf(UpdateSegment segment, Flattening? flattening, bool isRecordLevel)
    {
        double reach = isRecordLevel ? Math.Sqrt((double)Quantizer.SquaredNormBound(segment)) : segment.ClipNorm * segment.Scale + 1;
        return flattening is null ? reach : Math.Min(reach, flattening.Reach(segment.ClipNorm * segment.Scale) + 1);
    }

    private static int LeastExponent(UpdateSegment segment) =>
        (int)Math.Clamp(Math.Ceiling(Math.Log2(8 * Math.Sqrt(segment.Length) / segment.ClipNorm) - 1e-12), -10_000, 10_000);
}
