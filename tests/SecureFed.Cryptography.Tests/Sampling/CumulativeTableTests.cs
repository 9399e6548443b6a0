using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

public sealed class CumulativeTableTests
{
    [Fact]
    public void Table_equals_the_floors_that_mpmath_finds()
    {
        JsonElement vector = Vector.Open("discrete-gaussian.json").GetProperty("table_4_6");
        var table = new CumulativeTable(vector.Fraction());
        IEnumerable<string?> expected = vector.GetProperty("entries").EnumerateArray().Select(e => e.GetString());
        Assert.Equal(expected, Entries(table).Select(entry => entry.ToString("x32", CultureInfo.InvariantCulture)[^32..]));
    }

    [Theory]
    [InlineData("9/100")]
    [InlineData("1")]
    [InlineData("7/3")]
    [InlineData("1000000007/8000000")]
    public void Entries_rise_and_the_last_leaves_a_tail_of_at_least_one_unit(string sigmaSquared)
    {
        var table = new CumulativeTable(SamplerCases.Parse(sigmaSquared));
        ExactProbabilities exact = ExactProbabilities.Gaussian(SamplerCases.Parse(sigmaSquared));
        BigInteger[] entries = Entries(table);
        BigInteger sum = exact[0];
        for (int j = 0; j < entries.Length; j++)
        {
            // The sum of 400-bit floors is below the truth by less than 2^-380.
            Assert.Equal(sum >> (ExactProbabilities.Bits - CumulativeTable.Bits), entries[j]);
            if (j > 0) Assert.True(entries[j] > entries[j - 1]);
            sum += 2 * exact[j + 1];
        }

        Assert.True((BigInteger.One << CumulativeTable.Bits) - entries[^1] >= 2);
        Assert.True((BigInteger.One << ExactProbabilities.Bits) - sum < BigInteger.One << (ExactProbabilities.Bits - CumulativeTable.Bits));
    }

    [Fact]
    public void Every_boundary_word_gets_its_magnitude_at_every_width()
    {
        var table = new CumulativeTable(SamplerCases.Parse("529/25"));
        BigInteger[] entries = Entries(table);
        List<(BigInteger R, long Magnitude)> cases = [(BigInteger.Zero, 0), ((BigInteger.One << CumulativeTable.Bits) - 1, entries.Length)];
        for (int j = 0; j < entries.Length; j++) cases.AddRange([(entries[j] - 1, j), (entries[j], j + 1)]);
        foreach (ScanWidth width in Enum.GetValues<ScanWidth>())
        {
            foreach (bool negative in (bool[])[false, true])
            {
                foreach ((BigInteger R, long Magnitude)[] block in cases.Chunk(TableScan.Block))
                {
                    long[] sums = Scan(table, [.. block.Select(c => c.R)], negative, width);
                    Assert.Equal(block.Select(c => 1000 + (negative ? -3 : 3) * c.Magnitude), sums[..block.Length]);
                }
            }
        }
    }

    [Theory]
    [InlineData("1/100")]
    [InlineData("529/25")]
    [InlineData("200/3")]
    public void Widths_agree_on_random_words(string sigmaSquared)
    {
        var random = new HashStream("widths");
        var table = new CumulativeTable(SamplerCases.Parse(sigmaSquared));
        var words = new ulong[TableScan.BlockWords];
        for (int i = 0; i < 100; i++)
        {
            random.Fill(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
            var expected = new long[TableScan.Block];
            TableScan.Add(table, words, 7, expected, ScanWidth.Word);
            foreach (ScanWidth width in (ScanWidth[])[ScanWidth.Vector, ScanWidth.Vector512, ScanWidth.Limbs])
            {
                var sums = new long[TableScan.Block];
                TableScan.Add(table, [.. words], 7, sums, width);
                Assert.Equal(expected, sums);
            }
        }
    }

    [Theory]
    [InlineData("1/100", 1)]
    [InlineData("1", 4)]
    [InlineData("529/25", 18)]
    [InlineData("441/4", 41)]
    public void The_tail_has_the_entries_whose_upper_limb_is_all_ones(string sigmaSquared, int entries)
    {
        var table = new CumulativeTable(SamplerCases.Parse(sigmaSquared));
        Assert.Equal(entries, table.TailLow.Length);
        Assert.Equal(table.Entries, table.WideLow.Length + table.TailLow.Length);
        Assert.DoesNotContain(long.MaxValue, table.WideHigh.ToArray());
        Assert.All(table.High[^entries..], high => Assert.Equal(long.MaxValue, high));
        Assert.Equal(table.Low, table.WideLow.ToArray().Concat(table.TailLow.ToArray()));
    }

    [Theory]
    [InlineData("1/100")]
    [InlineData("1")]
    [InlineData("441/4")]
    public void A_word_on_either_side_of_the_tail_gets_its_magnitude_at_every_width(string sigmaSquared)
    {
        // Upper limb all ones or one less, lower limb at every edge of the tail: only both together reach a magnitude beyond the wide entries.
        var table = new CumulativeTable(SamplerCases.Parse(sigmaSquared));
        BigInteger[] entries = Entries(table);
        BigInteger ones = (BigInteger.One << 63) - 1;
        BigInteger[] lower = [0, ones, .. table.TailLow.ToArray().SelectMany(low => new BigInteger[] { low - 1, low })];
        BigInteger[] values = [.. lower.SelectMany(low => new[] { (ones << 63) + low, (ones - 1 << 63) + low, low })];
        foreach (ScanWidth width in Enum.GetValues<ScanWidth>())
        {
            foreach (BigInteger[] block in values.Chunk(TableScan.Block))
            {
                long[] sums = Scan(table, block, negative: false, width);
                Assert.Equal(block.Select(r => 1000 + 3 * (long)entries.Count(entry => r >= entry)), sums[..block.Length]);
            }
        }
    }

    internal static BigInteger[] Entries(CumulativeTable table) => [.. table.High.Zip(table.Low, (high, low) => ((BigInteger)high << 63) + low)];

    internal static long[] Scan(CumulativeTable table, BigInteger[] values, bool negative, ScanWidth width)
    {
        var words = new ulong[TableScan.BlockWords];
        for (int i = 0; i < values.Length; i++)
        {
            words[i] = (ulong)(values[i] & (ulong.MaxValue >> 1)) | (negative ? 1UL << 63 : 0);
            // The top bit of the upper word means nothing.
            words[TableScan.Block + i] = (ulong)(values[i] >> 63) | (i % 2 == 0 ? 0 : 1UL << 63);
        }

        var sums = new long[TableScan.Block];
        sums.AsSpan().Fill(1000);
        TableScan.Add(table, words, 3, sums, width);
        return sums;
    }
}
