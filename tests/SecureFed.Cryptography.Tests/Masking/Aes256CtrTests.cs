using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using SecureFed.Cryptography.Masking;

namespace SecureFed.Cryptography.Tests.Masking;

public sealed class Aes256CtrTests
{
    [Fact]
    public void Keystream_equals_the_published_one()
    {
        foreach (JsonElement c in Vector.Cases("aes256-ctr.json", "cases")) Assert.Equal(c.Bytes("ciphertext"), Encrypt(c));
    }

    [Fact]
    public void Another_counter_gives_another_keystream()
    {
        foreach (JsonElement c in Vector.Cases("aes256-ctr.json", "bad_cases")) Assert.NotEqual(c.Bytes("ciphertext"), Encrypt(c));
    }

    [Theory]
    [InlineData("ffffffffffffffffffffffffffffffff")] // wraps to zero
    [InlineData("0000000000000000fffffffffffffffe")] // carries into the upper half
    [InlineData("00000000000000000000000000000000")]
    [InlineData("000000000000000000000000ffffff00")]
    public void Counter_is_a_128_bit_big_endian_integer_that_wraps(string start)
    {
        byte[] key = SHA256.HashData([1]);
        byte[] counter = Convert.FromHexString(start);
        // More than one internal chunk, and a cut last block.
        const int Length = 3 * 16384 + 5;
        var actual = new byte[Length];
        Aes256Ctr.Keystream(key, counter, actual);

        using Aes aes = Aes.Create();
        aes.Key = key;
        var first = new BigInteger(counter, isUnsigned: true, isBigEndian: true);
        var counters = new byte[(Length + 15) / 16 * 16];
        for (int block = 0; block < counters.Length / 16; block++)
        {
            byte[] value = ((first + block) % BigInteger.Pow(2, 128)).ToByteArray(isUnsigned: true, isBigEndian: true);
            value.CopyTo(counters.AsSpan(16 * block + 16 - value.Length));
        }

        byte[] expected = aes.EncryptEcb(counters, PaddingMode.None)[..Length];
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Wrong_lengths_are_refused_and_an_empty_output_is_fine()
    {
        Assert.Throws<ArgumentException>(() => Aes256Ctr.Keystream(new byte[16], new byte[16], new byte[1]));
        Assert.Throws<ArgumentException>(() => Aes256Ctr.Keystream(new byte[32], new byte[12], new byte[1]));
        Aes256Ctr.Keystream(new byte[32], new byte[16], []);
    }

    private static byte[] Encrypt(JsonElement c)
    {
        byte[] text = c.Bytes("plaintext");
        var keystream = new byte[text.Length];
        Aes256Ctr.Keystream(c.Bytes("key"), c.Bytes("counter"), keystream);
        return [.. text.Zip(keystream, (a, b) => (byte)(a ^ b))];
    }
}
