using System.Buffers;
using System.Diagnostics;
using System.Numerics;
using System.Security.Cryptography;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The hashes of the Merkle tree: SHA-256 with one prefix for leaves and another for nodes.</summary>
/// <remarks>RFC 6962, section 2.1. The prefixes keep a node from being shown as an entry.</remarks>
public static class MerkleHash
{
    private const byte LeafPrefix = 0x00;
    private const byte NodePrefix = 0x01;
    private const int StackBytes = 1024;

    /// <summary>The root of a tree without entries: SHA-256 of nothing.</summary>
    public static Digest Empty { get; } = Digest.Of([]);

    /// <summary>SHA-256(0x00 ‖ entry).</summary>
    public static Digest Leaf(ReadOnlySpan<byte> entry)
    {
        int bytes = entry.Length + 1;
        byte[]? rented = bytes > StackBytes ? ArrayPool<byte>.Shared.Rent(bytes) : null;
        Span<byte> input = rented is null ? stackalloc byte[StackBytes] : rented;
        input[0] = LeafPrefix;
        entry.CopyTo(input[1..]);
        Digest leaf = Digest.Of(input[..bytes]);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return leaf;
    }

    /// <summary>SHA-256(0x01 ‖ left ‖ right).</summary>
    public static Digest Node(Digest left, Digest right)
    {
        Span<byte> input = stackalloc byte[1 + 2 * Digest.Bytes];
        input[0] = NodePrefix;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + Digest.Bytes)..]);
        return Digest.Of(input);
    }

    /// <summary>The root over the hashes of 2^k subtrees of one height.</summary>
    /// <param name="hashes">2^k hashes, k at most 8, one after the other.</param>
    internal static Digest Perfect(ReadOnlySpan<byte> hashes)
    {
        int count = hashes.Length / Digest.Bytes;
        if (!BitOperations.IsPow2(count) || count > TilePath.FullWidth || hashes.Length % Digest.Bytes != 0)
            throw new UnreachableException("A tile holds at most 256 hashes and a subtree of it a power of two.");
        Span<byte> level = stackalloc byte[TilePath.FullWidth * Digest.Bytes];
        Span<byte> input = stackalloc byte[1 + 2 * Digest.Bytes];
        input[0] = NodePrefix;
        hashes.CopyTo(level);
        for (; count > 1; count /= 2)
        {
            for (int i = 0; i < count / 2; i++)
            {
                level.Slice(2 * i * Digest.Bytes, 2 * Digest.Bytes).CopyTo(input[1..]);
                SHA256.HashData(input, level[(i * Digest.Bytes)..]);
            }
        }

        return new Digest(level[..Digest.Bytes]);
    }
}
