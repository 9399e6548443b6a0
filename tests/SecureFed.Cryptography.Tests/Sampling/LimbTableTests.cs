using System.Globalization;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text.Json;
using SecureFed.Cryptography.Sampling;

namespace SecureFed.Cryptography.Tests.Sampling;

/// <summary>The table of the keys and errors of RLWE, as the fastest scan reads it. That all scans agree is in <see cref="CumulativeTableTests"/>.</summary>
public sealed class LimbTableTests
{
    private static readonly CumulativeTable Table = new(SamplerCases.Parse("529/25"));

    [Fact]
    public void Planes_hold_the_floors_that_mpmath_finds()
    {
        // What stands in the registers is 4T - 1 with the top bit of every limb flipped.
        BigInteger flips = BigInteger.Parse("080008000800080008000800080008000", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        JsonElement[] expected = [.. Vector.Open("discrete-gaussian.json").GetProperty("table_4_6").GetProperty("entries").EnumerateArray()];
        Assert.Equal(60, expected.Length);
        for (int j = 0; j < 64; j++)
        {
            BigInteger held = BigInteger.Zero;
            for (int plane = 0; plane < 16; plane++)
            {
                Vector256<byte> quarter = Table.Limbs!.Planes[(4 * plane) + (j / 16)];
                Assert.Equal(quarter[j % 16], quarter[16 + (j % 16)]);
                held += (BigInteger)quarter[j % 16] << (8 * plane);
            }

            BigInteger value = j < expected.Length
                ? (4 * BigInteger.Parse("0" + expected[j].GetString(), NumberStyles.HexNumber, CultureInfo.InvariantCulture)) - 1
                : (BigInteger.One << 128) - 1;
            Assert.Equal(value, held ^ flips);
        }
    }

    /// <summary>Numbers that agree with an entry in one limb after the other and then are as far above or below it as they can.</summary>
    [Theory]
    [InlineData("1/100")]
    [InlineData("1")]
    [InlineData("529/25")]
    public void Numbers_that_share_leading_limbs_with_an_entry_get_their_magnitude(string sigmaSquared)
    {
        var table = new CumulativeTable(SamplerCases.Parse(sigmaSquared));
        BigInteger[] entries = CumulativeTableTests.Entries(table);
        List<BigInteger> values = [];
        foreach (BigInteger entry in entries)
        {
            for (int free = 2; free <= 126; free += 4)
            {
                BigInteger step = BigInteger.One << free;
                BigInteger prefix = entry / step * step;
                values.AddRange([prefix, prefix + step - 1, prefix - 1, prefix + step]);
            }
        }

        foreach (ScanWidth width in Enum.GetValues<ScanWidth>())
        {
            foreach (BigInteger[] block in values.Where(r => r >= 0 && r < BigInteger.One << CumulativeTable.Bits).Chunk(TableScan.Block))
            {
                long[] sums = CumulativeTableTests.Scan(table, block, negative: true, width);
                Assert.Equal(block.Select(r => 1000 - (3 * (long)entries.Count(entry => r >= entry))), sums[..block.Length]);
            }
        }
    }

    [Fact]
    public void Every_table_of_up_to_63_entries_has_limbs_that_rise_within_their_level_and_no_longer_one_has_any()
    {
        for (int hundredths = 1; hundredths <= 2_500; hundredths += 37)
        {
            var table = new CumulativeTable(new Rational(hundredths, 100));
            Assert.Equal(table.Entries <= 63, table.Limbs is not null);
        }
    }
}
