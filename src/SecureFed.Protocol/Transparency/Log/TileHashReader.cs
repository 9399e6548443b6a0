using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Hashes out of a log's tiles.</summary>
/// <remarks>
/// A tile keeps every eighth level; those between are hashed again, at most 255 node hashes. A partial tile that the log has already replaced is read from
/// the full one.
/// </remarks>
/// <param name="source">The log's files; asked again for every hash.</param>
/// <param name="size">Size of the tree, which decides how wide the last tiles are.</param>
public sealed class TileHashReader(ILogSource source, ulong size) : IHashReader
{
    /// <exception cref="InvalidDataException">A tile is missing or has another length than its name says.</exception>
    public Digest Read(int height, ulong index)
    {
        int level = height / TilePath.Height;
        int width = 1 << (height % TilePath.Height);
        ulong first = index * (ulong)width;
        TilePath path = TilePath.HashesOf(size, level, first / TilePath.FullWidth);
        ReadOnlyMemory<byte> tile = source.ReadTile(path)
            ?? throw new InvalidDataException($"{path} is missing or does not hold {path.Width} hashes; verify the log and restore the file from a copy.");
        return MerkleHash.Perfect(tile.Span.Slice((int)(first % TilePath.FullWidth) * Digest.Bytes, width * Digest.Bytes));
    }
}
