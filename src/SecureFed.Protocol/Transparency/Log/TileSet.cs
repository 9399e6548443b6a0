using System.Buffers;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The growing end of a log: takes entries, gives the root and the files that hold them.</summary>
/// <remarks>
/// Holds the partial tiles and the partial bundle of the right edge (at most 64 KiB of hashes) and whatever is full but not yet taken. The caller
/// writes what <see cref="TakeFiles"/> gives, in that order, durably, before it signs a checkpoint of this size. Not thread safe: one writer per log.
/// </remarks>
public sealed class TileSet
{
    private readonly ArrayBufferWriter<byte>[] edge = [.. Enumerable.Range(0, TilePath.Levels).Select(_ => new ArrayBufferWriter<byte>())];
    private readonly ArrayBufferWriter<byte> bundle = new();
    private readonly Dictionary<TilePath, byte[]> finished = [];
    private readonly MerkleFrontier frontier;
    private ulong taken;

    /// <summary>An empty log.</summary>
    public TileSet() => frontier = new MerkleFrontier();

    private TileSet(MerkleFrontier frontier)
    {
        this.frontier = frontier;
        taken = frontier.Size;
    }

    /// <summary>Entries so far.</summary>
    public ulong Size => frontier.Size;

    /// <summary>Root over them.</summary>
    public Digest Root => frontier.Root;

    /// <summary>Continues a stored log.</summary>
    /// <remarks>Reads the files of the right edge only. Whether they are genuine is for the caller to find out: compare <see cref="Root"/> with the
    /// checkpoint that was signed, and verify the whole log where tampering is to be feared.</remarks>
    /// <exception cref="InvalidDataException">A file of the right edge is missing or malformed.</exception>
    public static TileSet Open(ILogSource source, ulong size)
    {
        LogEdge stored = LogEdge.Read(source, size, out TilePath missing)
            ?? throw new InvalidDataException($"{missing} is missing or does not hold {missing.Width} hashes; verify the log and restore the file from a copy.");
        TileSet tiles = new(stored.Frontier());
        foreach ((TilePath path, ReadOnlyMemory<byte> hashes) in stored.Tiles)
            tiles.edge[path.Level].Write(hashes.Span);
        if (size % TilePath.FullWidth != 0)
        {
            TilePath last = TilePath.EntriesOf(size, size / TilePath.FullWidth);
            ReadOnlyMemory<byte>[] entries = source.ReadBundle(last)
                ?? throw new InvalidDataException($"{last} is missing or does not hold {last.Width} entries; verify the log and restore the file from a copy.");
            foreach (ReadOnlyMemory<byte> entry in entries)
                EntryBundle.Append(tiles.bundle, entry.Span);
        }

        return tiles;
    }

    /// <summary>Appends an entry; returns its index.</summary>
    /// <exception cref="ArgumentException">The entry is longer than 65,535 bytes; nothing has changed.</exception>
    public ulong Append(ReadOnlySpan<byte> entry)
    {
        ulong index = Size;
        EntryBundle.Append(bundle, entry);
        Span<Digest> completed = stackalloc Digest[TilePath.Levels];
        int levels = frontier.Append(MerkleHash.Leaf(entry), completed);
        if (Size % TilePath.FullWidth == 0)
            Finish(TilePath.Entries(index / TilePath.FullWidth), bundle);
        for (int level = 0; level < levels; level++)
        {
            ArrayBufferWriter<byte> tile = edge[level];
            completed[level].CopyTo(tile.GetSpan(Digest.Bytes));
            tile.Advance(Digest.Bytes);
            if (tile.WrittenCount == TilePath.FullWidth * Digest.Bytes)
                Finish(TilePath.Hashes(level, (TilePath.HashesAt(level, Size) - 1) / TilePath.FullWidth), tile);
        }

        return index;
    }

    /// <summary>The files that are new or grown since the last call (<see cref="TilePlan.Between"/>), in the order to write them.</summary>
    public IReadOnlyList<LogFile> TakeFiles()
    {
        LogFile[] files = [.. TilePlan.Between(taken, Size).Select(path => new LogFile(path, path.IsPartial ? Partial(path) : finished[path]))];
        finished.Clear();
        taken = Size;
        return files;
    }

    private byte[] Partial(TilePath path) => (path.IsEntryBundle ? bundle : edge[path.Level]).WrittenSpan.ToArray();

    private void Finish(TilePath path, ArrayBufferWriter<byte> content)
    {
        finished[path] = content.WrittenSpan.ToArray();
        content.ResetWrittenCount();
    }
}
