using System.Numerics;
using System.Reflection;
using System.Security.Cryptography;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sampling;
using SecureFed.Cryptography.Tests.Sampling;

namespace SecureFed.Cryptography.Tests.Bfv;

public class OneTimeEncryptionTests
{
    private static readonly byte[] OpenDigest = SHA256.HashData("opened"u8);

    /// <summary>Uniform updates: their integer sum wraps mod 2^b in most coordinates. At b = 32 no more than a few clients may; see GreatestWraps.</summary>
    [Theory]
    [InlineData(8, 40)]
    [InlineData(14, 5)]
    [InlineData(16, 40)]
    [InlineData(24, 40)]
    [InlineData(27, 7)]
    [InlineData(32, 12)]
    [InlineData(32, 1)]
    public void Sums_are_exact_with_wrap_around(int plainBits, int clients)
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, plainBits, clients);
        const int dimension = 2 * 2048 + 777;
        using Round round = new(parameters, dimension, $"wrap {plainBits} {clients}");
        var expected = new uint[dimension];
        for (int i = 0; i < clients; i++)
        {
            uint[] update = round.Random.Words(dimension);
            Ring.Add(expected, update);
            round.Add(update);
        }

        Ring.Reduce(expected, plainBits);
        var values = new uint[dimension];
        int wraps = Math.Min((clients / 2) + 1, parameters.GreatestWraps);
        Assert.True(OneTimeDecryption.TryDecrypt(round.Sum, round.Polynomials, round.SumOfKeys, wraps, values, out ResidueCheck check));
        Assert.Equal(expected, values);
        Assert.Equal(3, check.Polynomials);
    }

    /// <summary>Vectors against plain words: samples, product and packing again, one number at a time, from the same random bytes.</summary>
    [Theory]
    [InlineData(32, 8)]
    [InlineData(32, 0)]
    [InlineData(27, 13)]
    [InlineData(24, 16)]
    [InlineData(8, 32)]
    [InlineData(1, 40)]
    public void A_ciphertext_is_that_of_plain_words_bit_for_bit(int plainBits, int droppedBits)
    {
        const int degree = 2048, dimension = degree + 37;
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, plainBits, droppedBits, 12);
        using Round round = new(parameters, dimension, $"plain {plainBits} {droppedBits}");
        uint[] update = Seeded.Source("plain update").Words(dimension);
        byte[] packed = round.Add(update);

        using KeyedRandomSource random = Seeded.Source($"plain {plainBits} {droppedBits}");
        ConstantTimeDiscreteGaussian sampler = new(Rational.FromDecimal(21.16m), ScanWidth.Word);
        NumberTheoreticTransform transform = new(parameters.Set.Modulus, degree, TransformPath.Word);
        ulong q = parameters.Set.Modulus.Value;
        long[] key = sampler.Draw(degree, random);
        BigInteger delta = ((2 * (BigInteger)q) + (BigInteger.One << plainBits)) >> (plainBits + 1), expected = BigInteger.Zero;
        for (int at = 0; at < dimension; at += degree)
        {
            ulong[] a = new ulong[degree];
            round.Polynomials.Expand(at / degree, a);
            transform.Inverse(a);
            long[] errors = sampler.Draw(degree, random);
            for (int i = 0; i < Math.Min(degree, dimension - at); i++)
            {
                // x^N = -1; 2,048 products of 50 and 6 bits.
                Int128 product = 0;
                for (int j = 0; j < degree; j++) product += (Int128)a[(i - j + degree) % degree] * (j <= i ? key[j] : -key[j]);
                long message = unchecked((int)(update[at + i] << (32 - plainBits))) >> (32 - plainBits);
                BigInteger phase = (delta * message) - errors[i] - (BigInteger)product;
                BigInteger residue = ((phase % q) + q) % q;
                BigInteger word = droppedBits == 0 ? residue : (residue + (BigInteger.One << (droppedBits - 1))) >> droppedBits;
                expected += word % (BigInteger.One << parameters.PackedBits) << ((at + i) * parameters.PackedBits);
            }
        }

        Assert.Equal(expected, new BigInteger(packed, isUnsigned: true));
    }

    /// <summary>The ends of the centred range, where the sum is as large as it may be without a wrap.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(32)]
    public void The_greatest_and_the_least_sums_are_exact(int plainBits)
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, plainBits, 10_000);
        using Round round = new(parameters, 2048, "ends");
        uint half = 1U << (plainBits - 1);
        round.Add([.. Enumerable.Range(0, 2048).Select(i => (i & 1) == 0 ? half - 1 : half)]);
        round.Add(new uint[2048]);
        var values = new uint[2048];
        Assert.True(OneTimeDecryption.TryDecrypt(round.Sum, round.Polynomials, round.SumOfKeys, 0, values, out _));
        Assert.Equal(Enumerable.Range(0, 2048).Select(i => (i & 1) == 0 ? half - 1 : half), values);
    }

    [Theory]
    [InlineData(32, 8)]
    [InlineData(32, 0)]
    [InlineData(24, 16)]
    [InlineData(8, 32)]
    public void Residual_noise_is_that_of_theory(int plainBits, int droppedBits)
    {
        const int clients = 12, dimension = 8 * 2048;
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, plainBits, droppedBits, clients);
        using Round round = new(parameters, dimension, $"noise {plainBits} {droppedBits}");
        for (int i = 0; i < clients; i++) round.Add(new uint[dimension]);
        Assert.True(OneTimeDecryption.TryDecrypt(round.Sum, round.Polynomials, round.SumOfKeys, 0, new uint[dimension], out ResidueCheck check));

        double theory = Math.Sqrt(clients * (21.16 + (Math.Pow(4, droppedBits) / 12)));
        // The deviation of 16,384 samples is off by 0.55 % (one standard deviation); 5 % is nine of them.
        Assert.Equal(1, check.Deviation / theory, 0.05);
        Assert.Equal(check.ExpectedDeviation, theory, 0.01 * theory);
    }

    [Fact]
    public void A_sum_of_10_000_is_exact_and_its_noise_that_of_theory()
    {
        const int clients = 10_000, dimension = 2048;
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, clients);
        using Round round = new(parameters, dimension, "ten thousand");
        var expected = new uint[dimension];
        uint[] update = new uint[dimension];
        for (int i = 0; i < clients; i++)
        {
            // 18 bits, centred: the sum of 10,000 stays within 32.
            for (int j = 0; j < dimension; j++) update[j] = unchecked((uint)(((i * 7919) + (j * 104729)) % (1 << 18)) - (1u << 17));
            Ring.Add(expected, update);
            round.Add(update);
        }

        var values = new uint[dimension];
        Assert.True(OneTimeDecryption.TryDecrypt(round.Sum, round.Polynomials, round.SumOfKeys, 0, values, out ResidueCheck check));
        Assert.Equal(expected, values);
        // 2,048 samples: 5 % is 3.2 standard deviations of their deviation; the seed is fixed.
        Assert.Equal(1, check.Deviation / check.ExpectedDeviation, 0.05);
        Assert.Throws<InvalidOperationException>(() => round.Sum.TryAdd(new byte[WidePacking.PackedBytes(dimension, 42)]));
    }

    /// <summary>Under BFV's usual encoding, round(q·m/t), the clients' rounding errors stand in the residue, and a guess of one client's update can be tested against it. Under Δ·m nothing of a message does.</summary>
    [Fact]
    public void What_decryption_leaves_over_does_not_tell_a_right_guess_of_an_update_from_a_wrong_one()
    {
        const int dimension = 64 * 2048;
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 0, 2);
        using Round round = new(parameters, dimension, "residues");
        int[] first = Update(), second = Update(), stranger = Update();
        round.Add([.. first.Select(m => unchecked((uint)m))]);
        round.Add([.. second.Select(m => unchecked((uint)m))]);
        long[] sum = [.. first.Zip(second, (m, n) => (long)m + n)];
        long[] residues = round.Residues(sum);
        Assert.InRange(Score(residues, first), -6, 6);
        Assert.InRange(Score(residues, stranger), -6, 6);

        // The same errors under the other encoding.
        long[] rounded = [.. residues.Select((e, i) => e + Excess(i, first))];
        Assert.True(Score(rounded, first) > 15);
        Assert.True(Score(rounded, first) > Score(rounded, stranger) + 8); // The rounding of the sum, which is known, is in both.

        int[] Update() => [.. round.Random.Words(dimension).Select(word => (int)(word >> 2) - (1 << 29))];

        // How far the encodings of a guess and of what it leaves of the sum are together from that of the sum.
        long Excess(int i, int[] guess) => Rounded(guess[i]) + Rounded(sum[i] - guess[i]) - Rounded(sum[i]);

        long Rounded(long m) => (long)((((Int128)parameters.Set.Modulus.Value * m) + (1L << 31)) >> 32);

        // In standard deviations of two clients' errors.
        double Score(long[] observed, int[] guess)
        {
            double product = 0, squares = 0;
            for (int i = 0; i < observed.Length; i++)
            {
                double excess = Excess(i, guess);
                product += observed[i] * excess;
                squares += excess * excess;
            }

            return product / Math.Sqrt(2 * 21.16 * squares);
        }
    }

    [Fact]
    public void A_wrong_sum_of_keys_or_of_ciphertexts_leaves_a_uniform_residue_and_is_refused()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 12);
        using Round round = new(parameters, 2048, "wrong");
        for (int i = 0; i < 3; i++) round.Add(round.Random.Words(2048).Select(v => v >> 8).ToArray());
        var values = new uint[2048];
        double uniform = parameters.Delta / Math.Sqrt(12);

        ulong[] keys = [.. round.SumOfKeys];
        keys[5] = parameters.Set.Modulus.Add(keys[5], 1);
        Assert.False(OneTimeDecryption.TryDecrypt(round.Sum, round.Polynomials, keys, 0, values, out ResidueCheck check));
        Assert.Equal(1, check.Deviation / uniform, 0.08);
        Assert.All(values, v => Assert.Equal(0u, v));
        // Wraps allowed make the check coarser, not blind.
        Assert.False(OneTimeDecryption.TryDecrypt(round.Sum, round.Polynomials, keys, parameters.GreatestWraps, values, out _));

        // A ciphertext whose key is not in the sum.
        using OneTimeSecretKey stranger = OneTimeSecretKey.Draw(parameters.Set, round.Random);
        using OneTimeEncryption encryption = new(parameters, stranger, round.Polynomials, round.Random);
        var packed = new byte[WidePacking.PackedBytes(2048, parameters.PackedBits)];
        encryption.Encrypt(new uint[2048], packed);
        Assert.True(round.Sum.TryAdd(packed));
        Assert.False(OneTimeDecryption.TryDecrypt(round.Sum, round.Polynomials, round.SumOfKeys, 0, values, out check));
        Assert.Equal(1, check.Deviation / uniform, 0.08);

        // Coefficients of other parties' making.
        keys[5] = parameters.Set.Modulus.Value;
        Assert.False(OneTimeDecryption.TryDecrypt(round.Sum, round.Polynomials, keys, 0, values, out _));
    }

    [Fact]
    public void The_check_refuses_uniform_residues_at_the_greatest_cohort()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 10_000);
        double variance = parameters.NoiseDeviation * parameters.NoiseDeviation;
        Assert.True(ResidueCheck.MissBits(2048, variance, parameters.Delta) < -5_800);
        Assert.True(ResidueCheck.MissBits(64, variance, parameters.Delta) < -40);
    }

    [Fact]
    public void Ciphertexts_of_zero_are_uniform_and_not_alike()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 12);
        using Round round = new(parameters, 2048, "zero");
        byte[][] packed = [.. Enumerable.Range(0, 4).Select(_ => round.Add(new uint[2048]))];
        Assert.Equal(4, packed.Select(Convert.ToHexString).Distinct().Count());
        foreach (byte[] ciphertext in packed)
        {
            // 10,752 uniform bytes in 256 classes: chi-square has mean 255 and deviation 22.6; 420 is seven of them.
            double expected = ciphertext.Length / 256.0;
            Assert.True(ciphertext.GroupBy(b => b).Sum(g => Math.Pow(g.Count() - expected, 2) / expected) < 420);
        }
    }

    [Fact]
    public void Bodies_that_no_client_packs_leave_the_sum_unchanged()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 12);
        using Round round = new(parameters, 2051, "bodies");
        byte[] good = round.Add(round.Random.Words(2051).Select(v => v >> 8).ToArray());
        ulong[] before = round.Sum.Totals.ToArray();
        Assert.False(round.Sum.TryAdd(good.AsSpan(1)));
        Assert.False(round.Sum.TryAdd([.. good, 0]));
        byte[] padded = [.. good];
        padded[^1] |= 0x80; // 2,051·42 bits leave two bits of padding.
        Assert.False(round.Sum.TryAdd(padded));
        foreach (int at in (int[])[0, 1_000, 2_046, 2_050])
        {
            var words = new ulong[2051];
            Assert.True(WidePacking.TryUnpack(good, 42, words));
            words[at] = ((parameters.Set.Modulus.Value - 1 + 128) >> 8) + 1;
            byte[] tooGreat = [.. good];
            WidePacking.Pack(words, 42, tooGreat);
            Assert.False(round.Sum.TryAdd(tooGreat));
        }

        Assert.Equal(before, round.Sum.Totals.ToArray());
        Assert.Equal(1, round.Sum.Clients);
    }

    [Fact]
    public void A_key_encrypts_one_update_once()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 12);
        using KeyedRandomSource random = Seeded.Source("once");
        using PublicPolynomials polynomials = new(BfvSet.A1, OpenDigest);
        using OneTimeSecretKey key = OneTimeSecretKey.Draw(BfvSet.A1, random);
        using OneTimeEncryption encryption = new(parameters, key, polynomials, random);
        Assert.Throws<InvalidOperationException>(() => new OneTimeEncryption(parameters, key, polynomials, random));
        var packed = new byte[WidePacking.PackedBytes(10, 42)];
        encryption.Encrypt(new uint[10], packed);
        Assert.Throws<InvalidOperationException>(() => encryption.Encrypt(new uint[10], packed));
        Assert.Throws<InvalidOperationException>(() => encryption.EncryptNext(new uint[10], packed));
        using OneTimeSecretKey other = OneTimeSecretKey.Draw(BfvSet.A1, random);
        using OneTimeEncryption second = new(parameters, other, polynomials, random);
        Assert.Throws<ArgumentException>(() => second.Encrypt(new uint[11], packed));
        Assert.Throws<ArgumentException>(() => second.EncryptNext(new uint[2049], new byte[WidePacking.PackedBytes(2049, 42)]));
    }

    [Fact]
    public void Nothing_secret_is_left_after_disposal_nor_shown()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 12);
        using KeyedRandomSource random = Seeded.Source("left");
        using PublicPolynomials polynomials = new(BfvSet.A1, OpenDigest);
        OneTimeSecretKey key = OneTimeSecretKey.Draw(BfvSet.A1, random);
        OneTimeEncryption encryption = new(parameters, key, polynomials, random);
        encryption.Encrypt(new uint[3000], new byte[WidePacking.PackedBytes(3000, 42)]);
        Array[] buffers = [.. Buffers(key), .. Buffers(encryption)];
        Assert.Equal(5, buffers.Length);
        Assert.All(buffers, b => Assert.Contains(b.Cast<object>(), v => Convert.ToDecimal(v, null) != 0));
        encryption.Dispose();
        key.Dispose();
        Assert.All(buffers, b => Assert.DoesNotContain(b.Cast<object>(), v => Convert.ToDecimal(v, null) != 0));
        Assert.Throws<ObjectDisposedException>(() => key.Coefficients.Length);
        Assert.Throws<InvalidOperationException>(() => encryption.EncryptNext(new uint[1], new byte[6]));
        Assert.Equal("OneTimeSecretKey", key.ToString());
    }

    [Fact]
    public void Keys_are_discrete_gaussian_of_width_4_6()
    {
        using KeyedRandomSource random = Seeded.Source("keys");
        double squares = 0;
        for (int i = 0; i < 20; i++)
        {
            using OneTimeSecretKey key = OneTimeSecretKey.Draw(BfvSet.A1, random);
            foreach (ulong coefficient in key.Coefficients) squares += Math.Pow(key.Set.Modulus.Center(coefficient), 2);
        }

        // 40,960 squares: one standard deviation of their mean is 0.7 %.
        Assert.Equal(21.16, squares / (20 * 2048), 0.75);
    }

    [Fact]
    public void Encrypting_a_polynomial_allocates_nothing()
    {
        BfvParameters parameters = BfvParameters.Create(BfvSet.A1, 32, 12);
        using PublicPolynomials polynomials = new(BfvSet.A1, OpenDigest);
        using OneTimeSecretKey key = OneTimeSecretKey.Draw(BfvSet.A1, OperatingSystemRandomSource.Instance);
        using OneTimeEncryption encryption = new(parameters, key, polynomials, OperatingSystemRandomSource.Instance);
        uint[] update = new uint[2048];
        byte[] packed = new byte[WidePacking.PackedBytes(2048, 42)];
        encryption.EncryptNext(update, packed);
        long before = GC.GetAllocatedBytesForCurrentThread();
        encryption.EncryptNext(update, packed);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256);
    }

    private static IEnumerable<Array> Buffers(object holder) => holder.GetType()
        .GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
        .Select(f => f.GetValue(holder))
        .OfType<Array>();

    private sealed class Round : IDisposable
    {
        private readonly ulong[] keys;

        public Round(BfvParameters parameters, int dimension, string seed)
        {
            Sum = new CiphertextSum(parameters, dimension);
            Polynomials = new PublicPolynomials(parameters.Set, OpenDigest);
            Random = Seeded.Source(seed);
            keys = new ulong[parameters.Set.Degree];
        }

        public CiphertextSum Sum { get; }

        public PublicPolynomials Polynomials { get; }

        public KeyedRandomSource Random { get; }

        public ReadOnlySpan<ulong> SumOfKeys => keys;

        public byte[] Add(uint[] update)
        {
            using OneTimeSecretKey key = OneTimeSecretKey.Draw(Sum.Parameters.Set, Random);
            using OneTimeEncryption encryption = new(Sum.Parameters, key, Polynomials, Random);
            var packed = new byte[WidePacking.PackedBytes(update.Length, Sum.Parameters.PackedBits)];
            encryption.Encrypt(update, packed);
            Assert.True(Sum.TryAdd(packed));
            ResidueVector.Add(keys, key.Coefficients, Sum.Parameters.Set.Modulus);
            return packed;
        }

        /// <summary>Phase − Δ·M, centred; nothing dropped.</summary>
        public long[] Residues(long[] sum)
        {
            BfvSet set = Sum.Parameters.Set;
            ulong[] transformed = [.. keys];
            set.Transform.Forward(transformed);
            ulong[] product = new ulong[set.Degree];
            long[] residues = new long[sum.Length];
            for (int at = 0; at < sum.Length; at += set.Degree)
            {
                Polynomials.Expand(at / set.Degree, product);
                set.Transform.Multiply(product, transformed, product);
                set.Transform.Inverse(product);
                for (int i = 0; i < set.Degree; i++)
                {
                    Int128 phase = (Int128)Sum.Totals[at + i] + product[i] - ((Int128)Sum.Parameters.Delta * sum[at + i]);
                    long reduced = (long)(phase % set.Modulus.Value);
                    long half = (long)set.Modulus.Value / 2;
                    residues[at + i] = reduced > half ? reduced - (long)set.Modulus.Value : reduced < -half ? reduced + (long)set.Modulus.Value : reduced;
                }
            }

            return residues;
        }

        public void Dispose()
        {
            Polynomials.Dispose();
            Random.Dispose();
        }
    }
}
