using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using static SecureFed.Cryptography.Tests.Sharing.KeyShares;

namespace SecureFed.Cryptography.Tests.Sharing;

public sealed class VectorSharingTests
{
    /// <summary>Modulus, N (some above one chunk), t, K.</summary>
    public static TheoryData<ulong, int, int, int> Sharings => new()
    {
        { 0x3ffffffffc001, 2051, 4, 5 },
        { 0x3ffffffffc001, 256, 1, 3 },
        { 0x3ffffffffc001, 257, 7, 7 },
        { 0x3ffffffffc001, 3, 128, 255 },
        { (1UL << 62) - 57, 300, 3, 8 },
        { 257, 40, 100, 255 },
        { 3, 700, 2, 2 },
    };

    [Theory]
    [MemberData(nameof(Sharings))]
    public void Shares_lie_on_polynomials_over_big_integers_through_the_secret(ulong modulus, int dimension, int threshold, int holders)
    {
        PrimeModulus q = PrimeModulus.Create(modulus);
        using KeyedRandomSource random = Seeded.Source($"polynomials {modulus} {dimension}");
        ulong[] secret = random.Residues(q, dimension);
        ulong[][] shares = Split(q, secret, threshold, holders, random);
        int[] points = [.. Enumerable.Range(1, threshold)];
        foreach (int i in new[] { 0, 1, dimension / 2, dimension - 1 })
        {
            ulong[] values = [.. shares.Take(threshold).Select(s => s[i])];
            Assert.Equal(secret[i], Interpolate(q, points, values, 0));
            foreach (int k in new[] { threshold, (threshold + holders) / 2, holders - 1 }.Where(k => k >= threshold && k < holders)) Assert.Equal(Interpolate(q, points, values, k + 1), shares[k][i]);
        }
    }

    [Fact]
    public void Coefficients_are_the_source_s_words_highest_row_first()
    {
        PrimeModulus q = A1;
        ulong top = q.Value - 1;
        Tape tape = new(top, 5, 6, top);
        ulong[][] shares = Split(q, [top, 7], 3, 4, tape);
        Assert.True(tape.IsUsedUp);
        for (int x = 1; x <= 4; x++)
            Assert.Equal([Linear(q, (1, top), (x, 6), (x * x, top)), Linear(q, (1, 7), (x, top), (x * x, 5))], shares[x - 1]);
    }

    [Fact]
    public void Candidates_of_q_and_more_are_drawn_again()
    {
        Tape tape = new(A1.Value, 1UL << 50 | 9, ulong.MaxValue, A1.Value - 1);
        var residues = new ulong[2];
        UniformResidues.Fill(A1, tape, residues);
        Assert.Equal([9, A1.Value - 1], residues);
        Assert.True(tape.IsUsedUp);
    }

    [Fact]
    public void Every_subset_of_t_or_more_gives_the_secret_and_smaller_ones_do_not()
    {
        using KeyedRandomSource random = Seeded.Source("subsets of key shares");
        ulong[] secret = random.Residues(A1, 20);
        ulong[][] shares = Split(A1, secret, 4, 7, random);
        for (int size = 1; size <= 7; size++)
        {
            foreach (int[] subset in Subsets(7, size))
            {
                ulong[] combined = Combine(A1, [.. subset.Select(k => k + 1)], subset.Select(k => shares[k]));
                // Less than t shares meet a random vector of 20 coordinates with probability 2^-1000.
                Assert.Equal(size >= 4, combined.SequenceEqual(secret));
            }
        }
    }

    /// <summary>Over the field of five all choices of the source are tried: each pair of two shares of three comes out exactly once, whatever the secret.</summary>
    [Fact]
    public void Every_t_minus_1_shares_occur_equally_often_with_every_secret()
    {
        PrimeModulus q = PrimeModulus.Create(5);
        for (ulong secret = 0; secret < 5; secret++)
        {
            ulong[][][] outcomes = [.. AllStrings(5, 2).Select(words => Split(q, [secret], 3, 4, new Tape(words)))];
            foreach (int[] two in Subsets(4, 2))
            {
                Assert.Equal(25, outcomes.Select(s => (s[two[0]][0], s[two[1]][0])).Distinct().Count());
            }
        }
    }

    [Fact]
    public void Sums_of_shares_are_shares_of_the_sum()
    {
        using KeyedRandomSource random = Seeded.Source("sums of shares");
        ulong[][] secrets = [.. Enumerable.Range(0, 30).Select(_ => random.Residues(A1, 400))];
        ulong[][][] shares = [.. secrets.Select(s => Split(A1, s, 4, 5, random))];
        ulong[][] sums = [.. Enumerable.Range(0, 5).Select(k => Sum(A1, shares.Select(s => s[k])))];
        ulong[] expected = [.. Enumerable.Range(0, 400).Select(i => Linear(A1, [.. secrets.Select(s => (1, s[i]))]))];
        foreach (int[] subset in Subsets(5, 4))
            Assert.Equal(expected, Combine(A1, [.. subset.Select(k => k + 1)], subset.Select(k => sums[k])));
    }

    [Fact]
    public void Splitting_allocates_the_same_for_long_vectors_as_for_short_ones()
    {
        using KeyedRandomSource random = Seeded.Source("allocation");
        Assert.Equal(Allocated(random, 1024), Allocated(random, 8192));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using KeyedRandomSource random = Seeded.Source("misuse");
        PrimeModulus five = PrimeModulus.Create(5);
        Assert.ThrowsAny<ArgumentException>(() => VectorSharing.Split(A1, [1], 0, 1, random, new ulong[1]));
        Assert.ThrowsAny<ArgumentException>(() => VectorSharing.Split(A1, [1], 3, 2, random, new ulong[2]));
        Assert.ThrowsAny<ArgumentException>(() => VectorSharing.Split(A1, [1], 1, 0, random, []));
        Assert.ThrowsAny<ArgumentException>(() => VectorSharing.Split(A1, [1], 1, 256, random, new ulong[256]));
        Assert.ThrowsAny<ArgumentException>(() => VectorSharing.Split(five, [1], 1, 5, random, new ulong[5]));
        Assert.ThrowsAny<ArgumentException>(() => VectorSharing.Split(A1, [1], 1, 2, random, new ulong[3]));
        Assert.ThrowsAny<ArgumentException>(() => VectorSharing.Split(A1, [A1.Value], 1, 2, random, new ulong[2]));
        Assert.False(VectorInterpolation.TryCreate(A1, [], out _));
        Assert.False(VectorInterpolation.TryCreate(A1, [1, 2, 1], out _));
        Assert.False(VectorInterpolation.TryCreate(A1, [0, 1], out _));
        Assert.False(VectorInterpolation.TryCreate(A1, [256], out _));
        Assert.False(VectorInterpolation.TryCreate(five, [5], out _));
        Assert.True(VectorInterpolation.TryCreate(A1, [1, 2], out VectorInterpolation? interpolation));
        Assert.ThrowsAny<ArgumentException>(() => interpolation.Combine(new ulong[3], new ulong[2]));
        Assert.ThrowsAny<ArgumentException>(() => ResidueVector.Add(new ulong[2], new ulong[1], A1));
        Assert.ThrowsAny<ArgumentException>(() => ResidueVector.InnerProduct(new ulong[2], new ulong[1], A1));
    }

    private static long Allocated(IRandomSource random, int dimension)
    {
        var secret = new ulong[dimension];
        var shares = new ulong[5 * dimension];
        // The first run feeds the source's buffers and the runtime's tiers.
        for (int i = 0; i < 40; i++) VectorSharing.Split(A1, secret, 4, 5, random, shares);
        long before = GC.GetAllocatedBytesForCurrentThread();
        VectorSharing.Split(A1, secret, 4, 5, random, shares);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
