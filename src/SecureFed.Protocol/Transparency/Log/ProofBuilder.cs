using System.Numerics;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Makes proofs and earlier roots from a log's stored hashes.</summary>
/// <remarks>RFC 6962, sections 2.1.1 (PATH) and 2.1.2 (PROOF). Every method reads O(log² n) hashes; what is read twice is for the reader to remember.</remarks>
/// <param name="hashes">At least the hashes of the largest size asked for.</param>
public sealed class ProofBuilder(IHashReader hashes)
{
    /// <summary>The root of the tree when it had that many entries.</summary>
    public Digest Root(ulong size) => size == 0 ? MerkleHash.Empty : Range(0, size);

    /// <summary>The inclusion proof of an entry in the tree of that size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tree has no such entry.</exception>
    public Digest[] Inclusion(ulong index, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        List<Digest> proof = [];
        ulong start = 0, end = size;
        while (end - start > 1)
        {
            ulong middle = start + Split(end - start);
            (ulong From, ulong To) sibling = index < middle ? (middle, end) : (start, middle);
            (start, end) = index < middle ? (start, middle) : (middle, end);
            proof.Add(Range(sibling.From, sibling.To));
        }

        // Found from the root down, sent from the leaf up.
        proof.Reverse();
        return [.. proof];
    }

    /// <summary>The proof that the tree of the larger size continues that of the smaller one; empty if they are equal or the smaller one is empty.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> is larger than <paramref name="to"/>.</exception>
    public Digest[] Consistency(ulong from, ulong to)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, to);
        List<Digest> proof = [];
        if (from == 0)
            return [];
        ulong start = 0, end = to;
        while (from != end)
        {
            ulong middle = start + Split(end - start);
            (ulong From, ulong To) sibling = from <= middle ? (middle, end) : (start, middle);
            (start, end) = from <= middle ? (start, middle) : (middle, end);
            proof.Add(Range(sibling.From, sibling.To));
        }

        // The node that ends the earlier tree; known to the verifier if it is that whole tree.
        if (start != 0)
            proof.Add(Range(start, end));
        proof.Reverse();
        return [.. proof];
    }

    /// <summary>MTH(D[start:end]); start is a multiple of the largest power of two in the length.</summary>
    private Digest Range(ulong start, ulong end)
    {
        ulong length = end - start;
        if (BitOperations.IsPow2(length))
        {
            int height = BitOperations.Log2(length);
            return hashes.Read(height, start >> height);
        }

        ulong middle = start + Split(length);
        return MerkleHash.Node(Range(start, middle), Range(middle, end));
    }

    /// <summary>k: the largest power of two smaller than the length, which is at least 2.</summary>
    private static ulong Split(ulong length) => 1UL << BitOperations.Log2(length - 1);
}
