using System.Numerics;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The right edge of a growing Merkle tree: enough to append and to know the root, without the entries.</summary>
/// <remarks>
/// RFC 6962, section 2.1. A tree of n entries is a row of perfect subtrees, one for each bit of n, the largest first; appending adds one to n and merges
/// subtrees as the carry goes. One node hash per entry on average, at most 63; nothing is allocated.
/// </remarks>
public sealed class MerkleFrontier
{
    // By height: the subtree of 2^h entries, meaningful where bit h of the size is set.
    private readonly Digest[] subtrees = new Digest[64];

    /// <summary>An empty tree.</summary>
    public MerkleFrontier()
    {
    }

    /// <param name="size">Entries in the tree.</param>
    /// <param name="rightEdge">What <see cref="RightEdge"/> gave: one hash for each bit of <paramref name="size"/> that is set.</param>
    /// <exception cref="ArgumentException">Another number of hashes, or a size above <see cref="Checkpoint.GreatestSize"/>.</exception>
    public MerkleFrontier(ulong size, ReadOnlySpan<Digest> rightEdge)
    {
        if (size > Checkpoint.GreatestSize || rightEdge.Length != BitOperations.PopCount(size))
            throw new ArgumentException($"A tree of {size} entries has {BitOperations.PopCount(size)} subtrees on its right edge, not {rightEdge.Length}.", nameof(rightEdge));
        Size = size;
        int next = 0;
        for (int height = 63; height >= 0; height--)
        {
            if (IsSet(height))
                subtrees[height] = rightEdge[next++];
        }
    }

    /// <summary>Entries so far.</summary>
    public ulong Size { get; private set; }

    /// <summary>The root over all entries so far.</summary>
    public Digest Root
    {
        get
        {
            if (Size == 0)
                return MerkleHash.Empty;
            int lowest = BitOperations.TrailingZeroCount(Size);
            Digest root = subtrees[lowest];
            for (int height = lowest + 1; height < 64; height++)
            {
                if (IsSet(height))
                    root = MerkleHash.Node(subtrees[height], root);
            }

            return root;
        }
    }

    /// <summary>The perfect subtrees, the largest and leftmost first.</summary>
    public Digest[] RightEdge() => [.. Enumerable.Range(0, 64).Reverse().Where(IsSet).Select(height => subtrees[height])];

    /// <param name="leaf">Hash of the entry (<see cref="MerkleHash.Leaf"/>).</param>
    public void Append(Digest leaf)
    {
        Span<Digest> completed = stackalloc Digest[TilePath.Levels];
        Append(leaf, completed);
    }

    /// <summary>Appends and tells which whole tiles the entry completed.</summary>
    /// <param name="leaf">Hash of the entry.</param>
    /// <param name="completed">Place l receives the root of the subtree of 256^l entries that ends with this one; place 0 is the leaf itself.</param>
    /// <returns>How many places were filled.</returns>
    internal int Append(Digest leaf, Span<Digest> completed)
    {
        if (Size >= Checkpoint.GreatestSize)
            throw new InvalidOperationException("The log is full.");
        Digest carry = leaf;
        int count = 0;
        int height = 0;
        while (true)
        {
            if (height % TilePath.Height == 0)
                completed[count++] = carry;
            if (!IsSet(height))
                break;
            carry = MerkleHash.Node(subtrees[height++], carry);
        }

        subtrees[height] = carry;
        Size++;
        return count;
    }

    private bool IsSet(int height) => (Size >> height & 1) == 1;
}
