using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Bfv;

/// <summary>What any engine must do: a test class for one derives from this, and this file needs nothing beside the library.</summary>
public abstract class SingleKeyEngineContract
{
    private const int Degree = 2048;

    public static TheoryData<string, int> Sets => new() { { "S1", 32 }, { "S2", 32 }, { "S1", 20 }, { "S2", 8 } };

    protected abstract ISingleKeyEngine Engine { get; }

    private CheckedSingleKeyEngine Checked => new(Engine);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Decrypts_what_it_encrypts_whatever_the_length(string set, int bits)
    {
        SealParameters parameters = BfvSet.Named(set).ToSeal(bits);
        using KeyedRandomSource random = Random($"length {set} {bits}");
        (SealSecretKey secretKey, SealPublicKey publicKey) = Checked.DrawKeys(parameters, random);
        using (secretKey)
        {
            foreach (int length in (int[])[1, Degree - 1, Degree, Degree + 1, (2 * Degree) + 7])
            {
                uint[] values = Words(random, length, bits);
                IReadOnlyList<SealCiphertext> ciphertexts = Checked.Encrypt(publicKey, values, random);
                Assert.Equal((length + Degree - 1) / Degree, ciphertexts.Count);
                uint[] decrypted = Garbage(length);
                Checked.Decrypt(secretKey, ciphertexts, decrypted);
                Assert.Equal(values, decrypted);
            }
        }
    }

    /// <summary>SEAL trims a plaintext to its highest coefficient that is not zero: what is missing is zero, not what stood in the buffer.</summary>
    [Theory]
    [MemberData(nameof(Sets))]
    public void Zeros_at_the_end_are_values(string set, int bits)
    {
        SealParameters parameters = BfvSet.Named(set).ToSeal(bits);
        using KeyedRandomSource random = Random($"zeros {set} {bits}");
        (SealSecretKey secretKey, SealPublicKey publicKey) = Checked.DrawKeys(parameters, random);
        using (secretKey)
        {
            foreach (uint[] values in (uint[][])[new uint[Degree], [1, .. new uint[Degree + 9]], [.. new uint[Degree], uint.MaxValue >> (32 - bits)]])
            {
                uint[] decrypted = Garbage(values.Length);
                Checked.Decrypt(secretKey, Checked.Encrypt(publicKey, values, random), decrypted);
                Assert.Equal(values, decrypted);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Sums_of_its_ciphertexts_are_exact_with_wrap_around(string set, int bits)
    {
        const int clients = 40;
        BfvParameters arithmetic = BfvParameters.Create(BfvSet.Named(set), bits, clients);
        using KeyedRandomSource random = Random($"sum {set} {bits}");
        (SealSecretKey secretKey, SealPublicKey publicKey) = Checked.DrawKeys(arithmetic.Set.ToSeal(bits), random);
        using (secretKey)
        {
            SingleKeySum sum = new(arithmetic);
            uint[] expected = new uint[Degree];
            for (int i = 0; i < clients; i++)
            {
                uint[] values = Words(random, Degree, bits);
                Ring.Add(expected, values);
                sum.Add(Checked.Encrypt(publicKey, values, random)[0]);
            }

            Ring.Reduce(expected, bits);
            uint[] decrypted = Garbage(Degree);
            Checked.Decrypt(secretKey, [sum.ToCiphertext()], decrypted);
            Assert.Equal(expected, decrypted);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Understands_our_keys_and_ciphertexts_and_we_its_own(string set, int bits)
    {
        SealParameters parameters = BfvSet.Named(set).ToSeal(bits);
        using KeyedRandomSource random = Random($"cross {set} {bits}");
        using SealSecretKey ours = SingleKeys.Draw(parameters, random);
        (SealSecretKey theirs, SealPublicKey publicKey) = Checked.DrawKeys(parameters, random);
        using (theirs)
        {
            uint[] values = Words(random, Degree, bits);
            uint[] decrypted = Garbage(Degree);
            using (SingleKeyDecryption decryption = new(ours))
                decryption.Decrypt(Checked.Encrypt(SingleKeys.PublicKeyOf(ours, random), values, random)[0], decrypted);
            Assert.Equal(values, decrypted);

            using SingleKeyEncryption encryption = new(publicKey, random);
            decrypted = Garbage(Degree);
            Checked.Decrypt(theirs, [encryption.Encrypt(values)], decrypted);
            Assert.Equal(values, decrypted);

            using SingleKeySymmetricEncryption symmetric = new(ours, random);
            decrypted = Garbage(Degree);
            Checked.Decrypt(ours, [symmetric.Encrypt(values, isSeeded: true)], decrypted);
            Assert.Equal(values, decrypted);
        }
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Keys_and_ciphertexts_are_fresh_every_time(string set, int bits)
    {
        SealParameters parameters = BfvSet.Named(set).ToSeal(bits);
        using KeyedRandomSource random = Random($"fresh {set} {bits}");
        (SealSecretKey secretKey, SealPublicKey publicKey) = Checked.DrawKeys(parameters, random);
        (SealSecretKey otherSecret, SealPublicKey otherKey) = Checked.DrawKeys(parameters, random);
        using (secretKey)
        using (otherSecret)
        {
            Assert.False(secretKey.Words.SequenceEqual(otherSecret.Words));
            Assert.False(publicKey.First.SequenceEqual(otherKey.First));
            Assert.False(publicKey.Second.SequenceEqual(otherKey.Second));
            uint[] values = new uint[2 * Degree];
            IReadOnlyList<SealCiphertext> ciphertexts = Checked.Encrypt(publicKey, values, random);
            Assert.False(ciphertexts[0].First.SequenceEqual(ciphertexts[1].First));
            Assert.False(ciphertexts[0].Second.SequenceEqual(ciphertexts[1].Second));
        }
    }

    /// <summary>−(a·s + e) + a·s = −e: 21 at most, and s of −1, 0 and 1 only.</summary>
    [Theory]
    [MemberData(nameof(Sets))]
    public void Keys_are_small(string set, int bits)
    {
        SealParameters parameters = BfvSet.Named(set).ToSeal(bits);
        PrimeModulus q = parameters.KeyLevel.Primes[0];
        NumberTheoreticTransform transform = new(q, Degree);
        using KeyedRandomSource random = Random($"small {set} {bits}");
        (SealSecretKey secretKey, SealPublicKey publicKey) = Checked.DrawKeys(parameters, random);
        using (secretKey)
        {
            ulong[] error = new ulong[Degree];
            transform.Multiply(publicKey.Second, secretKey.Words, error);
            for (int i = 0; i < Degree; i++) error[i] = q.Add(error[i], publicKey.First[i]);
            transform.Inverse(error);
            Assert.All(error, e => Assert.InRange(q.Center(e), -21, 21));
            ulong[] secret = secretKey.Words.ToArray();
            transform.Inverse(secret);
            Assert.All(secret, s => Assert.InRange(q.Center(s), -1, 1));
            Assert.Equal(3, secret.Distinct().Count());
        }
    }

    [Fact]
    public void Says_what_it_is() => Assert.NotEmpty(Checked.Name);

    /// <summary>Longer than any value, so that what is not written is seen.</summary>
    private static uint[] Garbage(int length)
    {
        uint[] garbage = new uint[length];
        garbage.AsSpan().Fill(0xdeadbeef);
        return garbage;
    }

    private static uint[] Words(KeyedRandomSource random, int count, int bits)
    {
        byte[] bytes = new byte[count * sizeof(uint)];
        random.Fill(bytes);
        uint[] words = new uint[count];
        Buffer.BlockCopy(bytes, 0, words, 0, bytes.Length);
        Ring.Reduce(words, bits);
        return words;
    }

    private static KeyedRandomSource Random(string name) => new(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
}
