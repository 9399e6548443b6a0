using System.Numerics;

namespace SecureFed.Learning;

/// <summary>A reproducible stream of numbers for synthetic data, shuffles and partitions.</summary>
/// <remarks>
/// <para>xoshiro256** (Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators"), seeded by SplitMix64 as its authors advise.</para>
/// <para>Not for secrets: the whole future follows from 256 bits of output. Keys, masks and noise come from <c>IRandomSource</c>.</para>
/// </remarks>
public sealed class DeterministicSequence
{
    private ulong s0, s1, s2, s3;
    private double? spareGaussian;

    /// <param name="seed">Any value; equal seeds and streams give equal sequences.</param>
    /// <param name="stream">Separates users of one seed (a client, a round), so that they do not walk the same sequence.</param>
    public DeterministicSequence(ulong seed, ulong stream = 0)
    {
        ulong state = Mix(seed) ^ unchecked(stream * 0xd1342543de82ef95UL);
        s0 = SplitMix(ref state);
        s1 = SplitMix(ref state);
        s2 = SplitMix(ref state);
        s3 = SplitMix(ref state);
    }

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        unchecked
        {
            ulong result = BitOperations.RotateLeft(s1 * 5, 7) * 9;
            ulong t = s1 << 17;
            s2 ^= s0;
            s3 ^= s1;
            s1 ^= s2;
            s0 ^= s3;
            s2 ^= t;
            s3 = BitOperations.RotateLeft(s3, 45);
            return result;
        }
    }

    /// <summary>Uniform in [0, 1) with 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [lower, upper).</summary>
    public double NextUniform(double lower, double upper) => lower + ((upper - lower) * NextDouble());

    /// <summary>True with the given probability.</summary>
    public bool NextBoolean(double probability) => NextDouble() < probability;

    /// <summary>Standard normal, by the polar method of Marsaglia and Bray (1964).</summary>
    public double NextGaussian()
    {
        if (spareGaussian is { } spare)
        {
            spareGaussian = null;
            return spare;
        }

        double u, v, square;
        do
        {
            u = NextUniform(-1, 1);
            v = NextUniform(-1, 1);
            square = (u * u) + (v * v);
        }
        while (square is >= 1 or 0);

        double factor = Math.Sqrt(-2 * Math.Log(square) / square);
        spareGaussian = v * factor;
        return u * factor;
    }

    /// <summary>Normal with the given mean and standard deviation.</summary>
    public double NextGaussian(double mean, double standardDeviation) => mean + (standardDeviation * NextGaussian());

    /// <summary>Uniform in [0, bound), without modulo bias.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bound"/> is below 1.</exception>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        ulong range = (ulong)bound;
        ulong accepted = ulong.MaxValue - (ulong.MaxValue % range);
        ulong candidate;
        do
        {
            candidate = NextUInt64();
        }
        while (candidate >= accepted);
        return (int)(candidate % range);
    }

    /// <summary>Permutes in place (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int last = items.Length - 1; last > 0; last--)
        {
            int other = NextInt(last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    private static ulong SplitMix(ref ulong state)
    {
        state = unchecked(state + 0x9e3779b97f4a7c15UL);
        return Mix(state);
    }

    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
            return z ^ (z >> 31);
        }
    }
}
