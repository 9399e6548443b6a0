using System.Collections.Concurrent;
using SecureFed.Client.Rounds;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>The demo plays all parties, so it can do what no single party can: compare each released sum with the sum of what the clients put in.</summary>
/// <remarks>Without noise the two are equal bit for bit; with noise their difference has the standard deviation that the round's manifest states.</remarks>
internal sealed class SumCheck
{
    private const double LogOfOdds = 21;
    private readonly ConcurrentDictionary<Identifier, ConcurrentBag<int[]>> contributions = new();

    private double squares;

    /// <summary>Sums that equal the clients' integers to the last bit.</summary>
    public int ExactSums { get; private set; }

    /// <summary>Sums with noise.</summary>
    public int NoisySums { get; private set; }

    /// <summary>Coordinates of all sums with noise.</summary>
    public long NoisyCoordinates { get; private set; }

    /// <summary>Measured standard deviation of the noise over the stated one, all sums together; null before there is any.</summary>
    public double? NoiseRatio => NoisyCoordinates > 0 ? Math.Sqrt(squares / NoisyCoordinates) : null;

    /// <summary>Whether the measured noise is the stated one: a chi-square variable strays so far once in 10⁹ runs (Laurent and Massart 2000, Lemma 1).</summary>
    public bool IsNoisePlausible => NoisyCoordinates == 0 || Math.Abs(squares / NoisyCoordinates - 1) < 2 * Math.Sqrt(LogOfOdds / NoisyCoordinates) + 2 * LogOfOdds / NoisyCoordinates;

    public void Record(RoundOutcome outcome)
    {
        if (outcome.Status == RoundStatus.Contributed)
            contributions.GetOrAdd(outcome.RoundId, _ => []).Add(outcome.Quantized.ToArray());
    }

    /// <summary>Compares one released sum; false if it should be exact and is not.</summary>
    public bool Compare(ManifestView manifest, byte[] aggregate)
    {
        Identifier round = Identifier.Parse(manifest.Round.RoundId);
        if (!contributions.TryRemove(round, out ConcurrentBag<int[]>? updates) || updates.Count != manifest.Round.Survivors)
            return true; // A contribution is not known here: its client was interrupted.
        uint[] sum = new uint[aggregate.Length / 4];
        if (!RingVector.TryDecode(aggregate, sum))
            return false;
        UpdateLayout layout = new([new UpdateSegment("all", sum.Length, 1, 0)], manifest.RingBits);
        int[] released = SumDecoder.ToIntegers(layout, sum);
        long[] rest = [.. released.Select(v => (long)v)];
        foreach (int[] update in updates)
        {
            for (int i = 0; i < rest.Length; i++)
                rest[i] -= update[i];
        }

        if (manifest.NoiseDeviation == 0)
        {
            ExactSums++;
            return Array.TrueForAll(rest, v => v == 0);
        }

        NoisySums++;
        NoisyCoordinates += rest.Length;
        squares += rest.Sum(v => v / manifest.NoiseDeviation * (v / manifest.NoiseDeviation));
        return true;
    }
}
