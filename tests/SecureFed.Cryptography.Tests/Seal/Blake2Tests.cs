using System.Text.Json;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Seal;

public sealed class Blake2Tests
{
    [Fact]
    public void Blake2b_gives_the_published_digests()
    {
        foreach (JsonElement known in Vector.Cases("blake2.json", "blake2b"))
        {
            byte[] expected = known.Bytes("out");
            byte[] digest = new byte[expected.Length];
            Blake2b.Hash(known.Bytes("in"), digest, known.Bytes("key"));
            Assert.True(expected.SequenceEqual(digest), known.Text("name"));
        }
    }

    [Fact]
    public void Blake2xb_gives_the_published_outputs()
    {
        foreach (JsonElement known in Vector.Cases("blake2.json", "blake2xb"))
        {
            byte[] expected = known.Bytes("out");
            byte[] output = new byte[expected.Length];
            Blake2xb.Fill(known.Bytes("in"), output, known.Bytes("key"));
            Assert.True(expected.SequenceEqual(output), known.Text("name"));
        }
    }

    /// <summary>RFC 7693, appendix E: a digest over digests of many lengths, with and without keys.</summary>
    [Fact]
    public void Blake2b_passes_the_self_test_of_the_RFC()
    {
        var all = new List<byte>();
        foreach (int digestBytes in new[] { 20, 32, 48, 64 })
        {
            foreach (int inputBytes in new[] { 0, 3, 128, 129, 255, 1024 })
            {
                byte[] input = Sequence(inputBytes);
                byte[] digest = new byte[digestBytes];
                Blake2b.Hash(input, digest);
                all.AddRange(digest);
                Blake2b.Hash(input, digest, Sequence(digestBytes));
                all.AddRange(digest);
            }
        }

        byte[] grand = new byte[32];
        Blake2b.Hash([.. all], grand);
        Assert.Equal(Vector.Open("blake2.json").Bytes("selfTest"), grand);
    }

    [Fact]
    public void Lengths_that_BLAKE2_does_not_know_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Blake2b.Hash([], []));
        Assert.Throws<ArgumentException>(() => Blake2b.Hash([], new byte[65]));
        Assert.Throws<ArgumentException>(() => Blake2b.Hash([], new byte[64], new byte[65]));
        Assert.Throws<ArgumentException>(() => Blake2xb.Fill([], []));
    }

    /// <summary>selftest_seq of the RFC; its seed is the length.</summary>
    private static byte[] Sequence(int length)
    {
        var bytes = new byte[length];
        uint a = unchecked(0xdead4bad * (uint)length);
        uint b = 1;
        for (int i = 0; i < length; i++)
        {
            (a, b) = (b, unchecked(a + b));
            bytes[i] = (byte)(b >> 24);
        }

        return bytes;
    }
}
