using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace SecureFed.Service.Tests.Canary;

/// <summary>Everything that another process holds in memory, read through /proc while it is stopped.</summary>
internal static class ProcessMemory
{
    private const int ChunkBytes = 1 << 22;

    /// <summary>Searches heaps, stacks, anonymous and writable mappings; not the code of libraries.</summary>
    /// <returns>What was found and how many bytes were read, or null with the reason why memory cannot be read here.</returns>
    public static (IReadOnlySet<string> Found, long Bytes)? TrySearch(Process process, NeedleSearch needles, out string reason)
    {
        reason = "";
        string maps = $"/proc/{process.Id}/maps";
        if (!OperatingSystem.IsLinux() || !File.Exists(maps))
        {
            reason = "There is no /proc on this system.";
            return null;
        }

        Signal(process, "STOP");
        try
        {
            using SafeFileHandle memory = File.OpenHandle($"/proc/{process.Id}/mem");
            return Search(memory, File.ReadAllLines(maps), needles);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            reason = $"The memory of another process may not be read here: {exception.Message}";
            return null;
        }
        finally
        {
            Signal(process, "CONT");
        }
    }

    private static (IReadOnlySet<string> Found, long Bytes) Search(SafeFileHandle memory, string[] maps, NeedleSearch needles)
    {
        HashSet<string> found = new(StringComparer.Ordinal);
        byte[] buffer = new byte[ChunkBytes + needles.Longest];
        long total = 0;
        foreach ((long start, long end) in maps.Select(Parse).OfType<(long, long)>())
        {
            // Chunks overlap, so that no needle is cut.
            for (long at = start; at < end; at += ChunkBytes)
            {
                int read = Read(memory, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                found.UnionWith(needles.Find(buffer.AsSpan(0, read)));
                total += Math.Min(read, ChunkBytes);
            }
        }

        // A process whose heap cannot be read would look clean.
        return total > 1 << 20 ? (found, total) : throw new IOException($"Only {total} bytes could be read.");
    }

    private static int Read(SafeFileHandle memory, Span<byte> buffer, long address)
    {
        int read = 0;
        try
        {
            while (read < buffer.Length && RandomAccess.Read(memory, buffer[read..], address + read) is > 0 and int more)
                read += more;
        }
        catch (IOException) when (read > 0 || buffer.Length > 0)
        {
            // A guard page or a device mapping: what came before it counts.
        }

        return read;
    }

    /// <summary>One line of maps: <c>start-end perms offset device inode path</c>.</summary>
    private static (long Start, long End)? Parse(string line)
    {
        string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        string path = fields.Length > 5 ? fields[5].Trim() : "";
        bool isLibrary = path.StartsWith('/') && !path.StartsWith("/memfd", StringComparison.Ordinal) && !path.EndsWith("(deleted)", StringComparison.Ordinal);
        bool isWanted = fields[1][0] == 'r' && (!isLibrary || fields[1][1] == 'w') && !path.StartsWith("[v", StringComparison.Ordinal);
        if (!isWanted)
            return null;
        string[] range = fields[0].Split('-');
        return (long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), long.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    private static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
