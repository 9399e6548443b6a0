using System.Reflection;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Bfv;

/// <summary>The scheme by itself; that Microsoft SEAL agrees is <see cref="SingleKeyAgainstMicrosoftTests"/>.</summary>
public class SingleKeyEncryptionTests
{
    [Theory]
    [InlineData("S1", 32)]
    [InlineData("S1", 24)]
    [InlineData("S2", 30)]
    [InlineData("S2", 1)]
    public void Sums_are_exact_with_wrap_around(string name, int plainBits)
    {
        const int clients = 30, dimension = 2048;
        BfvParameters parameters = BfvParameters.Create(BfvSet.Named(name), plainBits, clients);
        using KeyedRandomSource random = Seeded.Source($"single {name} {plainBits}");
        using Holder holder = new(parameters, random);
        SingleKeySum sum = new(parameters);
        var expected = new uint[dimension];
        for (int i = 0; i < clients; i++)
        {
            uint[] update = random.Words(dimension);
            Ring.Add(expected, update);
            sum.Add((i % 3) switch
            {
                0 => holder.Symmetric.Encrypt(update, isSeeded: true),
                1 => holder.Symmetric.Encrypt(update, isSeeded: false),
                _ => holder.Public.Encrypt(update),
            });
        }

        Ring.Reduce(expected, plainBits);
        var values = new uint[dimension];
        holder.Decryption.Decrypt(sum.ToCiphertext(), values);
        Assert.Equal(expected, values);
        Assert.Throws<InvalidOperationException>(() => sum.Add(sum.ToCiphertext()));
    }

    [Fact]
    public void Fewer_values_than_coefficients_are_followed_by_zeros()
    {
        using KeyedRandomSource random = Seeded.Source("few");
        using Holder holder = new(BfvParameters.Create(BfvSet.S1, 32, 1), random);
        uint[] few = [7, uint.MaxValue, 0, 1];
        foreach (SealCiphertext ciphertext in (SealCiphertext[])[holder.Public.Encrypt(few), holder.Symmetric.Encrypt(few, true), holder.Symmetric.Encrypt(few, false)])
        {
            var values = new uint[2048];
            holder.Decryption.Decrypt(ciphertext, values);
            Assert.Equal([.. few, .. new uint[2044]], values);
            var first = new uint[2];
            holder.Decryption.Decrypt(ciphertext, first);
            Assert.Equal(few[..2], first);
        }
    }

    /// <summary>n·σ²(4N/3 + 1), σ² = 10.5: e·u and e₂·s of N products each, a third of the ternary factors zero, and e₁.</summary>
    [Theory]
    [InlineData("S1", 1)]
    [InlineData("S1", 25)]
    [InlineData("S2", 25)]
    public void Noise_of_sums_is_that_of_theory(string name, int clients)
    {
        const int polynomials = 8, degree = 2048;
        BfvParameters parameters = BfvParameters.Create(BfvSet.Named(name), 32, clients);
        using KeyedRandomSource random = Seeded.Source($"noise {name} {clients}");
        using Holder holder = new(parameters, random);
        double squares = 0;
        for (int polynomial = 0; polynomial < polynomials; polynomial++)
        {
            SingleKeySum sum = new(parameters);
            for (int i = 0; i < clients; i++) sum.Add(holder.Public.Encrypt([]));
            squares += Phases(sum.ToCiphertext(), holder.SecretKey, parameters.Set).Sum(phase => Math.Pow(parameters.Set.Modulus.Center(phase), 2));
        }

        // The deviation of 16,384 coefficients is off by 0.6 % (one standard deviation).
        double theory = Math.Sqrt(clients * 10.5 * ((4 * degree / 3.0) + 1));
        Assert.Equal(1, Math.Sqrt(squares / (polynomials * degree)) / theory, 0.05);
        Assert.Equal(theory, parameters.NoiseDeviation, 1e-6);
    }

    [Fact]
    public void Symmetric_noise_is_binomial_of_variance_10_5()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.S2, 32, 1);
        using KeyedRandomSource random = Seeded.Source("binomial");
        using Holder holder = new(parameters, random);
        var counts = new double[43];
        const int polynomials = 16;
        for (int i = 0; i < polynomials; i++)
        {
            // At most 21 in absolute value: another index throws.
            foreach (ulong phase in Phases(holder.Symmetric.Encrypt([], i % 2 == 0), holder.SecretKey, parameters.Set)) counts[parameters.Set.Modulus.Center(phase) + 21]++;
        }

        // The difference of two sums of 21 bits is a sum of 42 bits, less 21. Chi-square over −10 … 10: 21 classes and one for the rest, mean 21, deviation 6.5.
        double total = polynomials * 2048, expectedRest = total, rest = total, chi = 0;
        for (int e = -10; e <= 10; e++)
        {
            double expected = total * Binomial(42, e + 21) / Math.Pow(2, 42);
            chi += Math.Pow(counts[e + 21] - expected, 2) / expected;
            (expectedRest, rest) = (expectedRest - expected, rest - counts[e + 21]);
        }

        chi += Math.Pow(rest - expectedRest, 2) / expectedRest;
        Assert.InRange(chi, 4, 60);
    }

    [Fact]
    public void Secret_keys_are_ternary_and_uniform()
    {
        BfvSet set = BfvSet.S1;
        using KeyedRandomSource random = Seeded.Source("ternary");
        var counts = new int[3];
        for (int i = 0; i < 16; i++)
        {
            using SealSecretKey key = SingleKeys.Draw(set.ToSeal(32), random);
            ulong[] coefficients = key.Words.ToArray();
            set.Transform.Inverse(coefficients);
            foreach (ulong coefficient in coefficients) counts[set.Modulus.Center(coefficient) + 1]++;
        }

        // 32,768 coefficients: 10,923 each, standard deviation 85; five of them.
        Assert.All(counts, count => Assert.InRange(count, 10_497, 11_349));
    }

    [Fact]
    public void Public_keys_hide_the_secret_by_binomial_errors()
    {
        BfvSet set = BfvSet.S2;
        using KeyedRandomSource random = Seeded.Source("public key");
        using SealSecretKey secretKey = SingleKeys.Draw(set.ToSeal(16), random);
        SealPublicKey publicKey = SingleKeys.PublicKeyOf(secretKey, random), second = SingleKeys.PublicKeyOf(secretKey, random);
        Assert.False(publicKey.Second.SequenceEqual(second.Second));
        var errors = new ulong[set.Degree];
        set.Transform.Multiply(publicKey.Second, secretKey.Words, errors);
        ResidueVector.Add(errors, publicKey.First, set.Modulus);
        set.Transform.Inverse(errors);
        Assert.All(errors, e => Assert.InRange(set.Modulus.Center(e), -21, 21));
        // One standard deviation of the mean square of 2,048 is 3 %.
        Assert.Equal(10.5, errors.Average(e => Math.Pow(set.Modulus.Center(e), 2)), 1.6);
    }

    [Fact]
    public void Ciphertexts_of_the_same_values_are_uniform_and_not_alike()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.S2, 32, 10);
        using KeyedRandomSource random = Seeded.Source("alike");
        using Holder holder = new(parameters, random);
        SealCiphertext[] ciphertexts = [holder.Public.Encrypt([]), holder.Public.Encrypt([]), holder.Symmetric.Encrypt([], false), holder.Symmetric.Encrypt([], true), holder.Symmetric.Encrypt([], true)];
        Assert.Equal(10, ciphertexts.SelectMany(c => new[] { c.First[0], c.Second[0] }).Distinct().Count());
        foreach (SealCiphertext ciphertext in ciphertexts)
        {
            foreach (ulong[] component in (ulong[][])[ciphertext.First.ToArray(), ciphertext.Second.ToArray()])
            {
                // 2,048 words by their upper 6 bits (of 50): chi-square of 64 classes has mean 63 and deviation 11.2; 142 is seven of them.
                double chi = Enumerable.Range(0, 64).Sum(c => Math.Pow(component.Count(w => (int)(w >> 44) == c) - 32.0, 2) / 32);
                Assert.InRange(chi, 0, 142);
            }
        }
    }

    [Fact]
    public void Other_rings_parameters_and_lengths_are_refused()
    {
        using KeyedRandomSource random = Seeded.Source("refused");
        SealParameters small = SealParameters.Create(1024, [0x7e00001], 1 << 12);
        SealParameters odd = SealParameters.Create(2048, [0x3fffffff000001], 65537);
        SealParameters large = SealParameters.Create(2048, [0x3fffffff000001], 1UL << 33);
        foreach (SealParameters other in (SealParameters[])[small, odd, large])
        {
            Assert.Null(BfvSet.Find(other));
            Assert.Throws<ArgumentException>(() => SingleKeys.Draw(other, random));
        }

        Assert.Same(BfvSet.S2, BfvSet.Find(BfvSet.A1.ToSeal(20)));
        using Holder holder = new(BfvParameters.Create(BfvSet.S1, 32, 2), random);
        using Holder other16 = new(BfvParameters.Create(BfvSet.S1, 16, 2), random);
        Assert.Throws<ArgumentException>(() => holder.Public.Encrypt(new uint[2049]));
        Assert.Throws<ArgumentException>(() => holder.Symmetric.Encrypt(new uint[2049], true));
        Assert.Throws<ArgumentException>(() => holder.Decryption.Decrypt(holder.Public.Encrypt([]), new uint[2049]));
        Assert.Throws<ArgumentException>(() => holder.Decryption.Decrypt(other16.Public.Encrypt([]), new uint[1]));
        Assert.Throws<ArgumentException>(() => new SingleKeySum(BfvParameters.Create(BfvSet.A1, 32, 2)));
        SingleKeySum sum = new(BfvParameters.Create(BfvSet.S1, 32, 2));
        Assert.Throws<InvalidOperationException>(sum.ToCiphertext);
        Assert.Throws<ArgumentException>(() => sum.Add(other16.Public.Encrypt([])));
        Assert.Equal(0, sum.Clients);
    }

    [Fact]
    public void A_sum_whose_second_components_cancel_is_refused()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.S1, 32, 2);
        using KeyedRandomSource random = Seeded.Source("cancel");
        using Holder holder = new(parameters, random);
        SealCiphertext honest = holder.Public.Encrypt([1, 2, 3]);
        ulong[] negative = new ulong[4096];
        for (int i = 2048; i < 4096; i++) negative[i] = parameters.Set.Modulus.Negate(honest.Second[i - 2048]);
        SingleKeySum sum = new(parameters);
        sum.Add(honest);
        sum.Add(SealCiphertext.Create(sum.SealParameters, negative));
        Assert.Equal(SealErrorCodes.Transparent, Assert.Throws<SealFormatException>(sum.ToCiphertext).Code);
    }

    [Fact]
    public void Nothing_secret_is_left_after_disposal()
    {
        using KeyedRandomSource random = Seeded.Source("single left");
        Holder holder = new(BfvParameters.Create(BfvSet.S1, 32, 2), random);
        holder.Decryption.Decrypt(holder.Public.Encrypt([5]), new uint[1]);
        holder.Symmetric.Encrypt([5], false);
        ulong[][] buffers = [.. Buffers(holder.Public), .. Buffers(holder.Symmetric), .. Buffers(holder.Decryption), .. Buffers(holder.SecretKey)];
        Assert.Equal(5, buffers.Length);
        Assert.All(buffers, buffer => Assert.Contains(buffer, word => word != 0));
        holder.Dispose();
        Assert.All(buffers, buffer => Assert.DoesNotContain(buffer, word => word != 0));
        Assert.Throws<ObjectDisposedException>(() => holder.Public.Encrypt([]));
        Assert.Throws<ObjectDisposedException>(() => holder.Symmetric.Encrypt([], true));
    }

    private static ulong[] Phases(SealCiphertext ciphertext, SealSecretKey key, BfvSet set)
    {
        ulong[] phases = ciphertext.Second.ToArray();
        set.Transform.Forward(phases);
        set.Transform.Multiply(phases, key.Words, phases);
        set.Transform.Inverse(phases);
        ResidueVector.Add(phases, ciphertext.First, set.Modulus);
        return phases;
    }

    private static double Binomial(int n, int k)
    {
        double result = 1;
        for (int i = 1; i <= k; i++) result = result * (n - k + i) / i;
        return result;
    }

    private static IEnumerable<ulong[]> Buffers(object owner) => owner.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
        .Where(field => field.FieldType == typeof(ulong[])).Select(field => (ulong[])field.GetValue(owner)!);

    /// <summary>Who has both keys.</summary>
    private sealed class Holder : IDisposable
    {
        public Holder(BfvParameters parameters, IRandomSource random)
        {
            SecretKey = SingleKeys.Draw(parameters.Set.ToSeal(parameters.PlainBits), random);
            Public = new SingleKeyEncryption(SingleKeys.PublicKeyOf(SecretKey, random), random);
            Symmetric = new SingleKeySymmetricEncryption(SecretKey, random);
            Decryption = new SingleKeyDecryption(SecretKey);
        }

        public SealSecretKey SecretKey { get; }

        public SingleKeyEncryption Public { get; }

        public SingleKeySymmetricEncryption Symmetric { get; }

        public SingleKeyDecryption Decryption { get; }

        public void Dispose()
        {
            Public.Dispose();
            Symmetric.Dispose();
            Decryption.Dispose();
            SecretKey.Dispose();
        }
    }
}
