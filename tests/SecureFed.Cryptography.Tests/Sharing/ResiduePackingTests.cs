using System.Numerics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using static SecureFed.Cryptography.Tests.Sharing.KeyShares;

namespace SecureFed.Cryptography.Tests.Sharing;

public sealed class ResiduePackingTests
{
    /// <summary>Moduli of 2, 7, 50, 54 and 56 bits.</summary>
    private static readonly PrimeModulus[] Moduli = [.. new ulong[] { 3, 127, 0x3ffffffffc001, 0x3fffffff000001, (1UL << 56) - 5 }.Select(PrimeModulus.Create)];

    [Fact]
    public void A_share_of_set_A1_takes_12819_bytes() => Assert.Equal(12_819, ResiduePacking.PackedBytes(A1, 2048 + ShareCheck.Challenges));

    [Fact]
    public void Packed_bytes_are_the_digits_of_one_big_integer_and_are_read_back()
    {
        using KeyedRandomSource random = Seeded.Source("packing");
        foreach (PrimeModulus q in Moduli)
        {
            for (int count = 0; count <= 70; count++)
            {
                ulong[] values = random.Residues(q, count);
                if (count > 2) values[^2] = q.Value - 1;
                BigInteger number = 0;
                for (int i = count - 1; i >= 0; i--) number = (number << q.Bits) + values[i];
                byte[] packed = Pack(q, values);
                Assert.Equal(number, new BigInteger(packed, isUnsigned: true));
                var read = new ulong[count];
                Assert.True(ResiduePacking.TryUnpack(q, packed, read));
                Assert.Equal(values, read);
            }
        }
    }

    [Fact]
    public void A_value_of_q_or_more_at_any_place_is_refused()
    {
        foreach (PrimeModulus q in Moduli)
        {
            const int Count = 13;
            for (int place = 0; place < Count; place++)
            {
                byte[] packed = Pack(q, new ulong[Count]);
                foreach (ulong value in new[] { q.Value, ulong.MaxValue >> (64 - q.Bits) })
                {
                    BigInteger number = (BigInteger)value << (place * q.Bits);
                    packed.AsSpan().Clear();
                    number.TryWriteBytes(packed, out _, isUnsigned: true);
                    ulong[] read = [.. Enumerable.Repeat(1UL, Count)];
                    Assert.False(ResiduePacking.TryUnpack(q, packed, read));
                    Assert.All(read, v => Assert.Equal(0UL, v));
                }
            }
        }
    }

    [Fact]
    public void Another_length_or_a_padding_bit_is_refused()
    {
        foreach (PrimeModulus q in Moduli)
        {
            for (int count = 0; count <= 20; count++)
            {
                byte[] packed = Pack(q, new ulong[count]);
                Assert.False(ResiduePacking.TryUnpack(q, [.. packed, 0], new ulong[count]));
                if (count > 0) Assert.False(ResiduePacking.TryUnpack(q, packed.AsSpan(..^1), new ulong[count]));
                for (int bit = count * q.Bits; bit < 8 * packed.Length; bit++)
                {
                    byte[] padded = [.. packed];
                    padded[bit / 8] |= (byte)(1 << (bit % 8));
                    Assert.False(ResiduePacking.TryUnpack(q, padded, new ulong[count]));
                }
            }
        }
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => ResiduePacking.PackedBytes(A1, -1));
        Assert.Throws<OverflowException>(() => ResiduePacking.PackedBytes(A1, int.MaxValue));
        Assert.ThrowsAny<ArgumentException>(() => ResiduePacking.Pack(A1, [1], new byte[6]));
        Assert.ThrowsAny<ArgumentException>(() => ResiduePacking.Pack(A1, [A1.Value], new byte[7]));
        Assert.ThrowsAny<ArgumentException>(() => ResiduePacking.Pack(A1, [ulong.MaxValue], new byte[7]));
        Assert.ThrowsAny<ArgumentException>(() => ResiduePacking.Pack(A1, [1UL << 63], new byte[7]));
    }

    private static byte[] Pack(PrimeModulus q, ulong[] values)
    {
        byte[] packed = [.. Enumerable.Repeat((byte)0xee, ResiduePacking.PackedBytes(q, values.Length))];
        ResiduePacking.Pack(q, values, packed);
        return packed;
    }
}
