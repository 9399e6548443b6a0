using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Protocol.Tests.Transparency.Log;

public sealed class TilePathTests
{
    [Theory]
    [InlineData("tile/0/000", false, 0, 0, 256)]
    [InlineData("tile/1/x001/x234/067", false, 1, 1_234_067, 256)]
    [InlineData("tile/63/999.p/255", false, 63, 999, 255)]
    [InlineData("tile/2/x001/000.p/1", false, 2, 1000, 1)]
    [InlineData("tile/entries/000.p/7", true, 0, 0, 7)]
    [InlineData("tile/entries/x001/x234/067", true, 0, 1_234_067, 256)]
    public void Paths_are_written_and_read_as_the_specification_shows(string text, bool isEntries, int level, int index, int width)
    {
        TilePath path = isEntries ? TilePath.Entries((ulong)index, width) : TilePath.Hashes(level, (ulong)index, width);
        Assert.Equal(text, path.ToString());
        Assert.True(TilePath.TryParse(text, out TilePath read));
        Assert.Equal(path, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tile")]
    [InlineData("tile/0")]
    [InlineData("tile/0/")]
    [InlineData("tile//000")]
    [InlineData("/tile/0/000")]
    [InlineData("tile/0/000/")]
    [InlineData("tile/00/000")]
    [InlineData("tile/64/000")]
    [InlineData("tile/-1/000")]
    [InlineData("tile/+1/000")]
    [InlineData("tile/0/00")]
    [InlineData("tile/0/0000")]
    [InlineData("tile/0/x000/001")]
    [InlineData("tile/0/x001")]
    [InlineData("tile/0/001/002")]
    [InlineData("tile/0/x001/x002")]
    [InlineData("tile/0/xx01/002")]
    [InlineData("tile/0/000.p")]
    [InlineData("tile/0/000.p/")]
    [InlineData("tile/0/000.p/0")]
    [InlineData("tile/0/000.p/01")]
    [InlineData("tile/0/000.p/256")]
    [InlineData("tile/0/000.p/-1")]
    [InlineData("tile/0/000.p/1/1")]
    [InlineData("tile/0/000.q/1")]
    [InlineData("tile/0/../000")]
    [InlineData("tile/0/ 00")]
    [InlineData("tile/0/٠٠٠")]
    [InlineData("tile/entries/0/000")]
    [InlineData("tile/Entries/000")]
    [InlineData("tile/8/0/000")]
    [InlineData("tile/0/x999/x999/x999/x999/x999/x999/999")]
    public void Everything_else_is_refused(string text) => Assert.False(TilePath.TryParse(text, out _));

    [Fact]
    public void A_tree_of_70000_entries_has_the_tiles_that_the_specification_lists()
    {
        TilePath[] paths = [.. TilePlan.Between(0, 70_000)];
        int Count(int level, bool isPartial) => paths.Count(p => !p.IsEntryBundle && p.Level == level && p.IsPartial == isPartial);
        Assert.Equal((273, 1), (Count(0, false), Count(0, true)));
        Assert.Equal((1, 1), (Count(1, false), Count(1, true)));
        Assert.Equal((0, 1), (Count(2, false), Count(2, true)));
        Assert.Equal(["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"], paths.Where(p => p.IsPartial && !p.IsEntryBundle).Select(p => p.ToString()));
        Assert.Equal(274, paths.Count(p => p.IsEntryBundle));
        Assert.Equal(["tile/entries/000", "tile/0/000", "tile/1/000.p/1"], TilePlan.Between(0, 256).Select(p => p.ToString()));
    }

    [Fact]
    public void Growth_lists_only_what_is_new_and_bundles_first()
    {
        Assert.Empty(TilePlan.Between(70_000, 70_000));
        Assert.Equal(["tile/entries/000.p/3", "tile/0/000.p/3"], TilePlan.Between(1, 3).Select(p => p.ToString()));
        Assert.Equal(
            ["tile/entries/000", "tile/entries/001.p/1", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"], TilePlan.Between(255, 257).Select(p => p.ToString()));
        Assert.Equal(["tile/entries/001.p/2", "tile/0/001.p/2"], TilePlan.Between(257, 258).Select(p => p.ToString()));
        Assert.Throws<ArgumentOutOfRangeException>(() => TilePlan.Between(2, 1));
    }

    [Fact]
    public void A_log_grown_in_steps_and_reopened_at_each_has_the_files_of_one_grown_at_once()
    {
        MemoryLog whole = MemoryLog.OfSize(1100);
        MemoryLog stepped = new();
        TileSet tiles = new();
        int written = 0;
        foreach (int size in (int[])[1, 3, 255, 256, 257, 511, 513, 768, 1024, 1100])
        {
            for (; written < size; written++)
                tiles.Append(whole.Entries[written]);
            IReadOnlyList<LogFile> files = tiles.TakeFiles();
            foreach (LogFile file in files)
                Assert.True(stepped.Files.TryAdd(file.Path.ToString(), file.Bytes.ToArray()), $"{file.Path} written twice");
            Assert.Empty(tiles.TakeFiles());
            Assert.Equal(whole.Proofs.Root((ulong)size), tiles.Root);
            tiles = TileSet.Open(stepped, (ulong)size);
            Assert.Equal(whole.Proofs.Root((ulong)size), tiles.Root);
        }

        Assert.All(whole.Files.Where(f => !f.Key.Equals("checkpoint", StringComparison.Ordinal)), file => Assert.Equal(file.Value, stepped.Files[file.Key]));
    }

    [Fact]
    public void A_log_is_not_reopened_without_its_right_edge()
    {
        foreach (string path in (string[])["tile/entries/001.p/1", "tile/0/001.p/1", "tile/1/000.p/1"])
        {
            MemoryLog log = MemoryLog.OfSize(257);
            log.Files[path] = log.Files[path][..^1];
            Assert.Contains(path, Assert.Throws<InvalidDataException>(() => TileSet.Open(log, 257)).Message, StringComparison.Ordinal);
            log.Files.Remove(path);
            Assert.Throws<InvalidDataException>(() => TileSet.Open(log, 257));
        }
    }

    [Fact]
    public void A_bundle_holds_exactly_its_entries()
    {
        byte[] longest = new byte[65_535];
        byte[] bundle = EntryBundle.Encode([new byte[] { 1, 2 }, Array.Empty<byte>(), longest]);
        Assert.Equal([0, 2, 1, 2, 0, 0, 255, 255], bundle[..8]);
        Assert.True(EntryBundle.TryDecode(bundle, 3, out ReadOnlyMemory<byte>[] entries));
        Assert.Equal([2, 0, 65_535], entries.Select(e => e.Length));
        Assert.False(EntryBundle.TryDecode(bundle, 2, out _));
        Assert.False(EntryBundle.TryDecode(bundle, 4, out _));
        Assert.False(EntryBundle.TryDecode(bundle.AsMemory(..^1), 3, out _));
        Assert.False(EntryBundle.TryDecode((byte[])[.. bundle, 0], 3, out _));
        Assert.Throws<ArgumentException>(() => EntryBundle.Encode([new byte[65_536]]));
    }
}
