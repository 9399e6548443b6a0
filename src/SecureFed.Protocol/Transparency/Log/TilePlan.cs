namespace SecureFed.Protocol.Transparency.Log;

/// <summary>Which files a log gains when it grows.</summary>
public static class TilePlan
{
    /// <summary>Every file that the tree of the larger size needs and that of the smaller one did not have, in the order to write them.</summary>
    /// <remarks>
    /// Bundles come before tiles and lower tiles before higher ones, so that after a crash no hash stands without what it was computed from. A grown
    /// partial file is a new file beside the old one. Nothing in between is listed: partial files are needed only for sizes that get a checkpoint.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="from"/> is larger than <paramref name="to"/>.</exception>
    public static IEnumerable<TilePath> Between(ulong from, ulong to)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, to);
        return Enumerate(from, to);
    }

    private static IEnumerable<TilePath> Enumerate(ulong from, ulong to)
    {
        if (from == to)
            yield break;
        for (ulong index = from / TilePath.FullWidth; index * TilePath.FullWidth < to; index++)
            yield return TilePath.EntriesOf(to, index);
        for (int level = 0; TilePath.HashesAt(level, from) < TilePath.HashesAt(level, to); level++)
        {
            for (ulong index = TilePath.HashesAt(level, from) / TilePath.FullWidth; index * TilePath.FullWidth < TilePath.HashesAt(level, to); index++)
                yield return TilePath.HashesOf(to, level, index);
        }
    }
}
