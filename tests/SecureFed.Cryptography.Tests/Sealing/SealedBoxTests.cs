using System.Text.Json;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sealing;

namespace SecureFed.Cryptography.Tests.Sealing;

public sealed class SealedBoxTests
{
    [Fact]
    public void Boxes_equal_the_published_ones_and_open()
    {
        foreach (JsonElement c in Vector.Cases("aes256-gcm.json", "cases"))
        {
            byte[] plaintext = c.Bytes("plaintext");
            var box = new byte[plaintext.Length + SealedBox.OverheadBytes];
            SealedBox.Seal(c.Bytes("key"), c.Bytes("aad"), plaintext, box);
            Assert.Equal(c.Bytes("box"), box);

            var opened = new byte[plaintext.Length];
            Assert.True(SealedBox.TryOpen(c.Bytes("key"), c.Bytes("aad"), box, opened));
            Assert.Equal(plaintext, opened);
        }
    }

    [Fact]
    public void Changed_boxes_do_not_open_and_leave_zeros()
    {
        foreach (JsonElement c in Vector.Cases("aes256-gcm.json", "bad_cases"))
        {
            byte[] opened = [.. Enumerable.Repeat((byte)0xee, c.Bytes("plaintext").Length)];
            Assert.False(SealedBox.TryOpen(c.Bytes("key"), c.Bytes("aad"), c.Bytes("box"), opened), c.Text("name"));
            Assert.All(opened, b => Assert.Equal(0, b));
        }
    }

    [Fact]
    public void Every_single_bit_of_box_key_and_associated_data_matters()
    {
        using KeyedRandomSource random = Seeded.Source("sealed box");
        byte[] key = random.Bytes(32);
        byte[] associatedData = random.Bytes(5);
        byte[] plaintext = random.Bytes(20);
        var box = new byte[36];
        SealedBox.Seal(key, associatedData, plaintext, box);
        foreach (byte[] part in new[] { key, associatedData, box })
        {
            for (int bit = 0; bit < part.Length * 8; bit++)
            {
                part[bit / 8] ^= (byte)(1 << bit % 8);
                Assert.False(SealedBox.TryOpen(key, associatedData, box, new byte[20]));
                part[bit / 8] ^= (byte)(1 << bit % 8);
            }
        }

        Assert.True(SealedBox.TryOpen(key, associatedData, box, new byte[20]));
    }

    [Fact]
    public void A_box_of_another_length_is_the_peers_fault_and_a_wrong_key_length_the_callers()
    {
        Assert.False(SealedBox.TryOpen(new byte[32], [], [], new byte[1]));
        Assert.False(SealedBox.TryOpen(new byte[32], [], new byte[18], new byte[1]));
        Assert.Throws<ArgumentException>(() => SealedBox.TryOpen(new byte[16], [], new byte[17], new byte[1]));
        Assert.Throws<ArgumentException>(() => SealedBox.Seal(new byte[31], [], new byte[1], new byte[17]));
        Assert.Throws<ArgumentException>(() => SealedBox.Seal(new byte[32], [], new byte[1], new byte[16]));
    }
}
