using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests;

public sealed class SecretTests
{
    [Fact]
    public void A_secret_copies_its_input_and_compares_by_value()
    {
        byte[] bytes = [1, 2, 3];
        using var secret = new Secret(bytes);
        bytes[0] = 9;
        Assert.Equal([1, 2, 3], secret.Span.ToArray());
        Assert.True(secret.FixedTimeEquals([1, 2, 3]));
        Assert.False(secret.FixedTimeEquals([1, 2, 4]));
        Assert.False(secret.FixedTimeEquals([1, 2]));
    }

    [Fact]
    public void Text_does_not_show_the_value()
    {
        using var secret = new Secret([0xab, 0xcd]);
        string text = secret.ToString();
        Assert.DoesNotContain("ab", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("171", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Disposal_zeroes_the_bytes_and_forbids_further_use()
    {
        var secret = new Secret([1, 2, 3]);
        ReadOnlySpan<byte> view = secret.Span;
        secret.Dispose();
        Assert.Equal([0, 0, 0], view.ToArray());
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => secret.FixedTimeEquals([0, 0, 0]));
        secret.Dispose();
    }

    [Fact]
    public void Random_secrets_follow_their_source()
    {
        using KeyedRandomSource a = Seeded.Source("secret");
        using KeyedRandomSource b = Seeded.Source("secret");
        using Secret first = Secret.Random(32, a);
        using Secret second = Secret.Random(32, a);
        using Secret again = Secret.Random(32, b);
        Assert.True(first.FixedTimeEquals(again.Span));
        Assert.False(first.FixedTimeEquals(second.Span));
        Assert.Throws<ArgumentOutOfRangeException>(() => Secret.Random(-1, a));
    }
}
