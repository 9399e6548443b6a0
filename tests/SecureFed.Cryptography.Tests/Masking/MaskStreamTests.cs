using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using SecureFed.Cryptography.Masking;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests.Masking;

public sealed class MaskStreamTests
{
    [Fact]
    public void Mask_equals_the_keystream_of_OpenSSL_in_little_endian_words()
    {
        JsonElement vector = Vector.Open("mask-stream.json");
        var mask = new uint[vector.GetProperty("count").GetInt32()];
        using (var stream = new MaskStream(vector.Bytes("key"))) stream.AddTo(mask);
        Assert.Equal(vector.Words("first"), mask[..9]);
        Assert.Equal(vector.Words("last")[0], mask[^1]);
        Assert.Equal(vector.Bytes("sha256"), SHA256.HashData(MemoryMarshal.AsBytes(mask.AsSpan())));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(31)]
    [InlineData(8191)]
    [InlineData(16385)]
    [InlineData(50_000)]
    public void Subtracting_takes_off_what_adding_put_on(int length)
    {
        using KeyedRandomSource random = Seeded.Source("mask" + length);
        uint[] update = random.Words(length);
        uint[] masked = [.. update];
        byte[] key = random.Bytes(32);
        using (var stream = new MaskStream(key)) stream.AddTo(masked);
        Assert.NotEqual(update, masked);
        using (var stream = new MaskStream(key)) stream.SubtractFrom(masked);
        Assert.Equal(update, masked);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(8193)]
    public void A_shorter_mask_is_a_prefix_of_a_longer_one(int length)
    {
        byte[] key = SHA256.HashData([7]);
        var longer = new uint[20_000];
        var shorter = new uint[length];
        using (var stream = new MaskStream(key)) stream.AddTo(longer);
        using (var stream = new MaskStream(key)) stream.AddTo(shorter);
        Assert.Equal(longer[..length], shorter);
    }

    [Fact]
    public void Sum_of_masked_words_equals_sum_of_words_when_every_pair_adds_and_subtracts()
    {
        const int Clients = 5;
        const int Length = 1000;
        using KeyedRandomSource random = Seeded.Source("pairs");
        var pairKeys = new byte[Clients, Clients][];
        for (int i = 0; i < Clients; i++)
        {
            for (int j = i + 1; j < Clients; j++) pairKeys[i, j] = random.Bytes(32);
        }

        var plain = new uint[Length];
        var masked = new uint[Length];
        for (int client = 0; client < Clients; client++)
        {
            uint[] update = random.Words(Length);
            AddTo(plain, update);
            for (int peer = 0; peer < Clients; peer++)
            {
                if (peer == client) continue;
                using var stream = new MaskStream(pairKeys[Math.Min(client, peer), Math.Max(client, peer)]);
                if (client < peer) stream.AddTo(update);
                else stream.SubtractFrom(update);
            }

            AddTo(masked, update);
        }

        Assert.Equal(plain, masked);
    }

    [Fact]
    public void A_stream_is_used_once_even_for_an_empty_vector()
    {
        using var stream = new MaskStream(new byte[32]);
        stream.AddTo([]);
        Assert.Throws<InvalidOperationException>(() => stream.AddTo(new uint[1]));
        Assert.Throws<InvalidOperationException>(() => stream.SubtractFrom(new uint[1]));
    }

    [Fact]
    public void A_short_key_and_a_disposed_stream_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new MaskStream(new byte[16]));
        var stream = new MaskStream(new byte[32]);
        stream.Dispose();
        Assert.Throws<ObjectDisposedException>(() => stream.AddTo(new uint[1]));
    }

    private static void AddTo(uint[] sum, uint[] addend)
    {
        for (int i = 0; i < sum.Length; i++) sum[i] = unchecked(sum[i] + addend[i]);
    }
}
