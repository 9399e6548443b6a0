using System.Buffers.Binary;

namespace SecureFed.Service.Tests.Canary;

/// <summary>Finds any of thousands of byte strings at any offset.</summary>
internal sealed class NeedleSearch
{
    private const int PrefixBytes = 8;
    private readonly Dictionary<ulong, List<(string Name, byte[] Bytes)>> byPrefix = [];

    // Nearly every offset is dismissed here, without hashing.
    private readonly bool[] starts = new bool[1 << 16];

    /// <param name="needles">At least eight bytes each.</param>
    public NeedleSearch(IEnumerable<(string Name, byte[] Bytes)> needles)
    {
        foreach ((string name, byte[] bytes) in needles)
        {
            ulong prefix = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            Assert.NotEqual(0UL, prefix); // Find() skips zeros.
            starts[(int)(prefix & 0xffff)] = true;
            if (!byPrefix.TryGetValue(prefix, out List<(string, byte[])>? same))
                byPrefix[prefix] = same = [];
            same.Add((name, bytes));
            Longest = Math.Max(Longest, bytes.Length);
            Count++;
        }
    }

    public int Count { get; }

    public int Longest { get; }

    /// <summary>Names of what was found.</summary>
    public IReadOnlySet<string> Find(ReadOnlySpan<byte> haystack)
    {
        HashSet<string> found = new(StringComparer.Ordinal);
        for (int at = 0; at + PrefixBytes <= haystack.Length; at++)
        {
            // No needle starts with eight zeros, and most memory is zero.
            if (haystack[at] == 0)
            {
                int next = haystack[at..].IndexOfAnyExcept((byte)0);
                if (next < 0)
                    break;
                // A needle may start with up to seven zeros.
                at = Math.Max(at, at + next - PrefixBytes);
                if (at + PrefixBytes > haystack.Length)
                    break;
            }

            if (!starts[BinaryPrimitives.ReadUInt16LittleEndian(haystack[at..])] || !byPrefix.TryGetValue(BinaryPrimitives.ReadUInt64LittleEndian(haystack[at..]), out List<(string Name, byte[] Bytes)>? candidates))
                continue;
            foreach ((string name, byte[] bytes) in candidates)
            {
                if (haystack[at..].StartsWith(bytes))
                    found.Add(name);
            }
        }

        return found;
    }
}
