using System.Buffers.Binary;
using System.Numerics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Tests.Rings;

public class WidePackingTests
{
    [Fact]
    public void Packed_bytes_are_the_little_endian_integer_at_every_width_and_length()
    {
        using KeyedRandomSource random = Seeded.Source("wide packing");
        for (int bits = 1; bits <= WidePacking.MaxBits; bits++)
        {
            // Eight values at once are written from some 40 bytes on.
            foreach (int count in (int[])[.. Enumerable.Range(0, 20), 64, 99, 300])
            {
                byte[] drawn = random.Bytes(count * sizeof(ulong));
                ulong[] values = [.. Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadUInt64LittleEndian(drawn.AsSpan(i * 8)))];
                BigInteger integer = 0;
                for (int i = count; i-- > 0;) integer = (integer << bits) + (values[i] & ((1UL << bits) - 1));
                byte[] expected = new byte[((count * bits) + 7) / 8];
                integer.ToByteArray(isUnsigned: true).AsSpan().TrimEnd((byte)0).CopyTo(expected);

                var packed = new byte[WidePacking.PackedBytes(count, bits)];
                WidePacking.Pack(values, bits, packed);
                Assert.Equal(expected, packed);
                var unpacked = new ulong[count];
                Assert.True(WidePacking.TryUnpack(packed, bits, unpacked));
                Assert.Equal(values.Select(v => v & ((1UL << bits) - 1)), unpacked);

                for (int bit = count * bits; bit < packed.Length * 8; bit++)
                {
                    packed[bit / 8] ^= (byte)(1 << bit % 8);
                    Assert.False(WidePacking.TryUnpack(packed, bits, unpacked));
                    packed[bit / 8] ^= (byte)(1 << bit % 8);
                }

                Assert.False(WidePacking.TryUnpack([.. packed, 0], bits, unpacked));
            }
        }
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => WidePacking.PackedBytes(1, 57));
        Assert.Throws<ArgumentOutOfRangeException>(() => WidePacking.PackedBytes(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => WidePacking.PackedBytes(-1, 8));
        Assert.Throws<ArgumentException>(() => WidePacking.Pack(new ulong[2], 42, new byte[12]));
    }
}
