using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using static SecureFed.Cryptography.Tests.Sharing.KeyShares;

namespace SecureFed.Cryptography.Tests.Sharing;

public sealed class VectorErrorCorrectionTests
{
    private const int Coordinates = 12;

    /// <summary>m, t, f with m ≥ t + 2f.</summary>
    public static TheoryData<int, int, int> Nameable => new() { { 3, 1, 1 }, { 5, 3, 1 }, { 6, 3, 1 }, { 7, 3, 2 }, { 10, 4, 3 }, { 16, 5, 5 }, { 40, 11, 14 }, { 255, 127, 64 } };

    /// <summary>Every word over the field of seven at six and five points, against the nearest polynomial found by trying all.</summary>
    [Theory]
    [InlineData(6, 2, 2)]
    [InlineData(5, 2, 1)]
    [InlineData(5, 3, 1)]
    [InlineData(4, 2, 1)]
    [InlineData(4, 1, 1)]
    public void Verdict_and_names_are_those_of_a_search_through_all_polynomials(int m, int t, int f)
    {
        PrimeModulus q = PrimeModulus.Create(7);
        int[] points = [.. Enumerable.Range(1, m)];
        ulong[][] codewords = [.. AllStrings(7, t).Select(c => points.Select(x => (ulong)(c.Select((a, j) => (int)a * (int)Math.Pow(x, j)).Sum() % 7)).ToArray())];
        var isWrong = new bool[m];
        foreach (ulong[] word in AllStrings(7, m))
        {
            ulong[] nearest = codewords.MinBy(c => Distance(c, word))!;
            int distance = Distance(nearest, word);
            ShareConsistency expected = distance == 0 ? ShareConsistency.Consistent : distance <= f ? ShareConsistency.Named : ShareConsistency.BeyondErrors;
            Assert.Equal(expected, VectorErrorCorrection.Locate(q, points, word, 1, t, f, isWrong));
            for (int k = 0; k < m; k++) Assert.Equal(expected == ShareConsistency.Named && nearest[k] != word[k], isWrong[k]);
        }
    }

    [Theory]
    [MemberData(nameof(Nameable))]
    public void Up_to_f_wrong_holders_are_named_exactly_and_the_secret_is_found_without_them(int m, int t, int f)
    {
        using KeyedRandomSource random = Seeded.Source($"named {m} {t} {f}");
        for (int wrong = 0; wrong <= f; wrong++)
        {
            Word word = new(random, m, t);
            int[] places = word.Spoil(random, wrong);
            (ShareConsistency verdict, ulong[] secret, bool[] isWrong) = word.Combine(f);
            Assert.Equal(wrong == 0 ? ShareConsistency.Consistent : ShareConsistency.Named, verdict);
            Assert.Equal(places, Places(isWrong));
            Assert.Equal(word.Secret, secret);
        }
    }

    [Theory]
    [MemberData(nameof(Nameable))]
    public void More_wrong_holders_than_f_who_did_not_agree_are_noticed_and_nobody_is_named(int m, int t, int f)
    {
        using KeyedRandomSource random = Seeded.Source($"beyond {m} {t} {f}");
        for (int wrong = f + 1; wrong <= Math.Min(m - t, f + 3); wrong++)
        {
            Word word = new(random, m, t);
            word.Spoil(random, wrong);
            (ShareConsistency verdict, ulong[] secret, bool[] isWrong) = word.Combine(f);
            Assert.Equal(ShareConsistency.BeyondErrors, verdict);
            Assert.Empty(Places(isWrong));
            Assert.All(secret, v => Assert.Equal(0UL, v));
        }
    }

    [Theory]
    [InlineData(5, 4, 2)]
    [InlineData(5, 4, 1)]
    [InlineData(6, 4, 2)]
    [InlineData(9, 4, 3)]
    public void Where_nobody_can_be_named_up_to_m_minus_t_wrong_holders_are_noticed(int m, int t, int f)
    {
        using KeyedRandomSource random = Seeded.Source($"noticed {m} {t} {f}");
        Assert.Equal(ShareConsistency.Consistent, new Word(random, m, t).Combine(f).Verdict);
        for (int wrong = 1; wrong <= m - t; wrong++)
        {
            Word word = new(random, m, t);
            word.Spoil(random, wrong);
            (ShareConsistency verdict, ulong[] secret, bool[] isWrong) = word.Combine(f);
            Assert.Equal(ShareConsistency.Unattributed, verdict);
            Assert.Empty(Places(isWrong));
            Assert.All(secret, v => Assert.Equal(0UL, v));
        }
    }

    /// <summary>Why nobody is named below t + 2f: six holders, t = 4; two liars leave a word that one honest holder's error explains as well.</summary>
    [Fact]
    public void Two_liars_among_six_could_have_an_honest_holder_named()
    {
        using KeyedRandomSource random = Seeded.Source("framing");
        Word word = new(random, 6, 4);
        ulong[][] other = Split(A1, random.Residues(A1, Coordinates), 4, 6, random);
        // Another polynomial through three honest holders' values; the liars, 0 and 1, answer as it says and leave holder 5 alone.
        int[] through = [3, 4, 5, 1];
        for (int c = 0; c < Coordinates; c++)
        {
            ulong[] values = [word.Vectors[2][c], word.Vectors[3][c], word.Vectors[4][c], other[0][c]];
            word.Vectors[0][c] = other[0][c];
            word.Vectors[1][c] = Interpolate(A1, through, values, 2);
        }

        Assert.Equal((ShareConsistency.Named, 5), (word.Combine(1).Verdict, Assert.Single(Places(word.Combine(1).IsWrong))));
        Assert.Equal(ShareConsistency.Unattributed, word.Combine(2).Verdict);
    }

    [Fact]
    public void With_exactly_t_vectors_nothing_is_tested_and_with_fewer_nothing_is_known()
    {
        using KeyedRandomSource random = Seeded.Source("t vectors");
        Word word = new(random, 4, 4);
        Assert.Equal(ShareConsistency.Untested, word.Combine(2).Verdict);
        Assert.Equal(word.Secret, word.Combine(2).Secret);
        word.Spoil(random, 1);
        Assert.Equal(ShareConsistency.Untested, word.Combine(2).Verdict);
        Assert.NotEqual(word.Secret, word.Combine(2).Secret);

        var secret = new ulong[Coordinates];
        ulong[] three = [.. word.Vectors.Take(3).SelectMany(v => v)];
        Assert.Equal(ShareConsistency.TooFew, VectorErrorCorrection.Combine(A1, [1, 2, 3], three, 4, 0, secret, new bool[3]));
        Assert.All(secret, v => Assert.Equal(0UL, v));
    }

    [Fact]
    public void One_wrong_coordinate_of_2048_is_enough_to_be_named()
    {
        using KeyedRandomSource random = Seeded.Source("one coordinate");
        ulong[] secret = random.Residues(A1, 2048);
        ulong[][] sums = Split(A1, secret, 3, 7, random);
        sums[4][2047] = A1.Add(sums[4][2047], 1);
        sums[1][3] = A1.Subtract(sums[1][3], 1);
        var found = new ulong[2048];
        var isWrong = new bool[7];
        Assert.Equal(ShareConsistency.Named, VectorErrorCorrection.Combine(A1, [1, 2, 3, 4, 5, 6, 7], [.. sums.SelectMany(s => s)], 3, 2, found, isWrong));
        Assert.Equal([1, 4], Places(isWrong));
        Assert.Equal(secret, found);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => VectorErrorCorrection.Locate(A1, [1], [1], 0, 1, 0, new bool[1]));
        Assert.ThrowsAny<ArgumentException>(() => VectorErrorCorrection.Locate(A1, [1], [1], 1, 0, 0, new bool[1]));
        Assert.ThrowsAny<ArgumentException>(() => VectorErrorCorrection.Locate(A1, [1], [1], 1, 1, -1, new bool[1]));
        Assert.ThrowsAny<ArgumentException>(() => VectorErrorCorrection.Locate(A1, [1, 1], [1, 1], 1, 1, 0, new bool[2]));
        Assert.ThrowsAny<ArgumentException>(() => VectorErrorCorrection.Locate(A1, [1], [1, 1], 1, 1, 0, new bool[1]));
        Assert.ThrowsAny<ArgumentException>(() => VectorErrorCorrection.Locate(A1, [1], [A1.Value], 1, 1, 0, new bool[1]));
        Assert.ThrowsAny<ArgumentException>(() => VectorErrorCorrection.Locate(A1, [1], [1], 1, 1, 0, new bool[2]));
    }

    private static int Distance(ulong[] a, ulong[] b) => a.Zip(b, (x, y) => x == y ? 0 : 1).Sum();

    /// <summary>A shared vector and what wrong holders make of it.</summary>
    private sealed class Word
    {
        private readonly int threshold;
        private readonly int[] points;

        public Word(IRandomSource random, int m, int t)
        {
            threshold = t;
            // Gaps where there is room: holders may be absent.
            int holders = Math.Min(VectorSharing.GreatestHolders, m + 3);
            points = [.. Enumerable.Range(1, holders).OrderBy(_ => random.Words(1)[0]).Take(m)];
            if (m <= 6) points = [.. Enumerable.Range(1, m)];
            Secret = random.Residues(A1, Coordinates);
            ulong[][] shares = Split(A1, Secret, t, holders, random);
            Vectors = [.. points.Select(x => shares[x - 1])];
        }

        public ulong[] Secret { get; }

        public ulong[][] Vectors { get; }

        /// <summary>Makes that many holders wrong: in every coordinate, in one, or in one of its own by the least amount.</summary>
        /// <returns>Their places, ascending.</returns>
        public int[] Spoil(IRandomSource random, int wrong)
        {
            int[] places = [.. Enumerable.Range(0, points.Length).OrderBy(_ => random.Words(1)[0]).Take(wrong).Order()];
            int kind = random.Below(3);
            foreach (int place in places)
            {
                ulong[] vector = Vectors[place];
                int coordinate = kind == 1 ? 5 : random.Below(Coordinates);
                if (kind == 0) random.Residues(A1, Coordinates).CopyTo(vector, 0);
                else vector[coordinate] = A1.Add(vector[coordinate], kind == 1 ? random.Words(1)[0] | 1 : 1UL);
            }

            return places;
        }

        public (ShareConsistency Verdict, ulong[] Secret, bool[] IsWrong) Combine(int f)
        {
            var secret = new ulong[Coordinates];
            var isWrong = new bool[points.Length];
            ShareConsistency verdict = VectorErrorCorrection.Combine(A1, points, [.. Vectors.SelectMany(v => v)], threshold, f, secret, isWrong);
            return (verdict, secret, isWrong);
        }
    }
}
