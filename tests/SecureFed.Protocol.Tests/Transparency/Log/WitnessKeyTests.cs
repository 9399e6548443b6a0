using System.Security.Cryptography;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Protocol.Tests.Transparency.Log;

public sealed class WitnessKeyTests
{
    // The example key of Go's golang.org/x/mod/sumdb/note.
    private const string GoSecret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    private const string GoPublic = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    [Fact]
    public void A_key_of_the_go_note_package_is_read_and_written_back()
    {
        Assert.True(WitnessKey.TryParse(GoSecret, out WitnessKey? key));
        Assert.Equal(GoSecret, key!.Export());
        Assert.True(NoteVerifier.TryParse(GoPublic, out NoteVerifier? go));
        Assert.Equal(go!.Key.ToArray(), key.Verifier.Key.ToArray());

        // The same key as a cosigner has another type and so another id.
        Assert.Equal(("PeterNeumann", NoteKeyType.Cosignature), (key.Verifier.Name, key.Verifier.Type));
        byte[] id = SHA256.HashData([.. "PeterNeumann\n"u8, 0x04, .. go.Key.Span]);
        Assert.StartsWith($"PeterNeumann+{Convert.ToHexStringLower(id[..4])}+B", key.Verifier.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_written_as_a_cosigners_is_the_same_key()
    {
        Assert.True(WitnessKey.TryParse(GoSecret, out WitnessKey? key));
        byte[] seed = Convert.FromBase64String(GoSecret.Split('+', 5)[4])[1..];
        string text = $"PRIVATE+KEY+PeterNeumann+{key!.Verifier.ToString().Split('+')[1]}+{Convert.ToBase64String([0x04, .. seed])}";
        Assert.True(WitnessKey.TryParse(text, out WitnessKey? same));
        Assert.Equal(key.Verifier, same!.Verifier);
        Assert.Equal(Ed25519.PublicKeyOf(seed), same.Verifier.Key.ToArray());
    }

    [Theory]
    [InlineData("PRIVATE+KEY+", "PUBLIC+KEY+")]
    [InlineData("PRIVATE+KEY+", "")]
    [InlineData("PeterNeumann", "Peter Neumann")]
    [InlineData("PeterNeumann", "")]
    [InlineData("PeterNeumann", "PeterNewmann")]
    [InlineData("c74f20a3", "c74f20a4")]
    [InlineData("c74f20a3", "C74F20A3")]
    [InlineData("+AYEK", "+AoEK")]
    [InlineData("+AYEK", "+BIEK")]
    [InlineData("KDFz", "KDFy")]
    [InlineData("KDFz", "KA==")]
    [InlineData("KDFz", "KDFz\n")]
    [InlineData("+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "+")]
    [InlineData("+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "")]
    public void Anything_else_is_no_key(string from, string to)
    {
        string bad = GoSecret.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(GoSecret, bad);
        Assert.False(WitnessKey.TryParse(bad, out WitnessKey? key));
        Assert.Null(key);
    }

    [Fact]
    public void A_fresh_key_is_read_back_and_does_not_print_its_secret()
    {
        using WitnessKey key = WitnessKey.Generate("witness.test/w1", Seeded.Source("fresh witness"));
        string secret = key.Export();
        Assert.True(WitnessKey.TryParse(secret, out WitnessKey? read));
        Assert.Equal(key.Verifier, read!.Verifier);
        Assert.DoesNotContain(secret.Split('+', 5)[4][2..], key.ToString(), StringComparison.Ordinal);
        Assert.False(WitnessKey.TryParse(null, out _));
        foreach (string name in (string[])["", "two words", "a+b", "tab\t"])
            Assert.Throws<ArgumentException>(() => WitnessKey.Generate(name, Seeded.Source("name")));
    }
}
