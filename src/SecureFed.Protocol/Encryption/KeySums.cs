using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;

namespace SecureFed.Protocol.Encryption;

/// <summary>Candidates for the sum of keys S from the holders' sums of shares: the first that the residue of the decrypted sum confirms is it.</summary>
/// <remarks>
/// With K &lt; t_h + 2f no wrong holder can be named from the sums alone, but a wrong S leaves a uniform residue (<see cref="ResidueCheck"/>): so every t_h of the sums are
/// tried, in a fixed order and at most <see cref="GreatestTries"/> of them.
/// </remarks>
internal static class KeySums
{
    /// <summary>Enough for 12 holders of whom 9 are needed, and for every table whose wrong holders can be named.</summary>
    public const int GreatestTries = 256;

    /// <summary>Distinct candidates, the most trusted first.</summary>
    /// <param name="ring">N and q.</param>
    /// <param name="points">m distinct points.</param>
    /// <param name="sums">m stretches of N elements below q.</param>
    /// <param name="threshold">t_h.</param>
    /// <param name="corrupt">f.</param>
    public static IEnumerable<(ulong[] Sum, int[] WrongPlaces)> Candidates(BfvSet ring, int[] points, ulong[] sums, int threshold, int corrupt)
    {
        if (points.Length < threshold)
            yield break;
        ulong[] secret = new ulong[ring.Degree];
        bool[] isWrong = new bool[points.Length];
        ShareConsistency consistency = VectorErrorCorrection.Combine(ring.Modulus, points, sums, threshold, corrupt, secret, isWrong);
        if (consistency is ShareConsistency.Untested or ShareConsistency.Consistent or ShareConsistency.Named)
        {
            yield return (secret, [.. Enumerable.Range(0, points.Length).Where(k => isWrong[k])]);
            if (consistency != ShareConsistency.Named)
                yield break; // Every other choice gives the same.
        }

        int tries = 0;
        foreach (int[] chosen in Subsets(points.Length, threshold))
        {
            if (tries++ == GreatestTries)
                yield break;
            yield return (Interpolate(ring, points, sums, chosen), []);
        }
    }

    private static ulong[] Interpolate(BfvSet ring, int[] points, ulong[] sums, int[] chosen)
    {
        ulong[] secret = new ulong[ring.Degree];
        ulong[] vectors = [.. chosen.SelectMany(k => sums.Skip(k * ring.Degree).Take(ring.Degree))];
        if (!VectorInterpolation.TryCreate(ring.Modulus, [.. chosen.Select(k => points[k])], out VectorInterpolation? interpolation))
            throw new InvalidOperationException("A holder table names a point twice.");
        interpolation.Combine(vectors, secret);
        return secret;
    }

    /// <summary>The subsets of size k of 0 … m−1, in lexical order.</summary>
    private static IEnumerable<int[]> Subsets(int m, int k)
    {
        int[] chosen = [.. Enumerable.Range(0, k)];
        while (true)
        {
            yield return [.. chosen];
            int i = k - 1;
            while (i >= 0 && chosen[i] == m - k + i) i--;
            if (i < 0)
                yield break;
            chosen[i]++;
            for (int j = i + 1; j < k; j++) chosen[j] = chosen[j - 1] + 1;
        }
    }
}
