using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Finds which of m holders sent vectors that do not fit the others', and recovers the shared vector without them.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>McEliece and Sarwate, On sharing secrets and Reed-Solomon codes, CACM 24(9), 1981; the code is <see cref="ParityChecks"/>, interleaved:
/// a wrong holder is wrong as a whole, in whichever coordinates.</description></item>
/// <item><term>Method</term><description>The first coordinate that fails its checks is decoded, the holders off its polynomial are left out, and the search goes on with the
/// rest. A holder left out is an erasure, which costs half of an error, so m ≥ t + 2f still holds for those who remain.</description></item>
/// <item><term>For certain</term><description>If at most f holders are wrong and m ≥ t + 2f, exactly the wrong ones are named. If m &gt; t, up to m − t wrong holders are
/// noticed. Nobody is named below t + 2f: there f wrong holders can choose their vectors so that honest ones look wrong.</description></item>
/// <item><term>Beyond f</term><description>Wrong holders who agree on another polynomial can pass, or make honest ones look wrong. For sums of keys the residue of the decrypted sum
/// is the caller's last check.</description></item>
/// <item><term>Constant time</term><description>No: its input is known to whoever runs it, the server.</description></item>
/// </list>
/// </remarks>
public static class VectorErrorCorrection
{
    /// <summary>Whether all holders' vectors lie on polynomials of degree below t, and whose do not.</summary>
    /// <param name="q">The field.</param>
    /// <param name="points">m distinct points from 1 to <see cref="VectorSharing.GreatestHolders"/>.</param>
    /// <param name="vectors">m stretches of <paramref name="coordinates"/> elements of [0, q).</param>
    /// <param name="coordinates">Length of each vector, at least 1.</param>
    /// <param name="threshold">t, at least 1.</param>
    /// <param name="mostWrong">f, at least 0: the most holders that may be wrong.</param>
    /// <param name="isWrong">m places; overwritten, all false unless the answer is <see cref="ShareConsistency.Named"/>.</param>
    /// <exception cref="ArgumentException">A length or number is out of range, a point repeats, or an element is not below q. Readers of foreign bytes have checked both.</exception>
    public static ShareConsistency Locate(
        PrimeModulus q,
        ReadOnlySpan<int> points,
        ReadOnlySpan<ulong> vectors,
        int coordinates,
        int threshold,
        int mostWrong,
        Span<bool> isWrong)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(coordinates, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(mostWrong);
        if (!VectorInterpolation.AreValid(q, points)) throw new ArgumentException("Points are distinct, from 1 on, and below q.", nameof(points));
        if (vectors.Length != (long)points.Length * coordinates) throw new ArgumentException("There is one vector for each point.", nameof(vectors));
        if (isWrong.Length != points.Length) throw new ArgumentException("There is one answer for each point.", nameof(isWrong));
        ResidueVector.RequireReduced(vectors, q, nameof(vectors));

        isWrong.Clear();
        if (points.Length <= threshold)
            return points.Length < threshold ? ShareConsistency.TooFew : ShareConsistency.Untested;
        bool canName = points.Length >= threshold + (2L * mostWrong);
        return Search(q, points, vectors, coordinates, threshold, canName ? mostWrong : -1, isWrong);
    }

    /// <summary>The vector at 0 of the polynomials through all holders but those named wrong.</summary>
    /// <param name="q">The field.</param>
    /// <param name="points">As for <see cref="Locate"/>.</param>
    /// <param name="vectors">m stretches as long as <paramref name="secret"/>.</param>
    /// <param name="threshold">t, at least 1.</param>
    /// <param name="mostWrong">f, at least 0.</param>
    /// <param name="secret">Overwritten; zero unless the answer is <see cref="ShareConsistency.Untested"/>, <see cref="ShareConsistency.Consistent"/> or
    /// <see cref="ShareConsistency.Named"/>.</param>
    /// <param name="isWrong">m places; overwritten.</param>
    /// <returns>With <see cref="ShareConsistency.Unattributed"/> a caller who can test a sum may still try <see cref="VectorInterpolation"/> on every t of the vectors.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Locate"/>.</exception>
    public static ShareConsistency Combine(
        PrimeModulus q,
        ReadOnlySpan<int> points,
        ReadOnlySpan<ulong> vectors,
        int threshold,
        int mostWrong,
        Span<ulong> secret,
        Span<bool> isWrong)
    {
        secret.Clear();
        ShareConsistency consistency = Locate(q, points, vectors, secret.Length, threshold, mostWrong, isWrong);
        if (consistency is not (ShareConsistency.Untested or ShareConsistency.Consistent or ShareConsistency.Named))
            return consistency;

        var chosenPoints = new int[threshold];
        var chosen = new ulong[threshold * secret.Length];
        int count = 0;
        for (int k = 0; count < threshold; k++)
        {
            if (isWrong[k])
                continue;
            chosenPoints[count] = points[k];
            vectors.Slice(k * secret.Length, secret.Length).CopyTo(chosen.AsSpan(count * secret.Length));
            count++;
        }

        // Safe: Locate has checked the points, and at least m - f of them remain, no fewer than t.
        _ = VectorInterpolation.TryCreate(q, chosenPoints, out VectorInterpolation? interpolation);
        interpolation!.Combine(chosen, secret);
        return consistency;
    }

    // most is f, or -1 where nobody can be named.
    private static ShareConsistency Search(
        PrimeModulus q,
        ReadOnlySpan<int> points,
        ReadOnlySpan<ulong> vectors,
        int coordinates,
        int threshold,
        int most,
        Span<bool> isWrong)
    {
        int[] remaining = [.. Enumerable.Range(0, points.Length)];
        ParityChecks checks = new(q, points, threshold);
        var word = new ulong[points.Length];
        var syndromes = new ulong[checks.Count];
        var isOff = new bool[points.Length];
        int named = 0;
        for (int c = 0; c < coordinates; c++)
        {
            for (int i = 0; i < remaining.Length; i++) word[i] = vectors[(remaining[i] * coordinates) + c];
            if (checks.Check(word.AsSpan(0, remaining.Length), syndromes.AsSpan(0, checks.Count)))
                continue;
            if (most < 0)
                return ShareConsistency.Unattributed;
            if (!checks.TryLocate(syndromes.AsSpan(0, checks.Count), most - named, isOff.AsSpan(0, remaining.Length)))
            {
                isWrong.Clear();
                return ShareConsistency.BeyondErrors;
            }

            for (int i = 0; i < remaining.Length; i++) isWrong[remaining[i]] = isOff[i];
            int before = remaining.Length;
            remaining = [.. remaining.Where((_, i) => !isOff[i])];
            named += before - remaining.Length;
            checks = new ParityChecks(q, Points(points, remaining), threshold);
        }

        return named == 0 ? ShareConsistency.Consistent : ShareConsistency.Named;
    }

    private static int[] Points(ReadOnlySpan<int> points, int[] places)
    {
        var chosen = new int[places.Length];
        for (int i = 0; i < places.Length; i++) chosen[i] = points[places[i]];
        return chosen;
    }
}
