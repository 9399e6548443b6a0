using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>That an entry stands at an index of the tree with a given root.</summary>
/// <remarks>RFC 9162, section 2.1.3.2 (verification); the hashes are those of RFC 6962, section 2.1.1, the leaf's sibling first.</remarks>
public static class InclusionProof
{
    /// <summary>No tree needs more.</summary>
    public const int GreatestHashes = 64;

    /// <param name="index">Place of the entry, from 0.</param>
    /// <param name="size">Entries in the tree.</param>
    /// <param name="leaf">Hash of the entry.</param>
    /// <param name="hashes">The proof; exactly as many as the place needs, or it fails.</param>
    /// <param name="root">Root of the tree.</param>
    public static bool Verify(ulong index, ulong size, Digest leaf, ReadOnlySpan<Digest> hashes, Digest root)
    {
        if (index >= size)
            return false;
        TreePath path = new(index, size - 1);
        Digest computed = leaf;
        foreach (Digest hash in hashes)
        {
            if (path.IsAtRoot)
                return false;
            computed = path.TurnsLeft() ? MerkleHash.Node(hash, computed) : MerkleHash.Node(computed, hash);
        }

        return path.IsAtRoot && computed == root;
    }
}
