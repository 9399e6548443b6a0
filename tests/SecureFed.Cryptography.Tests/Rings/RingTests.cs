using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Tests.Rings;

public sealed class RingTests
{
    [Fact]
    public void Adding_and_subtracting_wrap_at_every_position_of_every_length()
    {
        for (int length = 0; length < 70; length++)
        {
            using var random = Seeded.Source("ring" + length);
            uint[] a = random.Words(length);
            uint[] b = random.Words(length);
            uint[] sum = [.. a];
            Ring.Add(sum, b);
            Assert.Equal(a.Zip(b, (x, y) => (uint)(((ulong)x + y) % (1UL << 32))), sum);
            Ring.Subtract(sum, b);
            Assert.Equal(a, sum);
        }
    }

    [Fact]
    public void Different_lengths_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Ring.Add(new uint[2], new uint[3]));
        Assert.Throws<ArgumentException>(() => Ring.Subtract(new uint[3], new uint[2]));
    }

    [Theory]
    [InlineData(1, 0x5u, 0x1u)]
    [InlineData(20, 0xfffffffu, 0xfffffu)]
    [InlineData(32, 0xffffffffu, 0xffffffffu)]
    public void Reduction_keeps_the_low_bits(int bits, uint value, uint expected)
    {
        uint[] vector = [.. Enumerable.Repeat(value, 41)];
        Ring.Reduce(vector, bits);
        Assert.All(vector, v => Assert.Equal(expected, v));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(33)]
    [InlineData(-1)]
    public void Bits_outside_1_to_32_are_refused(int bits)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Ring.Reduce(new uint[1], bits));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ring.ToCentred(0, bits));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ring.FromCentred(0, bits));
    }

    [Theory]
    [InlineData(0x7ffffu, 20, 524287)]
    [InlineData(0x80000u, 20, -524288)]
    [InlineData(0xfffffu, 20, -1)]
    [InlineData(0x100000u, 20, 0)]
    [InlineData(0x80000000u, 32, int.MinValue)]
    [InlineData(1u, 1, -1)]
    public void Centred_representatives_are_those_of_the_definition(uint value, int bits, int expected) => Assert.Equal(expected, Ring.ToCentred(value, bits));

    [Fact]
    public void Centring_undoes_reduction_within_the_range_and_wraps_outside()
    {
        Prop.ForAll<long, int>((small, seed) =>
        {
            int bits = Math.Abs(seed % 32) + 1;
            // FsCheck's integers are small; spread them over all 64 bits, and keep some small.
            long value = seed % 2 == 0 ? small : unchecked(small * (long)0x9e3779b97f4a7c15UL);
            uint residue = Ring.FromCentred(value, bits);
            int centred = Ring.ToCentred(residue, bits);
            BigInteger modulus = BigInteger.One << bits;
            return residue < modulus && (value - (BigInteger)centred) % modulus == 0
                && 2 * (BigInteger)centred >= -modulus && 2 * (BigInteger)centred < modulus;
        }).QuickCheckThrowOnFailure();
    }
}
