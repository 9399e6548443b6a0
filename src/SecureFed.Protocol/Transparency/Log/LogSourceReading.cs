using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Tiles and bundles of a source, checked for their length only.</summary>
internal static class LogSourceReading
{
    /// <summary>The hashes of a tile, or null if it is missing or malformed.</summary>
    /// <remarks>A log may delete a partial tile once the full one exists (C2SP tlog-tiles, "Partial Tiles"), whose first hashes are the same.</remarks>
    public static ReadOnlyMemory<byte>? ReadTile(this ILogSource source, TilePath path)
    {
        if (source.Read(path.ToString()) is { } exact)
            return exact.Length == path.Width * Digest.Bytes ? exact.AsMemory() : default(ReadOnlyMemory<byte>?);
        if (path.IsPartial && source.Read(path.Full.ToString()) is { Length: TilePath.FullWidth * Digest.Bytes } full)
            return full.AsMemory(0, path.Width * Digest.Bytes);
        return null;
    }

    /// <summary>The entries of a bundle, or null if it is missing or malformed.</summary>
    public static ReadOnlyMemory<byte>[]? ReadBundle(this ILogSource source, TilePath path)
    {
        if (source.Read(path.ToString()) is { } exact)
            return EntryBundle.TryDecode(exact, path.Width, out ReadOnlyMemory<byte>[] entries) ? entries : null;
        ReadOnlyMemory<byte> full = path.IsPartial ? source.Read(path.Full.ToString()) : null;
        return !full.IsEmpty && EntryBundle.TryTake(ref full, path.Width, out ReadOnlyMemory<byte>[] first) ? first : null;
    }

    /// <summary>The hash in one place of a tile.</summary>
    public static Digest HashAt(this ReadOnlyMemory<byte> tile, int place) => new(tile.Span.Slice(place * Digest.Bytes, Digest.Bytes));
}
