using System.Globalization;
using System.Text;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Names a file of a log: a tile of hashes or a bundle of entries.</summary>
/// <remarks>C2SP tlog-tiles: <c>tile/L/N[.p/W]</c> and <c>tile/entries/N[.p/W]</c>, N in groups of three digits of which all but the last begin with x.</remarks>
public readonly record struct TilePath
{
    /// <summary>Levels of the tree in one tile.</summary>
    public const int Height = 8;

    /// <summary>Hashes in a full tile, entries in a full bundle.</summary>
    public const int FullWidth = 1 << Height;

    /// <summary>Tile levels that a tree of less than 2^63 entries can have.</summary>
    public const int Levels = 8;

    private const string Prefix = "tile/";
    private const string EntriesPrefix = "tile/entries/";
    private const int GreatestLevel = 63;
    private const ulong GreatestIndex = 1UL << 56;

    // At most six groups are needed; longer ones are not worth reading.
    private const int GreatestLength = 64;

    private TilePath(bool isEntryBundle, int level, ulong index, int width)
    {
        IsEntryBundle = isEntryBundle;
        Level = level;
        Index = index;
        Width = width;
    }

    /// <summary>Whether the file holds entries, not hashes.</summary>
    public bool IsEntryBundle { get; }

    /// <summary>0 for leaf hashes and entries; a hash at level l stands for 256^l entries.</summary>
    public int Level { get; }

    /// <summary>Place within the level.</summary>
    public ulong Index { get; }

    /// <summary>Hashes or entries in the file, 1 to 256.</summary>
    public int Width { get; }

    public bool IsPartial => Width < FullWidth;

    /// <summary>Index of the first hash of the tile within its level; for a bundle, of its first entry.</summary>
    public ulong Start => Index * FullWidth;

    /// <summary>The full file in the same place.</summary>
    public TilePath Full => new(IsEntryBundle, Level, Index, FullWidth);

    /// <exception cref="ArgumentOutOfRangeException">Level above 63, index above 2^56, or a width other than 1 to 256.</exception>
    public static TilePath Hashes(int level, ulong index, int width = FullWidth)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, GreatestLevel);
        return Checked(new TilePath(false, level, index, width));
    }

    /// <exception cref="ArgumentOutOfRangeException">Index above 2^56, or a width other than 1 to 256.</exception>
    public static TilePath Entries(ulong index, int width = FullWidth) => Checked(new TilePath(true, 0, index, width));

    /// <summary>Hashes at a level of a tree.</summary>
    public static ulong HashesAt(int level, ulong size) => level < Levels ? size >> (Height * level) : 0;

    /// <summary>The tile in that place of a tree, full or partial.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tree has no such tile.</exception>
    public static TilePath HashesOf(ulong size, int level, ulong index) => Hashes(level, index, WidthOf(HashesAt(level, size), index));

    /// <summary>The bundle in that place of a log, full or partial.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The log has no such bundle.</exception>
    public static TilePath EntriesOf(ulong size, ulong index) => Entries(index, WidthOf(size, index));

    /// <summary>Reads exactly what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? text, out TilePath path)
    {
        path = default;
        if (text is not { Length: <= GreatestLength } || !text.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        string[] parts = text[Prefix.Length..].Split('/');
        bool isEntryBundle = string.Equals(parts[0], "entries", StringComparison.Ordinal);
        int level = 0;
        if (!isEntryBundle && !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out level))
            return false;
        int width = FullWidth;
        int groups = parts.Length - 1;
        if (groups >= 2 && parts[^2].EndsWith(".p", StringComparison.Ordinal))
        {
            if (!int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out width) || width >= FullWidth)
                return false;
            parts[^2] = parts[^2][..^2];
            groups--;
        }

        StringBuilder digits = new();
        for (int i = 1; i <= groups; i++)
            digits.Append(i < groups && parts[i].StartsWith('x') ? parts[i].AsSpan(1) : parts[i]);
        if (!ulong.TryParse(digits.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong index)
            || level > GreatestLevel || index > GreatestIndex || width == 0)
            return false;

        // One text for one path: zeros, signs and groups of another length do not come back.
        path = new TilePath(isEntryBundle, level, index, width);
        return string.Equals(path.ToString(), text, StringComparison.Ordinal);
    }

    /// <summary>The path below the log's prefix.</summary>
    public override string ToString()
    {
        string number = Index.ToString(CultureInfo.InvariantCulture);
        number = number.PadLeft((number.Length + 2) / 3 * 3, '0');
        StringBuilder text = new(IsEntryBundle ? EntriesPrefix : string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Level}/"));
        for (int i = 0; i < number.Length; i += 3)
            text.Append(i + 3 < number.Length ? "x" : "").Append(number, i, 3).Append(i + 3 < number.Length ? "/" : "");
        if (IsPartial)
            text.Append(CultureInfo.InvariantCulture, $".p/{Width}");
        return text.ToString();
    }

    private static TilePath Checked(TilePath path)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(path.Index, GreatestIndex);
        ArgumentOutOfRangeException.ThrowIfLessThan(path.Width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(path.Width, FullWidth);
        return path;
    }

    private static int WidthOf(ulong hashes, ulong index) =>
        index > hashes / FullWidth ? 0 : (int)Math.Min(FullWidth, hashes - index * FullWidth);
}
