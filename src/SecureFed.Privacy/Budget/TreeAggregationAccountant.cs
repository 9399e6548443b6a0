using System.Numerics;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Accounting.Renyi;

namespace SecureFed.Privacy.Budget;

/// <summary>The cost of DP-FTRL in its distributed form: one noised tree per epoch, of which every round releases one node.</summary>
/// <remarks>
/// <para>Kairouz, McMahan, Song, Thakkar, Thakurta and Xu 2021 (arXiv 2103.00039), "Practical and private (deep) learning without sampling or shuffling", Appendix D. Round t of
/// an epoch releases node t of a <see cref="FenwickTree"/> over the epoch's L rounds, with fresh noise z·D₂. No amplification is used, so the order of the rows may be public.</para>
/// <para><b>Assumed of the caller.</b> A record is in exactly one leaf of a tree, with L2 norm at most D₂, and which leaf that is depends on nothing but the record's own place:
/// neighbours differ by one record <i>emptied in its place</i>, contributing zero. If removing a row moved those behind it to other leaves, the sensitivity would be that of all of
/// them. (The authors and Google's accountant state the same relation: replaced by a special element.) Node t is opened only after node t − 1 has been released.</para>
/// <para><b>Total.</b> Node t contains leaf j if and only if t is one of j, j + lowbit(j), …: each step at least doubles the lowest set bit, so the k-th of them is at least
/// 2^(k−1), and among the first t nodes at most ⌊log₂ t⌋ + 1 contain j. What the other nodes release does not depend on the record, given what was released before; so the divergence of
/// an epoch is at most (⌊log₂ L⌋ + 1)·α/2z², and epochs add. Google's dp_accounting has the same number, ⌈log₂(L + 1)⌉, for a central tree with all its nodes: in every binary
/// tree over L leaves a path is that long.</para>
/// <para><b>Round by round.</b> Let c be the cost of a node. Charging c in the rounds 1, 2, 4, 8, … and 0 in the others makes the sum after t rounds c·(⌊log₂ t⌋ + 1): just what was
/// released about the records of leaf 1, which is in the nodes 1, 2, 4, 8, …, and by the bound above no less than what was released about any other. A node that is released again, because
/// its round was committed and then failed, adds at most c for every record and is charged c. So after every round the ledger holds at least the greatest sum over the records: with s_j
/// first releases and r_j repetitions that contain j, s_j &lt;= ⌊log₂ t⌋ + 1 and r_j &lt;= r, hence c(s_j + r_j) is at most the charge. Every record's own sum is thus below the cap
/// whatever the results decided, and that is enough: a filter needs the bound for one pair of neighbours at a time (Feldman and Zrnic 2021, arXiv 2008.11193v4, Theorem 3.1 and Remark
/// 3.2). Epochs add: the sum of the greatest is no less than the greatest sum.</para>
/// </remarks>
public static class TreeAggregationAccountant
{
    /// <summary>E·(⌊log₂ L⌋ + 1): how many releases one record can be in; saturates.</summary>
    /// <param name="leaves">L: rounds of an epoch, at least 1.</param>
    /// <param name="epochs">E: trees, at least 1.</param>
    /// <exception cref="AccountingException">Out of range.</exception>
    public static int ReleasesPerRecord(int leaves, int epochs)
    {
        AccountingRange.Steps(leaves);
        AccountingRange.Steps(epochs);
        return (int)Math.Min((long)FenwickTree.DepthOf(leaves) * epochs, AccountingRange.GreatestSteps);
    }

    /// <summary>The tree as a kind of release of a <see cref="NoisePlan"/>.</summary>
    public static PlannedRelease Plan(string name, int leaves, int epochs, double share) => new(name, ReleasesPerRecord(leaves, epochs), 1, share);

    /// <summary>What E whole epochs cost, in units of a cap with this order.</summary>
    /// <exception cref="AccountingException">Out of range.</exception>
    public static long TotalUnits(double noiseMultiplier, int leaves, int epochs, int order) =>
        ReleaseCost.Product(ReleaseCost.Units(noiseMultiplier, 1, order), ReleasesPerRecord(leaves, epochs));

    /// <summary>What a round adds to the ledger when it opens.</summary>
    /// <param name="roundInEpoch">t, from 1 in every epoch.</param>
    /// <param name="released">Whether node t may have been released before: a round for it was committed. After a void round it was not.</param>
    /// <param name="unitsOfNode">c: <see cref="ReleaseCost.Units"/> at q = 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">t is below 1, or c negative.</exception>
    public static long UnitsOfRound(int roundInEpoch, bool released, long unitsOfNode)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(roundInEpoch, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(unitsOfNode);
        return released || BitOperations.IsPow2(roundInEpoch) ? unitsOfNode : 0;
    }

    /// <summary>ε of E whole epochs, fixed in advance: the minimum over the integer orders, with the allowance for shares.</summary>
    /// <exception cref="AccountingException">Out of range.</exception>
    public static PrivacyBound Epsilon(double noiseMultiplier, int leaves, int epochs, double delta)
    {
        RenyiCurve node = new(RenyiOrders.Integers, order => ReleaseCost.Units(noiseMultiplier, 1, (int)order) / BudgetCap.UnitsPerDivergence);
        return node.Compose(ReleasesPerRecord(leaves, epochs)).Epsilon(delta);
    }
}
