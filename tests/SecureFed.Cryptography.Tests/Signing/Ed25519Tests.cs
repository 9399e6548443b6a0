using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Signing;
using static SecureFed.Cryptography.Tests.Signing.AffineEdwards;

namespace SecureFed.Cryptography.Tests.Signing;

public sealed class Ed25519Tests
{
    [Fact]
    public void Keys_and_signatures_of_the_RFC_follow_from_its_seeds()
    {
        foreach (JsonElement c in Vector.Cases("ed25519-rfc8032.json", "cases"))
        {
            Assert.Equal(c.Bytes("public"), Ed25519.PublicKeyOf(c.Bytes("seed")));
            Assert.Equal(c.Bytes("signature"), Ed25519.Sign(c.Bytes("seed"), c.Bytes("message")));
        }
    }

    [Theory]
    [InlineData("ed25519-rfc8032.json", 5)]
    [InlineData("ed25519-wycheproof.json", 88)]
    [InlineData("ed25519-speccheck.json", 2)]
    public void Published_signatures_verify(string file, int count)
    {
        IReadOnlyList<JsonElement> cases = Vector.Cases(file, "cases");
        Assert.Equal(count, cases.Count);
        foreach (JsonElement c in cases) Assert.True(Ed25519.Verify(c.Bytes("public"), c.Bytes("message"), c.Bytes("signature")), c.Text("comment"));
    }

    [Theory]
    [InlineData("ed25519-rfc8032.json", 11)]
    [InlineData("ed25519-wycheproof.json", 63)]
    [InlineData("ed25519-speccheck.json", 8)]
    public void Forged_and_malformed_signatures_do_not(string file, int count)
    {
        IReadOnlyList<JsonElement> cases = Vector.Cases(file, "bad_cases");
        Assert.Equal(count, cases.Count);
        foreach (JsonElement c in cases) Assert.False(Ed25519.Verify(c.Bytes("public"), c.Bytes("message"), c.Bytes("signature")), c.Text("comment"));
    }

    [Fact]
    public void A_thousand_random_signatures_verify_under_their_key_and_message_only()
    {
        using KeyedRandomSource random = Seeded.Source("ed25519");
        byte[] otherKey = Ed25519.PublicKeyOf(random.Bytes(Ed25519.SeedBytes));
        for (int i = 0; i < 1_000; i++)
        {
            byte[] seed = random.Bytes(Ed25519.SeedBytes);
            byte[] message = random.Bytes(1 + random.Below(300));
            byte[] key = Ed25519.PublicKeyOf(seed);
            byte[] signature = Ed25519.Sign(seed, message);
            Assert.Equal(Ed25519.SignatureBytes, signature.Length);
            Assert.True(Ed25519.Verify(key, message, signature));
            Assert.Equal(signature, Ed25519.Sign(seed, message));
            message[random.Below(message.Length)] ^= (byte)(1 << random.Below(8));
            Assert.False(Ed25519.Verify(key, message, signature));
            message[^1] ^= 1;
            Assert.False(Ed25519.Verify(otherKey, message, signature));
        }
    }

    [Fact]
    public void Every_flipped_bit_of_signature_key_or_message_is_noticed()
    {
        byte[] seed = Seeded.Source("flips").Bytes(Ed25519.SeedBytes);
        byte[] message = Encoding.UTF8.GetBytes("cosignature/v1");
        byte[] key = Ed25519.PublicKeyOf(seed);
        byte[] signature = Ed25519.Sign(seed, message);
        foreach (byte[] part in new[] { signature, key, message })
        {
            for (int bit = 0; bit < 8 * part.Length; bit++)
            {
                part[bit / 8] ^= (byte)(1 << bit % 8);
                Assert.False(Ed25519.Verify(key, message, signature), $"bit {bit} of {part.Length} bytes");
                part[bit / 8] ^= (byte)(1 << bit % 8);
            }
        }

        Assert.True(Ed25519.Verify(key, message, signature));
    }

    [Fact]
    public void A_multiple_of_L_added_to_S_is_noticed()
    {
        for (int i = 0; i < 20; i++)
        {
            byte[] seed = Seeded.Source("malleable" + i).Bytes(Ed25519.SeedBytes);
            byte[] key = Ed25519.PublicKeyOf(seed);
            byte[] signature = Ed25519.Sign(seed, [1]);
            BigInteger s = Integer(signature.AsSpan(32));
            Assert.True(s < L);
            Assert.True(Ed25519.Verify(key, [1], signature));
            for (BigInteger sum = s + L; sum < BigInteger.One << 256; sum += L) Assert.False(Ed25519.Verify(key, [1], [.. signature[..32], .. Bytes(sum)]));
        }
    }

    [Fact]
    public void Public_keys_of_small_order_are_refused_although_the_equation_holds()
    {
        Assert.Equal(8, SmallOrderKeys.All.Select(Convert.ToHexString).Distinct().Count());
        byte[] commitment = Encode(Identity);
        foreach (byte[] key in SmallOrderKeys.All.Concat(SmallOrderKeys.NonCanonical))
        {
            // With R the identity and S = 0 the equation is h A = 0: it holds when 8 divides h.
            byte[] message = Enumerable.Range(0, 1_000).Select(BitConverter.GetBytes).First(m => (Challenge(commitment, key, m) % 8).IsZero);
            Assert.False(Ed25519.Verify(key, message, [.. commitment, .. new byte[32]]), Convert.ToHexString(key));
        }
    }

    [Fact]
    public void A_non_canonical_R_is_refused_although_its_point_fits()
    {
        // R = identity, S = h s: only a holder of the key can make it. In the canonical encoding it verifies, in others it does not.
        byte[] seed = Seeded.Source("R").Bytes(Ed25519.SeedBytes);
        byte[] key = Ed25519.PublicKeyOf(seed);
        byte[] hash = SHA512.HashData(seed);
        BigInteger scalar = Integer(hash.AsSpan(0, 32)) % (BigInteger.One << 254) / 8 * 8 + (BigInteger.One << 254);
        Assert.Equal(key, Encode(Multiply(scalar, Base)));
        byte[] message = [7];
        byte[] WithR(byte[] r) => [.. r, .. Bytes(Challenge(r, key, message) * scalar % L)];

        Assert.True(Ed25519.Verify(key, message, WithR(Encode(Identity))));
        foreach (BigInteger encoding in new[] { P + 1, P + 1 + (BigInteger.One << 255), 1 + (BigInteger.One << 255) })
        {
            Assert.False(Ed25519.Verify(key, message, WithR(Bytes(encoding))), $"{encoding:x}");
        }
    }

    [Fact]
    public void Wrong_lengths_yield_false_and_a_wrong_seed_length_is_the_callers_bug()
    {
        byte[] seed = new byte[Ed25519.SeedBytes];
        byte[] key = Ed25519.PublicKeyOf(seed);
        byte[] signature = Ed25519.Sign(seed, []);
        Assert.True(Ed25519.Verify(key, [], signature));
        Assert.False(Ed25519.Verify(key.AsSpan(0, 31), [], signature));
        Assert.False(Ed25519.Verify([.. key, 0], [], signature));
        Assert.False(Ed25519.Verify([], [], signature));
        Assert.False(Ed25519.Verify(key, [], signature.AsSpan(0, 63)));
        Assert.False(Ed25519.Verify(key, [], [.. signature, 0]));
        Assert.False(Ed25519.Verify(key, [], []));
        Assert.Throws<ArgumentException>(() => Ed25519.PublicKeyOf(new byte[31]));
        Assert.Throws<ArgumentException>(() => Ed25519.Sign(new byte[33], []));
    }

    private static BigInteger Challenge(byte[] r, byte[] key, byte[] message) => Integer(SHA512.HashData([.. r, .. key, .. message])) % L;
}
