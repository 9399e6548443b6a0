using System.Numerics;
using System.Runtime.Intrinsics;

namespace SecureFed.Cryptography.Sampling;

/// <summary>A short cumulative table laid out for <see cref="LimbScan"/>: entries as eight limbs of 16 bits, numbered from the most significant.</summary>
/// <remarks>
/// Held is U_j = 4·T_j − 1 instead of T_j: for r below 2^126 and any f from 0 to 3, r >= T_j exactly if 4r + f > U_j. An entry's level is the number of limbs of ones it
/// begins with; U_j rises, so levels do too, and U_j is below 2^128 − 8, so there are levels 0 to 7 only. Two conditions, checked here: at most 63 entries, and within a level
/// the limbs at that level rise strictly. The second follows from the first, which is sigma below 4.89: beyond 2^-16 each tail is less than half of the one before.
/// </remarks>
internal sealed class LimbTable
{
    /// <summary>Of 16 bits each.</summary>
    public const int Limbs = 8;

    /// <summary>Sixteen bytes four times: what two bits of an index choose between.</summary>
    public const int Quarters = 4;

    private const int LimbBits = 16;
    private const int GreatestEntries = (Quarters * 16) - 1;

    /// <summary>Signed comparison of a limb with this bit flipped is unsigned comparison of the limb.</summary>
    private const ushort Flip = 0x8000;

    private LimbTable(ushort[][] entries, int[] levels)
    {
        int[] starts = [.. Enumerable.Range(0, Limbs + 1).Select(level => levels.Count(l => l < level))];
        int[] counts = [.. Enumerable.Range(0, Limbs).Select(level => starts[level + 1] - starts[level])];
        int rows = counts[1..].Max();
        Rows = [.. Enumerable.Range(0, rows).Select(i => Row(level => i < counts[level] ? Flipped(entries[starts[level] + i][level]) : short.MaxValue))];
        Rest = [.. entries[Math.Min(rows, counts[0])..counts[0]].Select(entry => Flipped(entry[0]))];
        Bases = Row(level => (short)(level == 0 ? 0 : starts[level] - Rest.Length));
        Planes = new Vector256<byte>[Limbs * 2 * Quarters];
        for (int plane = 0; plane < Limbs * 2; plane++)
        {
            byte[] bytes = new byte[Quarters * 16];
            for (int j = 0; j < bytes.Length; j++)
            {
                ushort limb = j < entries.Length ? entries[j][Limbs - 1 - (plane / 2)] : ushort.MaxValue;
                bytes[j] = (byte)((limb ^ Flip) >> (plane % 2 * 8) & byte.MaxValue);
            }

            for (int quarter = 0; quarter < Quarters; quarter++)
            {
                Vector128<byte> half = Vector128.Create(bytes, quarter * 16);
                Planes[(plane * Quarters) + quarter] = Vector256.Create(half, half);
            }
        }
    }

    /// <summary>Element k of row i: the limb at level k of that level's entry i, flipped; the greatest if there is none. Eight levels, twice.</summary>
    public Vector256<short>[] Rows { get; }

    /// <summary>The first limbs, flipped, of level 0's entries beyond those rows: it has more than any other.</summary>
    public short[] Rest { get; }

    /// <summary>Element k: how many entries lie at levels below k, less those of <see cref="Rest"/>, which numbers of level 1 and more exceed anyway.</summary>
    public Vector256<short> Bases { get; }

    /// <summary>Number 4p + i: bits 8p to 8p + 7, flipped, of U_16i to U_(16i+15), twice. After the last entry, ones: no number is above.</summary>
    public Vector256<byte>[] Planes { get; }

    /// <summary>The layout, or null if the table does not admit it.</summary>
    public static LimbTable? Of(CumulativeTable table)
    {
        if (table.Entries > GreatestEntries) return null;
        ushort[][] entries = [.. Enumerable.Range(0, table.Entries).Select(j => Split(((((BigInteger)table.High[j] << CumulativeTable.LimbBits) + table.Low[j]) << 2) - 1))];
        int[] levels = [.. entries.Select(entry => entry.AsSpan().IndexOfAnyExcept(ushort.MaxValue))];
        for (int j = 1; j < entries.Length; j++)
        {
            if (levels[j] == levels[j - 1] && entries[j][levels[j]] == entries[j - 1][levels[j]]) return null;
        }

        return new LimbTable(entries, levels);
    }

    private static ushort[] Split(BigInteger value) => [.. Enumerable.Range(1, Limbs).Select(k => (ushort)(value >> ((Limbs - k) * LimbBits) & ushort.MaxValue))];

    private static Vector256<short> Row(Func<int, short> element)
    {
        Vector128<short> half = Vector128.Create([.. Enumerable.Range(0, Limbs).Select(element)]);
        return Vector256.Create(half, half);
    }

    private static short Flipped(ushort limb) => unchecked((short)(limb ^ Flip));
}
