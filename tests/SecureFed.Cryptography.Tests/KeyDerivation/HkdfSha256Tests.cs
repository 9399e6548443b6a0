using System.Text.Json;
using SecureFed.Cryptography.KeyDerivation;

namespace SecureFed.Cryptography.Tests.KeyDerivation;

public sealed class HkdfSha256Tests
{
    [Fact]
    public void Derived_keys_equal_the_published_ones()
    {
        foreach (JsonElement c in Vector.Cases("hkdf-sha256.json", "cases")) Assert.Equal(c.Bytes("okm"), Derive(c));
    }

    [Fact]
    public void Another_salt_gives_another_key()
    {
        foreach (JsonElement c in Vector.Cases("hkdf-sha256.json", "bad_cases")) Assert.NotEqual(c.Bytes("okm"), Derive(c));
    }

    [Fact]
    public void Empty_and_overlong_outputs_are_refused()
    {
        Assert.Throws<ArgumentException>(() => HkdfSha256.DeriveKey([1], [], [], []));
        Assert.Throws<ArgumentException>(() => HkdfSha256.DeriveKey([1], [], [], new byte[HkdfSha256.MaxOutputBytes + 1]));
        HkdfSha256.DeriveKey([1], [], [], new byte[HkdfSha256.MaxOutputBytes]);
    }

    private static byte[] Derive(JsonElement c)
    {
        var output = new byte[c.Bytes("okm").Length];
        HkdfSha256.DeriveKey(c.Bytes("ikm"), c.Bytes("salt"), c.Bytes("info"), output);
        return output;
    }
}
