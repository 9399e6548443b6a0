using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Tests.Rings;

public sealed class RingPackingTests
{
    [Fact]
    public void Packed_bytes_equal_the_little_endian_integer()
    {
        foreach (JsonElement c in Vector.Cases("ring-packing.json", "cases"))
        {
            int bits = c.GetProperty("bits").GetInt32();
            uint[] values = c.Words("values");
            var packed = new byte[RingPacking.PackedBytes(values.Length, bits)];
            RingPacking.Pack(values, bits, packed);
            Assert.Equal(c.Bytes("packed"), packed);

            var unpacked = new uint[values.Length];
            Assert.True(RingPacking.TryUnpack(packed, bits, unpacked));
            Assert.Equal(values, unpacked);
        }
    }

    [Fact]
    public void Padding_bits_and_wrong_lengths_are_not_accepted()
    {
        foreach (JsonElement c in Vector.Cases("ring-packing.json", "bad_cases"))
        {
            Assert.False(RingPacking.TryUnpack(c.Bytes("packed"), c.GetProperty("bits").GetInt32(), new uint[c.GetProperty("count").GetInt32()]));
        }
    }

    [Fact]
    public void Every_padding_bit_is_checked_for_every_width_and_length()
    {
        for (int bits = 1; bits <= 32; bits++)
        {
            for (int count = 1; count <= 40; count++)
            {
                var packed = new byte[RingPacking.PackedBytes(count, bits)];
                var values = new uint[count];
                for (int bit = count * bits; bit < packed.Length * 8; bit++)
                {
                    packed[bit / 8] ^= (byte)(1 << bit % 8);
                    Assert.False(RingPacking.TryUnpack(packed, bits, values), $"{bits} bits, {count} values, padding bit {bit}");
                    Assert.False(RingPacking.IsCanonical(packed, count, bits), $"{bits} bits, {count} values, padding bit {bit}");
                    packed[bit / 8] ^= (byte)(1 << bit % 8);
                }

                Assert.True(RingPacking.TryUnpack(packed, bits, values));
                packed.AsSpan().Fill(0xff);
                packed[^1] = (byte)(0xff >> packed.Length * 8 - count * bits);
                Assert.True(RingPacking.IsCanonical(packed, count, bits));
                Assert.False(RingPacking.IsCanonical([.. packed, 0], count, bits));
                Assert.False(RingPacking.IsCanonical(packed.AsSpan(1), count, bits));
            }
        }
    }

    [Fact]
    public void Values_are_masked_and_survive_the_round_trip_at_every_width()
    {
        Prop.ForAll<uint[], int>((values, seed) =>
        {
            int bits = Math.Abs(seed % 32) + 1;
            // Long enough for wide steps and their tails; FsCheck's integers are small, so they are spread over all 32 bits.
            uint[] vector = [.. Enumerable.Repeat(values, 5).SelectMany(v => v).Select(v => unchecked(v * 0x9e3779b9))];
            var packed = new byte[RingPacking.PackedBytes(vector.Length, bits)];
            RingPacking.Pack(vector, bits, packed);
            var unpacked = new uint[vector.Length];
            uint[] reduced = [.. vector];
            Ring.Reduce(reduced, bits);
            return RingPacking.TryUnpack(packed, bits, unpacked) && unpacked.AsSpan().SequenceEqual(reduced);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void All_widths_and_lengths_place_values_where_the_definition_says()
    {
        using var random = Seeded.Source("packing");
        for (int bits = 1; bits <= 32; bits++)
        {
            for (int count = 0; count <= 67; count++)
            {
                uint[] values = random.Words(count);
                var packed = new byte[RingPacking.PackedBytes(count, bits)];
                RingPacking.Pack(values, bits, packed);
                for (int i = 0; i < count * bits; i++)
                {
                    Assert.Equal(values[i / bits] >> (i % bits) & 1, (uint)packed[i / 8] >> (i % 8) & 1);
                }

                var unpacked = new uint[count];
                Assert.True(RingPacking.TryUnpack(packed, bits, unpacked));
                Ring.Reduce(values, bits);
                Assert.Equal(values, unpacked);
            }
        }
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => RingPacking.PackedBytes(-1, 8));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingPacking.PackedBytes(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => RingPacking.PackedBytes(1, 33));
        Assert.Throws<OverflowException>(() => RingPacking.PackedBytes(int.MaxValue, 32));
        Assert.Throws<ArgumentException>(() => RingPacking.Pack(new uint[2], 20, new byte[6]));
    }
}
