using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Cryptography.Bfv;

namespace SecureFed.Cryptography.Tests.Bfv;

public class PublicPolynomialsTests
{
    [Theory]
    [InlineData("A1")]
    [InlineData("S1")]
    public void Values_are_those_of_the_definition(string name)
    {
        BfvSet set = BfvSet.Named(name);
        byte[] digest = SHA256.HashData("round"u8);
        using PublicPolynomials polynomials = new(set, digest);
        foreach (int index in (int[])[3, 0, 1_000_000])
        {
            var values = new ulong[set.Degree];
            polynomials.Expand(index, values);
            Assert.Equal(Definition(set, digest, index), values);
        }
    }

    /// <summary>RFC 5869 and counter mode written out, block by block.</summary>
    private static List<ulong> Definition(BfvSet set, byte[] digest, int index)
    {
        byte[] extracted = HMACSHA256.HashData(new byte[32], digest);
        using Aes aes = Aes.Create();
        aes.Key = HMACSHA256.HashData(extracted, new byte[] { (byte)'a', 1 });
        List<ulong> values = [];
        for (ulong block = 0; values.Count < set.Degree; block++)
        {
            var counter = new byte[16];
            BinaryPrimitives.WriteUInt64BigEndian(counter, (ulong)index);
            BinaryPrimitives.WriteUInt64BigEndian(counter.AsSpan(8), block);
            byte[] stream = aes.EncryptEcb(counter, PaddingMode.None);
            for (int at = 0; at < 16; at += 8)
            {
                ulong candidate = BinaryPrimitives.ReadUInt64LittleEndian(stream.AsSpan(at)) % (1UL << set.Modulus.Bits);
                if (candidate < set.Modulus.Value && values.Count < set.Degree) values.Add(candidate);
            }
        }

        return values;
    }

    [Fact]
    public void Another_digest_or_index_gives_other_polynomials()
    {
        using PublicPolynomials first = new(BfvSet.A1, new byte[32]);
        byte[] digest = new byte[32];
        digest[31] = 1;
        using PublicPolynomials second = new(BfvSet.A1, digest);
        ulong[] a = new ulong[2048], b = new ulong[2048], c = new ulong[2048];
        first.Expand(0, a);
        first.Expand(1, b);
        second.Expand(0, c);
        Assert.NotEqual(a, b);
        Assert.NotEqual(a, c);
        Assert.Throws<ArgumentException>(() => new PublicPolynomials(BfvSet.A1, new byte[31]));
        Assert.Throws<ArgumentException>(() => first.Expand(0, new ulong[2047]));
        Assert.Throws<ArgumentOutOfRangeException>(() => first.Expand(-1, a));
    }
}
