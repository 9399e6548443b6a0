using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The partial tiles of a tree: together they decide its root.</summary>
/// <remarks>A tree of size s has at level l a partial tile of ⌊s / 256^l⌋ mod 256 hashes; the perfect subtrees of the right edge are those of its bits.</remarks>
internal sealed class LogEdge
{
    private readonly ulong size;

    private LogEdge(ulong size, IReadOnlyList<(TilePath Path, ReadOnlyMemory<byte> Hashes)> tiles)
    {
        this.size = size;
        Tiles = tiles;
    }

    /// <summary>The highest level, which holds the oldest entries, first.</summary>
    public IReadOnlyList<(TilePath Path, ReadOnlyMemory<byte> Hashes)> Tiles { get; }

    /// <returns>Null, and the tile that was not to be read, if one is missing or malformed.</returns>
    public static LogEdge? Read(ILogSource source, ulong size, out TilePath missing)
    {
        missing = default;
        List<(TilePath, ReadOnlyMemory<byte>)> tiles = [];
        for (int level = TilePath.Levels - 1; level >= 0; level--)
        {
            ulong hashes = TilePath.HashesAt(level, size);
            if (hashes % TilePath.FullWidth == 0)
                continue;
            missing = TilePath.HashesOf(size, level, hashes / TilePath.FullWidth);
            if (source.ReadTile(missing) is not { } tile)
                return null;
            tiles.Add((missing, tile));
        }

        return new LogEdge(size, tiles);
    }

    public MerkleFrontier Frontier()
    {
        List<Digest> subtrees = [];
        foreach ((TilePath path, ReadOnlyMemory<byte> hashes) in Tiles)
        {
            int place = 0;
            for (int width = TilePath.FullWidth / 2; width > 0; width /= 2)
            {
                if ((path.Width & width) == 0)
                    continue;
                subtrees.Add(MerkleHash.Perfect(hashes.Span.Slice(place * Digest.Bytes, width * Digest.Bytes)));
                place += width;
            }
        }

        return new MerkleFrontier(size, [.. subtrees]);
    }
}
