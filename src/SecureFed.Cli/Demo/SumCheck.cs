using System.Collections.Concurrent;
using SecureFed.Client.Rounds;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Demo;

/// <summary>The demo plays all parties, so it can do what no single party can: compare each released sum with the sum of what the clients put in.</summary>
internal sealed class SumCheck
{
    private readonly ConcurrentDictionary<Identifier, ConcurrentBag<int[]>> contributions = new();

    public void Record(RoundOutcome outcome)
    {
        if (outcome.Status == RoundStatus.Contributed)
            contributions.GetOrAdd(outcome.RoundId, _ => []).Add(outcome.Quantized.ToArray());
    }

    /// <summary>Whether the sum is the clients' integers to the last bit; null if a contribution is not known here.</summary>
    public bool? IsExact(Identifier round, int survivors, int ringBits, byte[] aggregate)
    {
        if (!contributions.TryGetValue(round, out ConcurrentBag<int[]>? updates) || updates.Count != survivors)
            return null;
        uint[] sum = new uint[aggregate.Length / 4];
        if (!RingVector.TryDecode(aggregate, sum))
            return false;
        UpdateLayout layout = new([new UpdateSegment("all", sum.Length, 1, 0)], ringBits);
        int[] released = SumDecoder.ToIntegers(layout, sum);
        long[] expected = new long[sum.Length];
        foreach (int[] update in updates)
        {
            for (int i = 0; i < expected.Length; i++)
                expected[i] += update[i];
        }

        return released.Select(v => (long)v).SequenceEqual(expected);
    }
}
