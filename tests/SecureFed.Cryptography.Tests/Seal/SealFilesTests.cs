using System.Security.Cryptography;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Seal;

/// <summary>Without Node: files that Microsoft SEAL wrote, and what it made of them.</summary>
public sealed class SealFilesTests
{
    private static SealParameters Parameters => SealFiles.Parameters;

    [Fact]
    public void Parameters_are_read_and_named_as_SEAL_names_them()
    {
        foreach (string name in new[] { "parameters", "parameters-zlib" })
        {
            SealParameters read = SealParameters.Read(SealFiles.Read(name));
            Assert.Equal(SealFiles.Expected.GetProperty("keyId").GetString(), read.KeyLevel.Id.ToString());
            Assert.Equal(SealFiles.Expected.GetProperty("dataId").GetString(), read.DataLevel.Id.ToString());
            Assert.Equal(SealFiles.Read("parameters"), read.Write());
        }
    }

    [Fact]
    public void Keys_are_written_again_as_SEAL_wrote_them()
    {
        using SealSecretKey secretKey = SealSecretKey.Read(SealFiles.Read("secret-key-zlib"), Parameters);
        AssertDigest("secret-key", secretKey.Write());
        AssertDigest("public-key", SealPublicKey.Read(SealFiles.Read("public-key-zlib"), Parameters).Write());
        SealPublicKey seeded = SealPublicKey.Read(SealFiles.Read("public-key-seeded-zlib"), Parameters);
        AssertDigest("public-key-seeded", seeded.Write());
        AssertDigest("public-key-expanded", SealPublicKey.Create(Parameters, [.. seeded.First, .. seeded.Second]).Write());
    }

    [Fact]
    public void Plaintexts_hold_the_polynomial_that_SEAL_prints()
    {
        SealPlaintext plaintext = SealPlaintext.Read(SealFiles.Read("plaintext-zlib"), Parameters);
        AssertDigest("plaintext", plaintext.Write());
        string text = string.Join(" + ", Enumerable.Range(0, plaintext.Coefficients.Length).Reverse().Where(i => plaintext.Coefficients[i] != 0)
            .Select(i => i == 0 ? $"{plaintext.Coefficients[0]:X}" : $"{plaintext.Coefficients[i]:X}x^{i}"));
        Assert.Equal(SealFiles.Expected.GetProperty("plaintextText").GetString(), text);
    }

    [Fact]
    public void Ciphertexts_expand_and_add_as_in_SEAL()
    {
        SealCiphertext full = SealCiphertext.Read(SealFiles.Read("ciphertext"), Parameters);
        SealCiphertext seeded = SealCiphertext.Read(SealFiles.Read("ciphertext-seeded"), Parameters);
        AssertDigest("ciphertext", full.Write());
        AssertDigest("ciphertext", SealCiphertext.Read(SealFiles.Read("ciphertext-zlib"), Parameters).Write());
        AssertDigest("ciphertext-seeded", seeded.Write());
        AssertDigest("ciphertext-seeded", SealCiphertext.Read(SealFiles.Read("ciphertext-seeded-zlib"), Parameters).Write());
        AssertDigest("ciphertext-expanded", SealCiphertext.Create(Parameters, [.. seeded.First, .. seeded.Second]).Write());
        AssertDigest("sum", SealCiphertext.Sum([full, seeded]).Write());
    }

    [Theory]
    [MemberData(nameof(SealFiles.Readable), MemberType = typeof(SealFiles))]
    public void What_is_written_with_zlib_is_read_again(string name, string kind)
    {
        byte[] file = SealFiles.Read(name);
        byte[] plain = Rewrite(kind, file, SealCompression.None);
        Assert.Equal(plain, Rewrite(kind, Rewrite(kind, file, SealCompression.Zlib), SealCompression.None));
    }

    [Fact]
    public void Objects_of_every_minor_version_of_4_are_read_and_written_as_4_1()
    {
        byte[] file = SealFiles.Read("ciphertext-seeded");
        foreach (byte minor in new byte[] { 0, 2, 4, 255 })
        {
            byte[] other = [.. file];
            int[] headers = [0, 89, file.Length - 81];
            foreach (int header in headers)
            {
                Assert.Equal(0x5e, other[header]);
                Assert.Equal(1, other[header + 4]);
                other[header + 4] = minor;
            }

            Assert.Equal(file, SealCiphertext.Read(other, Parameters).Write());
        }
    }

    [Fact]
    public void The_built_in_sets_are_found_by_the_name_their_ciphertexts_carry()
    {
        foreach (SealParameters set in SealParameters.BuiltIn)
            Assert.Same(set, SealParameters.Find(set.DataLevel.Id));
        Assert.Null(SealParameters.Find(Parameters.DataLevel.Id));
    }

    private static byte[] Rewrite(string kind, byte[] file, SealCompression compression)
    {
        switch (kind)
        {
            case "ciphertext": return SealCiphertext.Read(file, Parameters).Write(compression);
            case "plaintext": return SealPlaintext.Read(file, Parameters).Write(compression);
            case "publicKey": return SealPublicKey.Read(file, Parameters).Write(compression);
            case "secretKey":
                using (SealSecretKey key = SealSecretKey.Read(file, Parameters)) return key.Write(compression);
            default: return SealParameters.Read(file).Write(compression);
        }
    }

    private static void AssertDigest(string name, byte[] file) =>
        Assert.Equal(SealFiles.Expected.GetProperty("sha256").GetProperty(name).GetString(), Convert.ToHexStringLower(SHA256.HashData(file)));
}
