using System.Text.Json;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;

namespace SecureFed.Cryptography.Tests.Sharing;

public sealed class ShamirSecretSharingTests
{
    private const int ShareBytes = ShamirSecretSharing.ShareBytes;

    [Fact]
    public void Shares_computed_elsewhere_combine_to_their_secret()
    {
        foreach (JsonElement c in Vector.Cases("shamir-2-256-297.json", "cases"))
        {
            var secret = new byte[32];
            Assert.True(ShamirSecretSharing.TryCombine(c.Integers("points"), c.Bytes("shares"), secret), c.Text("name"));
            Assert.Equal(c.Bytes("secret"), secret);
        }
    }

    [Fact]
    public void Impossible_shares_do_not_combine_and_leave_zeros()
    {
        foreach (JsonElement c in Vector.Cases("shamir-2-256-297.json", "bad_cases"))
        {
            byte[] secret = [.. Enumerable.Repeat((byte)0xee, 32)];
            bool isCombined = ShamirSecretSharing.TryCombine(c.Integers("points"), c.Bytes("shares"), secret);
            Assert.False(isCombined, c.Text("name"));
            Assert.All(secret, b => Assert.Equal(0, b));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(5, 5)]
    [InlineData(31, 21)]
    [InlineData(200, 105)]
    public void Any_t_of_n_shares_recover_the_secret_and_t_minus_1_do_not(int n, int t)
    {
        using KeyedRandomSource random = Seeded.Source($"t of n {n} {t}");
        for (int trial = 0; trial < 20; trial++)
        {
            byte[] secret = trial == 0 ? [.. Enumerable.Repeat((byte)0xff, 32)] : random.Bytes(32);
            int[] points = DistinctPoints(random, n);
            byte[] shares = Split(secret, t, points, random);

            int[] chosen = [.. Enumerable.Range(0, n).OrderBy(_ => random.Words(1)[0]).Take(t)];
            Assert.Equal(secret, Combine(points, shares, chosen));
            // Equal by chance with probability 2^-256.
            if (t > 1) Assert.NotEqual(secret, Combine(points, shares, chosen[1..]));
        }
    }

    [Fact]
    public void Every_subset_of_size_t_recovers_the_secret()
    {
        const int N = 7;
        const int T = 4;
        using KeyedRandomSource random = Seeded.Source("subsets");
        byte[] secret = random.Bytes(32);
        int[] points = [1, 2, 3, 1 << 20, 77, 1 << 19, (1 << 20) - 1];
        byte[] shares = Split(secret, T, points, random);
        for (int subset = 0; subset < 1 << N; subset++)
        {
            int[] chosen = [.. Enumerable.Range(0, N).Where(i => (subset >> i & 1) == 1)];
            if (chosen.Length == 0) continue;
            byte[]? combined = Combine(points, shares, chosen);
            Assert.Equal(chosen.Length >= T, combined is not null && combined.AsSpan().SequenceEqual(secret));
        }
    }

    [Fact]
    public void One_interpolation_serves_many_secrets()
    {
        using KeyedRandomSource random = Seeded.Source("many");
        int[] points = DistinctPoints(random, 40);
        Assert.True(LagrangeInterpolation.TryCreate(points, out LagrangeInterpolation? interpolation));
        for (int i = 0; i < 50; i++)
        {
            byte[] secret = random.Bytes(32);
            var combined = new byte[32];
            Assert.True(interpolation.TryCombine(Split(secret, 40, points, random), combined));
            Assert.Equal(secret, combined);
        }
    }

    [Fact]
    public void A_changed_share_gives_another_secret()
    {
        using KeyedRandomSource random = Seeded.Source("changed");
        int[] points = [1, 2, 3];
        byte[] secret = random.Bytes(32);
        byte[] shares = Split(secret, 3, points, random);
        shares[ShareBytes - 1] ^= 1;
        Assert.NotEqual(secret, Combine(points, shares, [0, 1, 2]));
    }

    /// <summary>Chi-square over the low six bits of t-1 shares together, for two fixed secrets against each other.</summary>
    [Fact]
    public void The_joint_distribution_of_t_minus_1_shares_does_not_depend_on_the_secret()
    {
        const int Samples = 100_000;
        const int Bins = 64;
        using KeyedRandomSource random = Seeded.Source("distribution");
        byte[] zero = new byte[32];
        byte[] greatest = [.. Enumerable.Repeat((byte)0xff, 32)];
        int[] first = Histogram(zero, random, Samples, Bins);
        int[] second = Histogram(greatest, random, Samples, Bins);

        // 63 degrees of freedom: P[chi-square > 131.4] < 1e-6 for each of the two; the seed is fixed.
        Assert.True(DistanceBetween(first, second) < 131.4, "secrets distinguishable");
        Assert.True(DistanceFromUniform(first) < 131.4, "shares not uniform");
    }

    /// <summary>Chi-square over the high six bits of one share of two: coefficients drawn from less than the whole field would show here.</summary>
    [Fact]
    public void The_size_of_a_share_does_not_depend_on_the_secret()
    {
        const int Samples = 50_000;
        using KeyedRandomSource random = Seeded.Source("size");
        int[] small = new int[64];
        int[] large = new int[64];
        var shares = new byte[2 * ShareBytes];
        foreach ((byte secretByte, int[] histogram) in new[] { ((byte)0, small), ((byte)0xff, large) })
        {
            byte[] secret = [.. Enumerable.Repeat(secretByte, 32)];
            for (int i = 0; i < Samples; i++)
            {
                ShamirSecretSharing.Split(secret, 2, [1, 2], random, shares);
                histogram[shares[1] >> 2]++;
            }
        }

        // 63 degrees of freedom: P[chi-square > 131.4] < 1e-6 for each of the three; the seed is fixed.
        Assert.True(DistanceBetween(small, large) < 131.4, "secrets distinguishable");
        Assert.True(DistanceFromUniform(small) < 131.4, "shares not uniform");
        Assert.True(DistanceFromUniform(large) < 131.4, "shares not uniform");
    }

    [Fact]
    public void The_highest_coefficient_is_uniform_and_not_forced_to_be_non_zero()
    {
        // A source of zeros draws zero coefficients; a sharing that refused them would not end or would give other shares.
        byte[] shares = new byte[2 * ShareBytes];
        byte[] secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
        ShamirSecretSharing.Split(secret, 2, [5, 6], new ConstantSource(0), shares);
        Assert.Equal([0, .. secret, 0, .. secret], shares);
    }

    [Fact]
    public void Coefficients_above_p_are_drawn_again()
    {
        // 0x01ff..ff is above p: a source that repeats it three times and then gives zeros must be asked again.
        var source = new ConstantSource(0xff, thenZeroAfterBytes: 3 * ShareBytes);
        byte[] shares = new byte[2 * ShareBytes];
        ShamirSecretSharing.Split(new byte[32], 2, [5, 6], source, shares);
        Assert.Equal(new byte[2 * ShareBytes], shares);
        Assert.Equal(4 * ShareBytes, source.Given);
    }

    [Fact]
    public void Misuse_of_split_is_refused()
    {
        using KeyedRandomSource random = Seeded.Source("misuse");
        byte[] secret = new byte[32];
        Assert.Throws<ArgumentException>(() => ShamirSecretSharing.Split(new byte[31], 1, [1], random, new byte[33]));
        Assert.Throws<ArgumentException>(() => ShamirSecretSharing.Split(secret, 0, [1], random, new byte[33]));
        Assert.Throws<ArgumentException>(() => ShamirSecretSharing.Split(secret, 2, [1], random, new byte[33]));
        Assert.Throws<ArgumentException>(() => ShamirSecretSharing.Split(secret, 1, [0], random, new byte[33]));
        Assert.Throws<ArgumentException>(() => ShamirSecretSharing.Split(secret, 1, [ShamirSecretSharing.MaxPoint + 1], random, new byte[33]));
        Assert.Throws<ArgumentException>(() => ShamirSecretSharing.Split(secret, 1, [3, 4, 3], random, new byte[99]));
        Assert.Throws<ArgumentException>(() => ShamirSecretSharing.Split(secret, 1, [3, 4], random, new byte[65]));
        Assert.Throws<ArgumentException>(() => ShamirSecretSharing.TryCombine([1], new byte[33], new byte[31]));
    }

    [Fact]
    public void Canonical_shares_are_33_bytes_below_p()
    {
        byte[] greatest = Convert.FromHexString("01" + "0128".PadLeft(64, '0'));
        Assert.True(ShamirSecretSharing.IsCanonicalShare(greatest));
        Assert.True(ShamirSecretSharing.IsCanonicalShare(new byte[33]));
        greatest[^1]++;
        Assert.False(ShamirSecretSharing.IsCanonicalShare(greatest));
        Assert.False(ShamirSecretSharing.IsCanonicalShare(new byte[32]));
        Assert.False(ShamirSecretSharing.IsCanonicalShare(new byte[34]));
    }

    private static int[] Histogram(byte[] secret, IRandomSource random, int samples, int bins)
    {
        var histogram = new int[bins];
        var shares = new byte[3 * ShareBytes];
        for (int i = 0; i < samples; i++)
        {
            ShamirSecretSharing.Split(secret, 3, [1, 2, 3], random, shares);
            histogram[(shares[ShareBytes - 1] & 7) << 3 | shares[2 * ShareBytes - 1] & 7]++;
        }

        return histogram;
    }

    private static double DistanceBetween(int[] first, int[] second) =>
        first.Zip(second, (a, b) => a + b == 0 ? 0 : Math.Pow(a - b, 2) / (a + b)).Sum();

    private static double DistanceFromUniform(int[] histogram)
    {
        double expected = (double)histogram.Sum() / histogram.Length;
        return histogram.Sum(count => Math.Pow(count - expected, 2) / expected);
    }

    private static int[] DistinctPoints(IRandomSource random, int count)
    {
        var points = new HashSet<int>();
        while (points.Count < count) points.Add(random.Below(ShamirSecretSharing.MaxPoint) + 1);
        return [.. points];
    }

    private static byte[] Split(byte[] secret, int threshold, int[] points, IRandomSource random)
    {
        var shares = new byte[points.Length * ShareBytes];
        ShamirSecretSharing.Split(secret, threshold, points, random, shares);
        return shares;
    }

    /// <summary>Null if the chosen shares give no 32-byte string.</summary>
    private static byte[]? Combine(int[] points, byte[] shares, int[] chosen)
    {
        byte[] chosenShares = [.. chosen.SelectMany(i => shares[(i * ShareBytes)..((i + 1) * ShareBytes)])];
        var secret = new byte[32];
        return ShamirSecretSharing.TryCombine([.. chosen.Select(i => points[i])], chosenShares, secret) ? secret : null;
    }

    private sealed class ConstantSource(byte value, int thenZeroAfterBytes = int.MaxValue) : IRandomSource
    {
        public int Given { get; private set; }

        public void Fill(Span<byte> destination)
        {
            destination.Fill(Given < thenZeroAfterBytes ? value : (byte)0);
            Given += destination.Length;
        }
    }
}
