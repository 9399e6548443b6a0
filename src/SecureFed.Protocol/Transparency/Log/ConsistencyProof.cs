using System.Numerics;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>That a tree continues an earlier one: the same entries in the same places, then more.</summary>
/// <remarks>RFC 9162, section 2.1.4.2 (verification); the hashes are those of RFC 6962, section 2.1.2.</remarks>
public static class ConsistencyProof
{
    /// <summary>More than any two trees need (66).</summary>
    public const int GreatestHashes = 128;

    /// <remarks>Two sizes that are equal need equal roots and no hashes. From the empty tree there is no proof: every tree continues it.</remarks>
    /// <param name="from">Entries in the earlier tree.</param>
    /// <param name="fromRoot">Its root.</param>
    /// <param name="to">Entries in the later tree.</param>
    /// <param name="toRoot">Its root.</param>
    /// <param name="hashes">The proof; exactly as many as the sizes need, or it fails.</param>
    public static bool Verify(ulong from, Digest fromRoot, ulong to, Digest toRoot, ReadOnlySpan<Digest> hashes)
    {
        if (from == to)
            return hashes.IsEmpty && fromRoot == toRoot && (from > 0 || fromRoot == MerkleHash.Empty);
        if (from > to || from == 0)
            return false;
        TreePath path = new(from - 1, to - 1);
        path.SkipRightEdges();

        // A perfect earlier tree is a node of the later one, so its root is the first hash and is not sent.
        bool isPerfect = BitOperations.IsPow2(from);
        if (!isPerfect && hashes.IsEmpty)
            return false;
        Digest earlier = isPerfect ? fromRoot : hashes[0];
        Digest later = earlier;
        foreach (Digest hash in isPerfect ? hashes : hashes[1..])
        {
            if (path.IsAtRoot)
                return false;
            if (path.TurnsLeft())
            {
                earlier = MerkleHash.Node(hash, earlier);
                later = MerkleHash.Node(hash, later);
            }
            else
            {
                later = MerkleHash.Node(later, hash);
            }
        }

        return path.IsAtRoot && earlier == fromRoot && later == toRoot;
    }

    /// <summary>As <see cref="Verify"/>, but a tree that was empty before is continued by any without a proof.</summary>
    internal static bool VerifyGrowth(ulong from, Digest fromRoot, ulong to, Digest toRoot, ReadOnlySpan<Digest> hashes) =>
        from == 0 && to > 0
            ? hashes.IsEmpty && fromRoot == MerkleHash.Empty
            : Verify(from, fromRoot, to, toRoot, hashes);
}
