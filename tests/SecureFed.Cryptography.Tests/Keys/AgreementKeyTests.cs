using System.Text.Json;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests.Keys;

public sealed class AgreementKeyTests
{
    private const string Order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    [Theory]
    [InlineData("ecdh-p256-cavs.json")]
    [InlineData("ecdh-p256-wycheproof.json")]
    public void Shared_secrets_equal_the_published_ones(string file)
    {
        foreach (JsonElement c in Vector.Cases(file, "cases"))
        {
            using AgreementKey key = AgreementKey.FromPrivateKey(c.Bytes("private"));
            var shared = new byte[P256.SharedSecretBytes];
            Assert.True(key.TryAgree(c.Bytes("public"), shared), c.Text("comment"));
            Assert.Equal(c.Bytes("shared"), shared);
        }
    }

    [Theory]
    [InlineData("ecdh-p256-cavs.json")]
    [InlineData("ecdh-p256-wycheproof.json")]
    public void An_invalid_peer_key_yields_false_and_zeros(string file)
    {
        using AgreementKey key = AgreementKey.Generate(Seeded.Source("peer"));
        foreach (JsonElement c in Vector.Cases(file, "bad_cases"))
        {
            byte[] shared = [.. Enumerable.Repeat((byte)1, P256.SharedSecretBytes)];
            Assert.False(key.TryAgree(c.Bytes("public"), shared), c.Text("comment"));
            Assert.All(shared, b => Assert.Equal(0, b));
        }
    }

    [Fact]
    public void The_public_key_is_computed_from_the_private_one()
    {
        JsonElement vectors = Vector.Open("ecdh-p256-cavs.json");
        byte[] scalar = vectors.GetProperty("cases")[0].Bytes("private");
        byte[] expected = vectors.Bytes("public_of_case_0");
        using AgreementKey key = AgreementKey.FromPrivateKey(scalar);
        Assert.Equal(expected, key.PublicKey.ToArray());
        Assert.True(AgreementKey.PublicKeyMatches(scalar, expected));
        expected[64] ^= 1;
        Assert.False(AgreementKey.PublicKeyMatches(scalar, expected));
    }

    [Fact]
    public void Both_sides_agree_and_a_third_does_not()
    {
        using KeyedRandomSource random = Seeded.Source("agreement");
        using AgreementKey alice = AgreementKey.Generate(random);
        using AgreementKey bob = AgreementKey.Generate(random);
        using AgreementKey carol = AgreementKey.Generate(random);
        byte[] Agree(AgreementKey own, AgreementKey peer)
        {
            var shared = new byte[32];
            Assert.True(own.TryAgree(peer.PublicKey.Span, shared));
            return shared;
        }

        Assert.Equal(Agree(alice, bob), Agree(bob, alice));
        Assert.NotEqual(Agree(alice, bob), Agree(alice, carol));
    }

    [Fact]
    public void The_same_source_gives_the_same_key()
    {
        using AgreementKey first = AgreementKey.Generate(Seeded.Source("same"));
        using AgreementKey second = AgreementKey.Generate(Seeded.Source("same"));
        Assert.Equal(first.PublicKey.ToArray(), second.PublicKey.ToArray());
    }

    [Fact]
    public void Generation_rejects_zero_and_the_order_and_takes_the_next_candidate()
    {
        string one = "1".PadLeft(64, '0');
        var source = new ScriptedSource(new string('0', 64), Order, new string('f', 64), one);
        using AgreementKey key = AgreementKey.Generate(source);
        var scalar = new byte[32];
        key.ExportPrivateKey(scalar);
        Assert.Equal(Convert.FromHexString(one), scalar);
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", false)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000001", true)]
    [InlineData("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", true)]
    [InlineData("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", false)]
    [InlineData("ffffffff00000000ffffffffffffffffbce6faada7179e85f3b9cac2fc632550", false)]
    [InlineData("ffffffff00000000fffffffffffffffebce6faada7179e85ffffffffffffffff", true)]
    [InlineData("ffffffff00000001000000000000000000000000000000000000000000000000", false)]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false)]
    [InlineData("01", false)]
    [InlineData("000000000000000000000000000000000000000000000000000000000000000001", false)]
    public void A_private_key_is_an_integer_from_1_to_the_order_less_1_in_32_bytes(string hex, bool isValid)
    {
        byte[] scalar = Convert.FromHexString(hex);
        if (isValid)
        {
            using AgreementKey key = AgreementKey.FromPrivateKey(scalar);
            using SigningKey signer = SigningKey.FromPrivateKey(scalar);
            Assert.Equal(key.PublicKey.ToArray(), signer.PublicKey.ToArray());
            Assert.True(AgreementKey.PublicKeyMatches(scalar, key.PublicKey.Span));
        }
        else
        {
            Assert.Throws<ArgumentException>(() => AgreementKey.FromPrivateKey(scalar));
            Assert.Throws<ArgumentException>(() => SigningKey.FromPrivateKey(scalar));
            Assert.False(AgreementKey.PublicKeyMatches(scalar, new byte[65]));
        }
    }

    [Fact]
    public void Misuse_and_use_after_disposal_are_refused()
    {
        AgreementKey key = AgreementKey.Generate(Seeded.Source("misuse"));
        byte[] peer = key.PublicKey.ToArray();
        Assert.Throws<ArgumentException>(() => key.TryAgree(peer, new byte[31]));
        Assert.Throws<ArgumentException>(() => key.ExportPrivateKey(new byte[33]));
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.TryAgree(peer, new byte[32]));
        Assert.Throws<ObjectDisposedException>(() => key.ExportPrivateKey(new byte[32]));
    }

    private sealed class ScriptedSource(params string[] candidates) : IRandomSource
    {
        private int next;

        public void Fill(Span<byte> destination) => Convert.FromHexString(candidates[next++]).CopyTo(destination);
    }
}
