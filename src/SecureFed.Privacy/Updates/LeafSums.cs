using SecureFed.Privacy.Budget;

namespace SecureFed.Privacy.Updates;

/// <summary>A client's memory of one epoch of tree aggregation: the integer sum of each leaf's records, made once at the model of its own round.</summary>
/// <remarks>
/// <para>Kairouz et al. 2021 (arXiv 2103.00039), Appendix D: node t sums the leaves (t − lowbit(t), t], each as it was when its round came. A leaf is never computed again, so that a record's
/// contribution to all nodes is one integer vector within the norm bound that noise is measured by.</para>
/// <para>A leaf that is not held, because its round was missed or the process restarted, counts as zero: less is released than was paid for. Held in memory only, never sent and never stored;
/// the leaves of an epoch are zeroed when the next one begins. Not safe for concurrent use.</para>
/// </remarks>
/// <param name="leaves">L, at least 1.</param>
public sealed class LeafSums(int leaves) : IDisposable
{
    private readonly QuantizedUpdate?[] held = new QuantizedUpdate?[leaves];
    private int epoch;

    /// <summary>L.</summary>
    public int Leaves => held.Length;

    /// <summary>Leaf of a record, from 0: depends on nothing but the record's own place among the client's records.</summary>
    public int LeafOf(int record) => record % held.Length;

    /// <summary>Leaf whose sum is made in a round, from 0.</summary>
    /// <param name="trainRound">Training rounds behind the model of the round.</param>
    public int LeafOfRound(int trainRound) => trainRound % held.Length;

    /// <summary>Whether the leaf of this round has its sum.</summary>
    public bool Holds(int trainRound) => trainRound / held.Length == epoch && held[LeafOfRound(trainRound)] is not null;

    /// <summary>Keeps the sum of the round's leaf. A round of another epoch forgets all leaves first.</summary>
    /// <exception cref="InvalidOperationException">The leaf has a sum.</exception>
    public void Keep(int trainRound, QuantizedUpdate sum)
    {
        if (Holds(trainRound))
            throw new InvalidOperationException("The sum of a leaf is made once.");
        if (trainRound / held.Length != epoch)
            Dispose();
        epoch = trainRound / held.Length;
        held[LeafOfRound(trainRound)] = sum;
    }

    /// <summary>The sum of the leaves of the round's node, modulo 2^32.</summary>
    /// <exception cref="InvalidOperationException">The round's own leaf has no sum.</exception>
    public QuantizedUpdate SumNode(int trainRound)
    {
        if (!Holds(trainRound))
            throw new InvalidOperationException("The leaf of the round comes first.");
        QuantizedUpdate last = held[LeafOfRound(trainRound)]!;
        int[] sum = new int[last.Layout.Dimension];
        for (int round = FenwickTree.FirstRoundOf(LeafOfRound(trainRound) + 1); round <= LeafOfRound(trainRound) + 1; round++)
        {
            if (held[round - 1] is not { } leaf)
                continue;
            for (int i = 0; i < sum.Length; i++)
                sum[i] = unchecked(sum[i] + leaf.Values[i]); // Modulo 2^32: the ring is meant.
        }

        return new QuantizedUpdate(last.Layout, sum);
    }

    /// <summary>Zeroes and forgets all leaves.</summary>
    public void Dispose()
    {
        foreach (QuantizedUpdate? leaf in held)
            leaf?.Erase();
        Array.Clear(held);
    }

    public override string ToString() => $"LeafSums({held.Length} leaves)";
}
