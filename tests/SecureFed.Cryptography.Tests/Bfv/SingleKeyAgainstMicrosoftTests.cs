using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;
using SecureFed.Cryptography.Tests.Seal;
using SecureFed.Cryptography.Tests.Seal.NodeSeal;

namespace SecureFed.Cryptography.Tests.Bfv;

/// <summary>Microsoft SEAL judges the single-key scheme: keys, encryptions and sums cross over both ways.</summary>
public sealed class SingleKeyAgainstMicrosoftTests(SealJudge judge) : IClassFixture<SealJudge>
{
    public static TheoryData<string, int> Cases => new() { { "S1", 32 }, { "S2", 32 }, { "S1", 17 }, { "S2", 8 } };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Parameters_have_SEALs_name_and_SEAL_holds_them_for_128_bits(string name, int plainBits)
    {
        SealSession session = Session(name, plainBits);
        SealParameters ours = BfvSet.Named(name).ToSeal(plainBits);
        Assert.Equal(session.Context.GetProperty("keyId").GetString(), ours.KeyLevel.Id.ToString());
        Assert.Equal(session.Context.GetProperty("dataId").GetString(), ours.DataLevel.Id.ToString());
        Assert.Equal(SealSession.File(session.Context.GetProperty("parameters"), "none"), ours.Write());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_we_encrypt_under_our_keys_SEAL_adds_and_decrypts(string name, int plainBits)
    {
        SealSession session = Session(name, plainBits);
        using KeyedRandomSource random = Seeded.Source($"ours {name} {plainBits}");
        using SealSecretKey secretKey = SingleKeys.Draw(BfvSet.Named(name).ToSeal(plainBits), random);
        SealPublicKey publicKey = SingleKeys.PublicKeyOf(secretKey, random);
        Assert.True(session.Loads("secretKey", secretKey.Write()));
        Assert.True(session.Loads("publicKey", publicKey.Write(SealCompression.Zlib)));
        AssertSealAdds(session, secretKey, publicKey, random);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_we_encrypt_under_SEALs_keys_SEAL_adds_and_decrypts(string name, int plainBits)
    {
        SealSession session = Session(name, plainBits);
        using KeyedRandomSource random = Seeded.Source($"theirs {name} {plainBits}");
        using SealSecretKey secretKey = SealSecretKey.Read(session.SecretKey("zlib"), session.Parameters);
        AssertSealAdds(session, secretKey, SealPublicKey.Read(session.PublicKey(), session.Parameters), random);
        AssertSealAdds(session, secretKey, SealPublicKey.Read(session.SeededPublicKey(), session.Parameters), random);
    }

    /// <summary>Under SEAL's keys and under ours.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void What_SEAL_encrypts_we_add_and_decrypt(string name, int plainBits)
    {
        SealSession session = Session(name, plainBits);
        using KeyedRandomSource random = Seeded.Source($"read {name} {plainBits}");
        using SealSecretKey ours = SingleKeys.Draw(session.Parameters, random);
        using SealSecretKey theirs = SealSecretKey.Read(session.SecretKey(), session.Parameters);
        foreach ((SealSecretKey secretKey, byte[] publicKey) in ((SealSecretKey, byte[])[])[(ours, SingleKeys.PublicKeyOf(ours, random).Write()), (theirs, session.PublicKey())])
        {
            SingleKeySum sum = new(BfvParameters.Create(BfvSet.Named(name), plainBits, 6));
            var expected = new uint[2048];
            for (int i = 0; i < 3; i++)
            {
                uint[] values = Values(random, plainBits);
                Ring.Add(expected, values);
                Ring.Add(expected, values);
                byte[] plaintext = SealPlaintext.Create(session.Parameters, [.. values.Select(v => (ulong)v)]).Write();
                (System.Text.Json.JsonElement full, System.Text.Json.JsonElement seeded) = session.Encrypt(plaintext, secretKey.Write(), publicKey);
                sum.Add(SealCiphertext.Read(SealSession.File(full, "none"), session.Parameters));
                sum.Add(SealCiphertext.Read(SealSession.File(seeded, "zlib"), session.Parameters));
            }

            Ring.Reduce(expected, plainBits);
            var decrypted = new uint[2048];
            using SingleKeyDecryption decryption = new(secretKey);
            decryption.Decrypt(sum.ToCiphertext(), decrypted);
            Assert.Equal(expected, decrypted);
        }
    }

    /// <summary>SEAL's format has no checksum: this documents that integrity must come from elsewhere (signatures over the bytes).</summary>
    [Fact]
    public void A_flipped_bit_of_a_coefficient_loads_in_both_and_changes_what_is_decrypted_in_the_same_way()
    {
        SealSession session = Session("S1", 32);
        using KeyedRandomSource random = Seeded.Source("flipped");
        using SealSecretKey secretKey = SingleKeys.Draw(session.Parameters, random);
        using SingleKeyEncryption encryption = new(SingleKeys.PublicKeyOf(secretKey, random), random);
        using SingleKeyDecryption decryption = new(secretKey);
        byte[] file = encryption.Encrypt([1, 2, 3]).Write();
        var values = new uint[2048];

        // Bit 40 of the 54 of c₀'s first coefficient: it moves the phase by 2^40, 2^18 units of the plaintext.
        byte[] flipped = [.. file];
        flipped[113 + 5] ^= 1;
        decryption.Decrypt(SealCiphertext.Read(flipped, session.Parameters), values);
        Assert.Equal(1U << 18, Math.Min(unchecked(values[0] - 1), unchecked(1 - values[0])));
        Assert.Equal([2U, 3U, .. new uint[2045]], values[1..]);
        Assert.Equal(values, Decrypted(session, flipped, secretKey));

        // The same bit of c₁ spoils every coefficient.
        flipped = [.. file];
        flipped[113 + (2048 * 8) + 5] ^= 1;
        decryption.Decrypt(SealCiphertext.Read(flipped, session.Parameters), values);
        Assert.True(values.Count(v => v > 3) > 1000);
        Assert.Equal(values, Decrypted(session, flipped, secretKey));
    }

    [Fact]
    public void A_ciphertext_under_other_parameters_is_refused_by_both()
    {
        SealSession session = Session("S1", 32);
        using KeyedRandomSource random = Seeded.Source("foreign");
        foreach (SealParameters other in (SealParameters[])[BfvSet.S1.ToSeal(31), BfvSet.S2.ToSeal(32)])
        {
            using SealSecretKey secretKey = SingleKeys.Draw(other, random);
            using SingleKeySymmetricEncryption encryption = new(secretKey, random);
            byte[] file = encryption.Encrypt([1], isSeeded: false).Write();
            Assert.False(session.Loads("ciphertext", file));
            Assert.False(session.Loads("secretKey", secretKey.Write()));
            Assert.Equal(SealErrorCodes.ParametersMismatch, Assert.Throws<SealFormatException>(() => SealCiphertext.Read(file, session.Parameters)).Code);
        }
    }

    /// <summary>A transparent ciphertext, c₁ = 0, holds its plaintext in the open. SEAL loads it; we do not.</summary>
    [Fact]
    public void A_transparent_ciphertext_is_refused_here_where_SEAL_takes_it()
    {
        SealSession session = Session("S1", 32);
        SealParameters parameters = session.Parameters;
        using KeyedRandomSource random = Seeded.Source("transparent");
        using SealSecretKey secretKey = SingleKeys.Draw(parameters, random);
        using SingleKeySymmetricEncryption encryption = new(secretKey, random);
        byte[] file = encryption.Encrypt([1], isSeeded: false).Write();
        file.AsSpan(113 + (2048 * 8)).Clear();
        Assert.True(session.Loads("ciphertext", file));
        Assert.Equal(SealErrorCodes.Transparent, Assert.Throws<SealFormatException>(() => SealCiphertext.Read(file, parameters)).Code);
    }

    private SealSession Session(string name, int plainBits)
    {
        BfvSet set = BfvSet.Named(name);
        return new SealSession(judge, new SealSet(name, set.Degree, [set.Modulus.Value], 1UL << plainBits, true));
    }

    /// <summary>Public-key, symmetric and seeded encryptions, added by SEAL and decrypted by both.</summary>
    private static void AssertSealAdds(SealSession session, SealSecretKey secretKey, SealPublicKey publicKey, IRandomSource random)
    {
        int plainBits = System.Numerics.BitOperations.Log2(session.Parameters.PlainModulus);
        using SingleKeyEncryption encryption = new(publicKey, random);
        using SingleKeySymmetricEncryption symmetric = new(secretKey, random);
        using SingleKeyDecryption decryption = new(secretKey);
        uint[][] updates = [Values(random, plainBits), Values(random, plainBits), Values(random, plainBits)];
        byte[][] files = [encryption.Encrypt(updates[0]).Write(), symmetric.Encrypt(updates[1], isSeeded: false).Write(), symmetric.Encrypt(updates[2], isSeeded: true).Write(SealCompression.Zlib)];
        for (int i = 0; i < files.Length; i++) Assert.Equal(updates[i], Decrypted(session, files[i], secretKey));

        uint[] expected = [.. updates[0]];
        Ring.Add(expected, updates[1]);
        Ring.Add(expected, updates[2]);
        Ring.Reduce(expected, plainBits);
        byte[] sum = session.Add(files);
        Assert.Equal(expected, Decrypted(session, sum, secretKey));
        var values = new uint[2048];
        decryption.Decrypt(SealCiphertext.Read(sum, session.Parameters), values);
        Assert.Equal(expected, values);
    }

    private static uint[] Decrypted(SealSession session, byte[] file, SealSecretKey secretKey)
    {
        byte[] plaintext = SealSession.File(session.Decrypt(file, secretKey.Write()).GetProperty("file"), "none");
        uint[] values = [.. SealPlaintext.Read(plaintext, session.Parameters).Coefficients.ToArray().Select(v => (uint)v)];
        Array.Resize(ref values, session.Parameters.Degree);
        return values;
    }

    /// <summary>Uniform, with both ends of the range.</summary>
    private static uint[] Values(IRandomSource random, int plainBits)
    {
        uint[] values = random.Words(2048);
        (values[0], values[1], values[2]) = (uint.MaxValue, 0, 1U << (plainBits - 1));
        Ring.Reduce(values, plainBits);
        return values;
    }
}
