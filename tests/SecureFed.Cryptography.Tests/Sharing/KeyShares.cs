using System.Numerics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;

namespace SecureFed.Cryptography.Tests.Sharing;

/// <summary>What the tests of key shares have in common, with polynomials over big integers as the independent side.</summary>
internal static class KeyShares
{
    /// <summary>Of parameter set A1.</summary>
    public static PrimeModulus A1 { get; } = PrimeModulus.Create(0x3ffffffffc001);

    public static ulong[] Residues(this IRandomSource random, PrimeModulus q, int count)
    {
        var residues = new ulong[count];
        UniformResidues.Fill(q, random, residues);
        return residues;
    }

    /// <summary>One array for each holder.</summary>
    public static ulong[][] Split(PrimeModulus q, ulong[] secret, int threshold, int holders, IRandomSource random)
    {
        var shares = new ulong[holders * secret.Length];
        VectorSharing.Split(q, secret, threshold, holders, random, shares);
        return [.. shares.Chunk(secret.Length)];
    }

    /// <summary>The value at <paramref name="x"/> of the polynomial through the points, over big integers.</summary>
    public static ulong Interpolate(PrimeModulus q, int[] points, ulong[] values, int x)
    {
        BigInteger p = q.Value;
        BigInteger sum = 0;
        for (int k = 0; k < points.Length; k++)
        {
            BigInteger term = values[k];
            foreach (int other in points.Where(o => o != points[k]))
                term = term * (x - other) * BigInteger.ModPow(p + points[k] - other, p - 2, p) % p;
            sum += term;
        }

        return (ulong)(((sum % p) + p) % p);
    }

    public static ulong[] Combine(PrimeModulus q, int[] points, IEnumerable<ulong[]> shares)
    {
        ulong[] all = [.. shares.SelectMany(s => s)];
        var secret = new ulong[all.Length / points.Length];
        Assert.True(VectorInterpolation.TryCreate(q, points, out VectorInterpolation? interpolation));
        interpolation.Combine(all, secret);
        return secret;
    }

    public static ulong[] Sum(PrimeModulus q, params IEnumerable<ulong[]> vectors)
    {
        ulong[] sum = [.. vectors.First()];
        foreach (ulong[] vector in vectors.Skip(1)) ResidueVector.Add(sum, vector, q);
        return sum;
    }

    /// <summary>Σ factor · value mod q with signed factors, over big integers.</summary>
    public static ulong Linear(PrimeModulus q, params (int Factor, ulong Value)[] terms)
    {
        BigInteger sum = 0;
        foreach ((int factor, ulong value) in terms) sum += (BigInteger)factor * value;
        return (ulong)(((sum % q.Value) + q.Value) % q.Value);
    }

    public static ulong[] Challenges(PrimeModulus q, string digest, int dimension, int count)
    {
        var challenges = new ulong[count * dimension];
        ShareCheck.ExpandChallenges(q, System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(digest)), count, challenges);
        return challenges;
    }

    public static ulong[] Answer(PrimeModulus q, ulong[] challenges, ulong[] share, int count)
    {
        var answers = new ulong[count];
        ShareCheck.Answer(q, challenges, share, answers);
        return answers;
    }

    public static int[] Places(bool[] flags) => [.. Enumerable.Range(0, flags.Length).Where(i => flags[i])];

    /// <summary>All strings of that many digits below q.</summary>
    public static IEnumerable<ulong[]> AllStrings(ulong q, int length)
    {
        if (length == 0)
            return [[]];
        return AllStrings(q, length - 1).SelectMany(head => Enumerable.Range(0, (int)q).Select(last => (ulong[])[.. head, (ulong)last]));
    }

    /// <summary>All subsets of 0 … n−1 with that many members.</summary>
    public static IEnumerable<int[]> Subsets(int n, int size) =>
        Enumerable.Range(0, 1 << n).Where(s => BitOperations.PopCount((uint)s) == size).Select(s => Enumerable.Range(0, n).Where(i => (s >> i & 1) == 1).ToArray());

    /// <summary>Gives exactly these words, little-endian.</summary>
    internal sealed class Tape(params ulong[] words) : IRandomSource
    {
        private readonly byte[] bytes = [.. words.SelectMany(BitConverter.GetBytes)];
        private int used;

        public bool IsUsedUp => used == bytes.Length;

        public void Fill(Span<byte> destination)
        {
            bytes.AsSpan(used, destination.Length).CopyTo(destination);
            used += destination.Length;
        }
    }
}
