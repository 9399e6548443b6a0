using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>The Reed–Solomon code of degree below t at m points, by its m − t parity checks.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Checks</term><description>y is the values of a polynomial of degree below t exactly if S_j = Σ w_k x_k^j y_k = 0 for j from 0 to m−t−1, with w_k = 1 / Π over
/// i ≠ k of (x_k − x_i) (MacWilliams and Sloane 1977, chapter 10, section 8: the dual of a generalised Reed–Solomon code).</description></item>
/// <item><term>Errors</term><description>With errors e_k the S_j are Σ w_k e_k x_k^j, a linear recurrence whose shortest form has the x_k of the errors as roots (Massey 1969,
/// Shift-register synthesis and BCH decoding, algorithm 2).</description></item>
/// <item><term>Constant time</term><description>No. What comes here is for its reader to know: masked answers and sums.</description></item>
/// </list>
/// </remarks>
internal sealed class ParityChecks
{
    private readonly PrimeModulus q;
    private readonly int[] points;
    private readonly ulong[] weights;

    /// <param name="q">The field.</param>
    /// <param name="points">m distinct points from 1 to q − 1.</param>
    /// <param name="threshold">t, at most m.</param>
    public ParityChecks(PrimeModulus q, ReadOnlySpan<int> points, int threshold)
    {
        this.q = q;
        this.points = points.ToArray();
        Count = points.Length - threshold;
        weights = new ulong[points.Length];
        for (int k = 0; k < weights.Length; k++)
        {
            ulong denominator = 1;
            foreach (int point in points)
            {
                if (point != points[k])
                    denominator = q.Multiply(denominator, q.Subtract((ulong)points[k], (ulong)point));
            }

            weights[k] = q.Invert(denominator);
        }
    }

    /// <summary>m − t.</summary>
    public int Count { get; }

    /// <summary>S_0 to S_{m−t−1}.</summary>
    /// <param name="word">One value for each point.</param>
    /// <param name="syndromes"><see cref="Count"/> elements; overwritten.</param>
    /// <returns>Whether all are zero.</returns>
    public bool Check(ReadOnlySpan<ulong> word, Span<ulong> syndromes)
    {
        syndromes.Clear();
        for (int k = 0; k < points.Length; k++)
        {
            ulong term = q.Multiply(weights[k], word[k]);
            for (int j = 0; j < syndromes.Length; j++)
            {
                syndromes[j] = q.Add(syndromes[j], term);
                term = q.Multiply(term, (ulong)points[k]);
            }
        }

        return !syndromes.ContainsAnyExcept(0UL);
    }

    /// <summary>The places of the errors, if at most <paramref name="most"/> of them explain the syndromes.</summary>
    /// <param name="syndromes">From <see cref="Check"/>.</param>
    /// <param name="most">At most half of <see cref="Count"/>: then no other set of so few places explains them.</param>
    /// <param name="isWrong">One place for each point; overwritten.</param>
    public bool TryLocate(ReadOnlySpan<ulong> syndromes, int most, Span<bool> isWrong)
    {
        int length = ShortestRecurrence(syndromes, out ulong[] connection);
        int roots = 0;
        for (int k = 0; k < points.Length; k++)
        {
            // x^L · C(1/x): x is never 0, so the roots are those of C itself.
            ulong value = 0;
            for (int j = 0; j <= length; j++) value = q.Add(q.Multiply(value, (ulong)points[k]), connection[j]);
            isWrong[k] = value == 0;
            if (value == 0)
                roots++;
        }

        // As many distinct roots as the recurrence is long: the syndromes are then a combination of their powers, so errors at these places explain them all.
        return length <= most && roots == length;
    }

    /// <summary>Massey's algorithm: the least L and C with C_0 = 1 and Σ C_i S_{j−i} = 0 for all j from L on.</summary>
    private int ShortestRecurrence(ReadOnlySpan<ulong> s, out ulong[] connection)
    {
        connection = new ulong[s.Length + 1];
        var before = new ulong[s.Length + 1];
        connection[0] = before[0] = 1;
        int length = 0;
        int shift = 1;
        ulong lastDiscrepancy = 1;
        for (int n = 0; n < s.Length; n++, shift++)
        {
            ulong discrepancy = 0;
            for (int i = 0; i <= length; i++) discrepancy = q.Add(discrepancy, q.Multiply(connection[i], s[n - i]));
            if (discrepancy == 0)
                continue;
            ulong[] unchanged = [.. connection];
            ulong factor = q.Multiply(discrepancy, q.Invert(lastDiscrepancy));
            for (int i = 0; i + shift <= s.Length; i++) connection[i + shift] = q.Subtract(connection[i + shift], q.Multiply(factor, before[i]));
            if (2 * length > n)
                continue;
            length = n + 1 - length;
            before = unchanged;
            lastDiscrepancy = discrepancy;
            shift = 0;
        }

        return length;
    }
}
