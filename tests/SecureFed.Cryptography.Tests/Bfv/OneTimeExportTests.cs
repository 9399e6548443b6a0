using System.Security.Cryptography;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;
using SecureFed.Cryptography.Tests.Seal;
using SecureFed.Cryptography.Tests.Seal.NodeSeal;

namespace SecureFed.Cryptography.Tests.Bfv;

/// <summary>Microsoft SEAL opens the sum of a round with one-time keys.</summary>
public sealed class OneTimeExportTests(SealJudge judge) : IClassFixture<SealJudge>
{
    private static readonly byte[] OpenDigest = SHA256.HashData("exported"u8);

    /// <summary>Updates as large as the ring was sized for: their sum stays in [−t/2, t/2), and reaches both ends of it.</summary>
    [Theory]
    [InlineData(12, 32, 8, (2 * 2048) - 300)]
    [InlineData(12, 24, 16, 2048 + 1)]
    [InlineData(5, 8, 0, 2048)]
    [InlineData(1, 32, 14, 3)]
    [InlineData(1_000, 32, 8, 2048 + 77)]
    [InlineData(1_000, 32, 9, 2048)]
    [InlineData(1_000, 14, 26, 2048)]
    public void SEAL_decrypts_the_exported_sum_to_the_sum_of_the_updates(int clients, int plainBits, int droppedBits, int dimension)
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, plainBits, droppedBits, clients);
        using KeyedRandomSource random = Seeded.Source($"export {clients} {plainBits} {droppedBits}");
        using PublicPolynomials polynomials = new(BfvSet.A1, OpenDigest);
        CiphertextSum sum = new(parameters, dimension);
        var sumOfKeys = new ulong[2048];
        var expected = new uint[dimension];
        for (int i = 0; i < clients; i++)
        {
            uint[] update = Update(random, dimension, clients, plainBits, i == 0);
            Ring.Add(expected, update);
            Add(sum, sumOfKeys, polynomials, update, random);
        }

        Ring.Reduce(expected, plainBits);
        SealSession session = new(judge, new SealSet("exported", 2048, [0x3ffffffffc001], 1UL << plainBits, true));
        Assert.Equal(SealSession.File(session.Context.GetProperty("parameters"), "none"), parameters.Set.ToSeal(plainBits).Write());
        using SealSecretKey secretKey = OneTimeExport.SecretKey(parameters, sumOfKeys);
        Assert.True(session.Loads("secretKey", secretKey.Write()));

        uint[] decrypted = [.. Enumerable.Range(0, OneTimeExport.Polynomials(sum)).SelectMany(j =>
            Decrypted(session, OneTimeExport.Ciphertext(sum, polynomials, j).Write(), secretKey.Write()))];
        Assert.InRange(decrypted.Length, dimension, dimension + 2047);
        Assert.Equal(expected, decrypted[..dimension]);

        var values = new uint[dimension];
        Assert.True(OneTimeDecryption.TryDecrypt(sum, polynomials, sumOfKeys, 0, values, out _));
        Assert.Equal(expected, values);
    }

    [Fact]
    public void SEAL_decrypts_noise_under_another_rounds_key()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 3);
        using KeyedRandomSource random = Seeded.Source("another round");
        using PublicPolynomials polynomials = new(BfvSet.A1, OpenDigest);
        CiphertextSum sum = new(parameters, 2048), other = new(parameters, 2048);
        ulong[] keys = new ulong[2048], otherKeys = new ulong[2048];
        Add(sum, keys, polynomials, new uint[2048], random);
        Add(other, otherKeys, polynomials, new uint[2048], random);
        SealSession session = new(judge, SealSet.A1);
        byte[] file = OneTimeExport.Ciphertext(sum, polynomials, 0).Write();
        using SealSecretKey secretKey = OneTimeExport.SecretKey(parameters, keys), otherKey = OneTimeExport.SecretKey(parameters, otherKeys);
        Assert.All(Decrypted(session, file, secretKey.Write()), value => Assert.Equal(0U, value));
        Assert.True(Decrypted(session, file, otherKey.Write()).Count(value => value > 1 << 20) > 2000);
    }

    /// <summary>The first component is what anyone who adds the uploads gets; the second the round's polynomial, as coefficients.</summary>
    [Fact]
    public void Components_are_the_sum_of_uploads_less_the_mean_of_rounding_and_the_public_polynomial()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 3);
        using KeyedRandomSource random = Seeded.Source("components");
        using PublicPolynomials polynomials = new(BfvSet.A1, OpenDigest);
        CiphertextSum sum = new(parameters, 5);
        var keys = new ulong[2048];
        var words = new ulong[5];
        UInt128[] totals = new UInt128[5];
        for (int i = 0; i < 3; i++)
        {
            Assert.True(WidePacking.TryUnpack(Add(sum, keys, polynomials, [1, 2, 3, 4, 5], random), parameters.PackedBits, words));
            for (int j = 0; j < words.Length; j++) totals[j] += (UInt128)words[j] << 8;
        }

        SealCiphertext exported = OneTimeExport.Ciphertext(sum, polynomials, 0);
        const ulong q = 0x3ffffffffc001;
        Assert.Equal([.. totals.Select(total => (ulong)((total + q - 1) % q)), .. new ulong[2043]], exported.First.ToArray());
        ulong[] second = exported.Second.ToArray();
        BfvSet.A1.Transform.Forward(second);
        var values = new ulong[2048];
        polynomials.Expand(0, values);
        Assert.Equal(values, second);
    }

    [Fact]
    public void What_is_no_sum_of_a_round_is_refused()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 3);
        using KeyedRandomSource random = Seeded.Source("refused export");
        using PublicPolynomials polynomials = new(BfvSet.A1, OpenDigest), foreign = new(BfvSet.S2, OpenDigest);
        CiphertextSum sum = new(parameters, 2049);
        Assert.Throws<ArgumentException>(() => OneTimeExport.Ciphertext(sum, polynomials, 0));
        var keys = new ulong[2048];
        Add(sum, keys, polynomials, new uint[2049], random);
        Assert.Equal(2, OneTimeExport.Polynomials(sum));
        Assert.Throws<ArgumentException>(() => OneTimeExport.Ciphertext(sum, foreign, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OneTimeExport.Ciphertext(sum, polynomials, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => OneTimeExport.Ciphertext(sum, polynomials, -1));
        Assert.Throws<ArgumentException>(() => OneTimeExport.SecretKey(parameters, keys.AsSpan(1)));
        keys[7] = BfvSet.A1.Modulus.Value;
        Assert.Throws<ArgumentException>(() => OneTimeExport.SecretKey(parameters, keys));
        Assert.Throws<ArgumentException>(() => OneTimeExport.SecretKey(BfvParameters.Create(BfvSet.S2, 32, 3), new ulong[2048]));
    }

    private static byte[] Add(CiphertextSum sum, ulong[] sumOfKeys, PublicPolynomials polynomials, uint[] update, IRandomSource random)
    {
        using OneTimeSecretKey key = OneTimeSecretKey.Draw(sum.Parameters.Set, random);
        using OneTimeEncryption encryption = new(sum.Parameters, key, polynomials, random);
        var packed = new byte[WidePacking.PackedBytes(update.Length, sum.Parameters.PackedBits)];
        encryption.Encrypt(update, packed);
        Assert.True(sum.TryAdd(packed));
        ResidueVector.Add(sumOfKeys, key.Coefficients, sum.Parameters.Set.Modulus);
        return packed;
    }

    /// <summary>Uniform in [−t/2n, t/2n); the first two coordinates of the sum are the ends of the centred range.</summary>
    private static uint[] Update(IRandomSource random, int dimension, int clients, int plainBits, bool isFirst)
    {
        long share = (1L << (plainBits - 1)) / clients, half = 1L << (plainBits - 1);
        uint[] update = [.. random.Words(dimension).Select(word => unchecked((uint)((word % (2 * share)) - share)))];
        update[0] = unchecked((uint)(isFirst ? half - 1 - (share * (clients - 1)) : share));
        update[1] = unchecked((uint)(isFirst ? -half + (share * (clients - 1)) : -share));
        return update;
    }

    private static uint[] Decrypted(SealSession session, byte[] file, byte[] secretKey)
    {
        byte[] plaintext = SealSession.File(session.Decrypt(file, secretKey).GetProperty("file"), "none");
        uint[] values = [.. SealPlaintext.Read(plaintext, session.Parameters).Coefficients.ToArray().Select(value => (uint)value)];
        Array.Resize(ref values, session.Parameters.Degree);
        return values;
    }
}
