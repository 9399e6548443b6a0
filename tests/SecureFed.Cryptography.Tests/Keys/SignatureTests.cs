using System.Text;
using System.Text.Json;
using SecureFed.Cryptography.Keys;

namespace SecureFed.Cryptography.Tests.Keys;

public sealed class SignatureTests
{
    [Theory]
    [InlineData("ecdsa-p256-rfc6979.json")]
    [InlineData("ecdsa-p256-wycheproof.json")]
    public void Published_signatures_verify(string file)
    {
        foreach (JsonElement c in Vector.Cases(file, "cases"))
        {
            Assert.True(Signature.Verify(c.Bytes("public"), c.Bytes("message"), c.Bytes("signature")), c.Text("comment"));
        }
    }

    [Theory]
    [InlineData("ecdsa-p256-rfc6979.json")]
    [InlineData("ecdsa-p256-wycheproof.json")]
    public void Forged_and_malformed_signatures_do_not(string file)
    {
        foreach (JsonElement c in Vector.Cases(file, "bad_cases"))
        {
            Assert.False(Signature.Verify(c.Bytes("public"), c.Bytes("message"), c.Bytes("signature")), c.Text("comment"));
            Assert.True(VerificationKey.TryCreate(c.Bytes("public"), out VerificationKey? key));
            using (key) Assert.False(key.Verify(c.Bytes("message"), c.Bytes("signature")), c.Text("comment"));
        }
    }

    [Fact]
    public void Malformed_public_keys_yield_false()
    {
        foreach (JsonElement c in Vector.Cases("ecdh-p256-cavs.json", "bad_cases"))
        {
            Assert.False(Signature.Verify(c.Bytes("public"), [1], new byte[64]), c.Text("comment"));
            Assert.False(VerificationKey.TryCreate(c.Bytes("public"), out VerificationKey? key));
            Assert.Null(key);
        }
    }

    [Fact]
    public void The_public_key_of_the_RFC_follows_from_its_private_key()
    {
        JsonElement vectors = Vector.Open("ecdsa-p256-rfc6979.json");
        using SigningKey key = SigningKey.FromPrivateKey(vectors.Bytes("private"));
        Assert.Equal(vectors.Bytes("public"), key.PublicKey.ToArray());
    }

    [Fact]
    public void A_signature_verifies_under_its_key_and_message_only()
    {
        using SigningKey key = SigningKey.Generate(Seeded.Source("signer"));
        using SigningKey other = SigningKey.Generate(Seeded.Source("other"));
        byte[] message = Encoding.UTF8.GetBytes("round 7");
        byte[] signature = key.Sign(message);
        Assert.Equal(P256.SignatureBytes, signature.Length);
        Assert.True(Signature.Verify(key.PublicKey.Span, message, signature));
        Assert.False(Signature.Verify(other.PublicKey.Span, message, signature));
        Assert.False(Signature.Verify(key.PublicKey.Span, Encoding.UTF8.GetBytes("round 8"), signature));
        Assert.True(Signature.Verify(key.PublicKey.Span, [], key.Sign([])));
    }

    [Fact]
    public void Concurrent_signing_and_verifying_gives_only_good_signatures()
    {
        using SigningKey key = SigningKey.Generate(Seeded.Source("concurrent"));
        Assert.True(VerificationKey.TryCreate(key.PublicKey.Span, out VerificationKey? verification));
        using (verification)
        {
            int good = 0;
            Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
            {
                byte[] message = BitConverter.GetBytes(i);
                if (verification.Verify(message, key.Sign(message))) Interlocked.Increment(ref good);
            });
            Assert.Equal(400, good);
        }
    }

    [Fact]
    public void A_signing_key_survives_export_and_is_refused_after_disposal()
    {
        SigningKey key = SigningKey.Generate(Seeded.Source("export"));
        var scalar = new byte[32];
        key.ExportPrivateKey(scalar);
        using SigningKey again = SigningKey.FromPrivateKey(scalar);
        Assert.Equal(key.PublicKey.ToArray(), again.PublicKey.ToArray());
        Assert.Throws<ArgumentException>(() => key.ExportPrivateKey(new byte[31]));
        Assert.DoesNotContain(Convert.ToHexStringLower(scalar), key.ToString(), StringComparison.OrdinalIgnoreCase);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.Sign([1]));
        Assert.Throws<ObjectDisposedException>(() => key.ExportPrivateKey(scalar));
    }

    [Fact]
    public void A_disposed_verification_key_is_refused()
    {
        using SigningKey key = SigningKey.Generate(Seeded.Source("disposed"));
        Assert.True(VerificationKey.TryCreate(key.PublicKey.Span, out VerificationKey? verification));
        verification.Dispose();
        Assert.Throws<ObjectDisposedException>(() => verification.Verify([1], new byte[64]));
    }
}
