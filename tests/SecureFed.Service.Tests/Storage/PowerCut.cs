namespace SecureFed.Service.Tests.Storage;

/// <summary>What a power cut may leave of the operations that were not flushed yet.</summary>
public enum Remains
{
    Nothing,
    Everything,
    ContentsOnly,
    NamesOnly,

    /// <summary>Each operation or not, in any combination; of a write any of its sectors.</summary>
    Random,
}

/// <summary>A disk on which an operation is certain only after the flush of its file (contents) or of its directory (names).</summary>
/// <remarks>
/// The model of Pillai et al. 2014, "All File Systems Are Not Created Equal" (ALICE), section 3: unflushed operations persist in any order, writes in parts. A flush
/// that fails drops what was written, as ext4 and XFS do (Rebello et al. 2020, "Can Applications Recover from fsync Failures?", section 3.3). Names are not dropped: a journal
/// that cannot be written stops such a file system altogether.
/// </remarks>
internal static class PowerCut
{
    private const int SectorBytes = 512;

    /// <summary>Puts the disk as it may be after the first operations into a directory.</summary>
    /// <param name="operations">All that were recorded.</param>
    /// <param name="count">How many had been made.</param>
    /// <param name="source">Recorded paths lie below this directory.</param>
    /// <param name="target">Empty; stands for it.</param>
    /// <param name="remains">Fate of what was not flushed.</param>
    /// <param name="seed">For <see cref="Remains.Random"/>.</param>
    public static void Restore(IReadOnlyList<DiskOperation> operations, int count, string source, string target, Remains remains, int seed)
    {
        bool[] isDurable = FindDurable(operations, count);
        Random random = new(seed);
        Dictionary<string, List<byte>> names = [];
        HashSet<string> directories = [source];
        Dictionary<int, List<byte>> contents = []; // By the operation that created the file, which may never have got its name.
        int[] creators = FindCreators(operations, count);
        for (int i = 0; i < count; i++)
        {
            DiskOperation operation = operations[i];
            List<byte> content = ContentOf(contents, creators[i]);
            bool isName = operation.Kind is not ("Write" or "Truncate" or "Flush" or "FlushFailed");
            bool persists = isDurable[i] || remains switch
            {
                Remains.Nothing => false,
                Remains.Everything => true,
                Remains.ContentsOnly => !isName,
                Remains.NamesOnly => isName,
                _ => random.Next(2) == 0,
            };
            if (!persists)
                continue;
            Apply(operation, content, names, directories, isDurable[i] || remains != Remains.Random ? null : random);
        }

        foreach (string directory in directories.Where(d => IsReachable(d, directories)).OrderBy(d => d.Length))
            Directory.CreateDirectory(target + directory[source.Length..]);
        foreach ((string name, List<byte> content) in names.Where(n => IsReachable(Path.GetDirectoryName(n.Key)!, directories)))
            File.WriteAllBytes(target + name[source.Length..], [.. content]);

        bool IsReachable(string directory, HashSet<string> existing) =>
            directory == source || (existing.Contains(directory) && IsReachable(Path.GetDirectoryName(directory)!, existing));
    }

    private static List<byte> ContentOf(Dictionary<int, List<byte>> contents, int creator) =>
        contents.TryGetValue(creator, out List<byte>? content) ? content : contents[creator] = [];

    private static void Apply(DiskOperation operation, List<byte> content, Dictionary<string, List<byte>> names, HashSet<string> directories, Random? parts)
    {
        switch (operation.Kind)
        {
            case "Open" or "OpenEmptied":
                names[operation.Path] = content;
                if (operation.Kind == "OpenEmptied")
                    content.Clear();
                break;
            case "Write":
                Resize(content, Math.Max(content.Count, (int)operation.Offset + operation.Bytes!.Length));
                for (int i = 0; i < operation.Bytes.Length; i += SectorBytes)
                {
                    for (int k = i; (parts is null || parts.Next(2) == 0) && k < Math.Min(i + SectorBytes, operation.Bytes.Length); k++)
                        content[(int)operation.Offset + k] = operation.Bytes[k];
                }

                break;
            case "Truncate":
                Resize(content, (int)operation.Offset);
                break;
            case "CreateDirectory":
                directories.Add(operation.Path);
                break;
            case "Rename":
                names.Remove(operation.Path);
                names[operation.To!] = content;
                break;
            case "Delete":
                names.Remove(operation.Path);
                break;
        }
    }

    private static void Resize(List<byte> content, int length)
    {
        if (content.Count > length)
            content.RemoveRange(length, content.Count - length);
        else
            content.AddRange(new byte[length - content.Count]);
    }

    /// <summary>For each operation on a file, the one that created it (-1: a directory's).</summary>
    private static int[] FindCreators(IReadOnlyList<DiskOperation> operations, int count)
    {
        Dictionary<string, int> current = [];
        int[] creators = new int[count];
        for (int i = 0; i < count; i++)
        {
            DiskOperation operation = operations[i];
            if (operation.Kind is "Open" or "OpenEmptied")
                current.TryAdd(operation.Path, i);
            creators[i] = current.GetValueOrDefault(operation.Path, -1);
            if (operation.Kind is ("Rename" or "Delete") && current.Remove(operation.Path, out int creator) && operation.To is { } to)
                current[to] = creator;
        }

        return creators;
    }

    /// <summary>A flush that failed has dropped the writes it was to make durable: they are read back from memory, and later flushes pass them over.</summary>
    private static bool[] FindDurable(IReadOnlyList<DiskOperation> operations, int count)
    {
        bool[] isDurable = new bool[count];
        bool[] isDropped = new bool[count];
        int[] creators = FindCreators(operations, count);
        for (int i = 0; i < count; i++)
        {
            for (int k = 0; operations[i].Kind == "FlushFailed" && k < i; k++)
                isDropped[k] |= operations[k].Kind == "Write" && creators[k] == creators[i];
            for (int k = 0; operations[i].Kind is ("Flush" or "FlushDirectory") && k < i; k++)
            {
                bool isContent = operations[k].Kind is "Write" or "Truncate" or "OpenEmptied";
                bool isFlushed = operations[i].Kind == "Flush"
                    ? isContent && operations[k].Kind != "OpenEmptied" && creators[k] == creators[i]
                    : operations[k].Kind is not ("Write" or "Truncate") && Path.GetDirectoryName(operations[k].Path) == operations[i].Path;
                isDurable[k] |= isFlushed && !isDropped[k];
            }
        }

        return isDurable;
    }
}
