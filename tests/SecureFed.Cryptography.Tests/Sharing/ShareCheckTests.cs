using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using static SecureFed.Cryptography.Tests.Sharing.KeyShares;

namespace SecureFed.Cryptography.Tests.Sharing;

public sealed class ShareCheckTests
{
    private const int L = ShareCheck.Challenges;

    /// <summary>K, t, f: two where wrong answers can be named, DESIGN's five holders where they cannot, one without corrupt holders.</summary>
    public static TheoryData<int, int, int> Holders => new() { { 5, 3, 1 }, { 9, 4, 2 }, { 5, 4, 2 }, { 5, 4, 0 } };

    /// <summary>Computed with Python's hmac (RFC 5869) and OpenSSL's aes-256-ctr for the digest 00 01 … 1f: the first three elements, and SHA-256 over all 2,048 as 64-bit
    /// little-endian words.</summary>
    [Fact]
    public void Challenges_are_those_computed_elsewhere()
    {
        byte[] digest = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        ulong[][] first =
        [
            [658317469202542, 935721323389043, 58143702829510],
            [176052980008475, 926251090714765, 376424690467141],
            [400932041244681, 131817771095636, 836898598762690],
        ];
        string[] hashes =
        [
            "6ffc5c146ff52d911dceeb5796cddb288ac237f2f0d2b0f0c5449c52003b3e9c",
            "c84391cae42fb7100dade7ddefa195d12695bd76483823084c4c8ee46afdf869",
            "38692e03e26ede409678a46850778aced3dcf1931be4b8ea95b40d6c090b18ff",
        ];
        var challenges = new ulong[L * 2048];
        ShareCheck.ExpandChallenges(A1, digest, L, challenges);
        for (int l = 0; l < L; l++)
        {
            ulong[] rho = challenges[(l * 2048)..((l + 1) * 2048)];
            Assert.Equal(first[l], rho[..3]);
            Assert.Equal(hashes[l], Convert.ToHexStringLower(SHA256.HashData([.. rho.SelectMany(Bytes)])));
        }

        // In the field of five, three candidates in eight are left out.
        var small = new ulong[L * 8];
        ShareCheck.ExpandChallenges(PrimeModulus.Create(5), digest, L, small);
        Assert.Equal([3, 2, 3, 2, 0, 3, 0, 0, 3, 4, 3, 2, 2, 3, 3, 1, 1, 4, 2, 2, 0, 4, 2, 1], small);
    }

    [Fact]
    public void Answers_are_inner_products_over_big_integers()
    {
        using KeyedRandomSource random = Seeded.Source("answers");
        ulong[] share = random.Residues(A1, 2048 + L);
        ulong[] challenges = Challenges(A1, "answers", 2048, L);
        ulong[] answers = Answer(A1, challenges, share, L);
        for (int l = 0; l < L; l++)
        {
            BigInteger expected = share[2048 + l];
            for (int i = 0; i < 2048; i++) expected += (BigInteger)challenges[(l * 2048) + i] * share[i];
            Assert.Equal((ulong)(expected % A1.Value), answers[l]);
        }
    }

    [Theory]
    [MemberData(nameof(Holders))]
    public void An_honest_client_passes_with_every_set_of_more_than_t_answers(int k, int t, int f)
    {
        using KeyedRandomSource random = Seeded.Source($"honest {k} {t}");
        Dealt dealt = new(random, 64, t, k);
        for (int m = t + 1; m <= k; m++)
        {
            foreach (int[] subset in Subsets(k, m))
                Assert.Equal(ShareConsistency.Consistent, dealt.Judge(t, f, subset).Verdict);
        }
    }

    /// <summary>Any f holders, any lies: the client is never the one of whom the verdict says that it has cheated.</summary>
    [Theory]
    [MemberData(nameof(Holders))]
    public void Corrupt_holders_never_convict_an_honest_client(int k, int t, int f)
    {
        using KeyedRandomSource random = Seeded.Source($"lies {k} {t}");
        bool canName = k >= t + (2 * f);
        for (int trial = 0; trial < 20; trial++)
        {
            foreach (int[] liars in Subsets(k, f))
            {
                Dealt dealt = new(random, 8, t, k);
                foreach (int liar in liars)
                {
                    // All three answers, or one of them only, or what another holder would answer.
                    if (trial % 3 == 0) dealt.Answers[liar] = random.Residues(A1, L);
                    else if (trial % 3 == 1) dealt.Answers[liar][trial % L] = A1.Add(dealt.Answers[liar][trial % L], 1);
                    else dealt.Answers[liar] = [.. dealt.Answers[(liar + 1) % k]];
                }

                (ShareConsistency verdict, bool[] isOff) = dealt.Judge(t, f);
                Assert.NotEqual(ShareConsistency.BeyondErrors, verdict);
                if (canName) Assert.Equal(liars, Places(isOff));
                else Assert.Empty(Places(isOff));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Holders))]
    public void Shares_of_too_high_a_degree_are_caught(int k, int t, int f) => AssertCaught(k, t, f, (random, dealt) =>
        dealt.Deal(Split(A1, dealt.Vector, t + 1, k, random)));

    [Theory]
    [MemberData(nameof(Holders))]
    public void One_coordinate_of_too_high_a_degree_is_caught(int k, int t, int f) => AssertCaught(k, t, f, (random, dealt) =>
    {
        ulong[][] steep = Split(A1, dealt.Vector, t + 1, k, random);
        for (int h = 0; h < k; h++) dealt.Shares[h][17] = steep[h][17];
    });

    [Theory]
    [MemberData(nameof(Holders))]
    public void Random_shares_are_caught(int k, int t, int f) => AssertCaught(k, t, f, (random, dealt) =>
    {
        for (int h = 0; h < k; h++) dealt.Shares[h] = random.Residues(A1, dealt.Vector.Length);
    });

    [Theory]
    [MemberData(nameof(Holders))]
    public void Mask_shares_of_too_high_a_degree_are_caught(int k, int t, int f) => AssertCaught(k, t, f, (random, dealt) =>
    {
        ulong[][] steep = Split(A1, dealt.Vector, t + 1, k, random);
        for (int h = 0; h < k; h++) dealt.Shares[h][^1] = steep[h][^1];
    });

    /// <summary>A client that spoils f shares or fewer looks like corrupt holders: it is in doubt, not convicted, and neither are they.</summary>
    [Theory]
    [MemberData(nameof(Holders))]
    public void One_wrong_coordinate_at_one_holder_is_noticed(int k, int t, int f)
    {
        using KeyedRandomSource random = Seeded.Source($"one wrong {k} {t}");
        for (int victim = 0; victim < k; victim++)
        {
            Dealt dealt = new(random, 64, t, k);
            dealt.Shares[victim][victim * 7] = A1.Add(dealt.Shares[victim][victim * 7], 1);
            dealt.AnswerAll();
            (ShareConsistency verdict, bool[] isOff) = dealt.Judge(t, f);
            ShareConsistency expected = f == 0 ? ShareConsistency.BeyondErrors : k >= t + (2 * f) ? ShareConsistency.Named : ShareConsistency.Unattributed;
            Assert.Equal(expected, verdict);
            Assert.Equal(expected == ShareConsistency.Named ? [victim] : [], Places(isOff));
        }
    }

    /// <summary>Shares fixed before the challenge, all challenges tried: exactly q^-L of them are passed, whatever the masks' shares try.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Bad_shares_pass_one_challenge_in_q_to_the_L(int count)
    {
        PrimeModulus q = PrimeModulus.Create(5);
        using KeyedRandomSource random = Seeded.Source($"soundness {count}");
        int passed = 0;
        int asked = 0;
        for (int trial = 0; trial < 20; trial++)
        {
            // Degree 2 where below 2 is asked for, in both coordinates of the key and in the masks.
            ulong[][] shares;
            do shares = Split(q, random.Residues(q, 2 + count), 3, 3, random);
            while (Enumerable.Range(0, 2).All(i => Interpolate(q, [1, 2], [shares[0][i], shares[1][i]], 3) == shares[2][i]));
            int before = passed;
            foreach (ulong[] challenges in AllStrings(5, 2 * count))
            {
                ulong[] answers = [.. shares.SelectMany(s => Answer(q, challenges, s, count))];
                if (VectorErrorCorrection.Locate(q, [1, 2, 3], answers, count, 2, 0, new bool[3]) == ShareConsistency.Consistent) passed++;
                asked++;
            }

            Assert.Equal((int)Math.Pow(5, count), passed - before);
        }

        Assert.Equal(20 * (int)Math.Pow(5, 2 * count), asked);
    }

    /// <summary>Over the field of five all choices of client and source are tried: one holder's share and everybody's answers are distributed alike for every key.</summary>
    [Fact]
    public void Answers_and_t_minus_1_shares_are_distributed_alike_for_every_key()
    {
        PrimeModulus q = PrimeModulus.Create(5);
        ulong[] challenge = [3, 1];
        foreach (int corrupt in new[] { 0, 1, 2 })
        {
            string[]? expected = null;
            foreach (ulong[] key in AllStrings(5, 2))
            {
                string[] views =
                [
                    .. AllStrings(5, 4).Select(draw =>
                    {
                        // One mask; t = 2, so one upper coefficient for each of the three coordinates.
                        ulong[][] shares = Split(q, [.. key, draw[0]], 2, 3, new Tape(draw[1..]));
                        return $"{string.Join(' ', shares[corrupt])} | {string.Join(' ', shares.Select(s => Answer(q, challenge, s, 1)[0]))}";
                    }).Order(StringComparer.Ordinal),
                ];
                expected ??= views;
                Assert.Equal(expected, views);
            }
        }
    }

    /// <summary>Why a holder answers once: two answers under one mask give N equations of the key, here all of it, and then the masks.</summary>
    [Fact]
    public void A_second_challenge_answered_for_one_client_gives_its_key_and_masks_away()
    {
        using KeyedRandomSource random = Seeded.Source("second challenge");
        const int N = L;
        ulong[] vector = random.Residues(A1, N + L);
        ulong[][] shares = Split(A1, vector, 3, 5, random);
        ulong[] one = Challenges(A1, "entry", N, L);
        ulong[] other = Challenges(A1, "another entry", N, L);

        // The server sees answers only: at 0 they are ⟨ρ, s⟩ + μ and ⟨ρ', s⟩ + μ.
        ulong[] atZero = Combine(A1, [1, 2, 3], shares.Take(3).Select(s => Answer(A1, one, s, L)));
        ulong[] otherAtZero = Combine(A1, [1, 2, 3], shares.Take(3).Select(s => Answer(A1, other, s, L)));
        ulong[] rows = [.. one.Zip(other, A1.Subtract)];
        ulong[] differences = [.. atZero.Zip(otherAtZero, A1.Subtract)];
        ulong[] key = [.. Enumerable.Range(0, N).Select(i => Cramer(rows, differences, i))];
        Assert.Equal(vector[..N], key);
        ulong[] masks = [.. Enumerable.Range(0, L).Select(l => A1.Subtract(atZero[l], ResidueVector.InnerProduct(one.AsSpan(l * N, N), key, A1)))];
        Assert.Equal(vector[N..], masks);
    }

    /// <summary>Why all holders answer the challenge of one log entry: beside t−1 corrupt holders, two honest ones asked differently give L equations of the key.</summary>
    [Fact]
    public void Different_challenges_to_two_honest_holders_give_the_key_to_t_minus_1_corrupt_ones()
    {
        using KeyedRandomSource random = Seeded.Source("different challenges");
        const int N = L;
        ulong[] vector = random.Residues(A1, N + L);
        ulong[][] shares = Split(A1, vector, 4, 5, random);
        int[] known = [0, 1, 2, 3];
        var rows = new ulong[L * N];
        var right = new ulong[L];
        foreach (int honest in new[] { 3, 4 })
        {
            // The honest share is scale · vector plus what the corrupt shares 1 to 3 fix; so is its answer, under its own challenge.
            ulong[] challenges = Challenges(A1, $"view {honest}", N, L);
            ulong unscale = A1.Invert(Interpolate(A1, known, [1, 0, 0, 0], honest + 1));
            ulong[] fixedPart = [.. Enumerable.Range(0, N + L).Select(i => Interpolate(A1, known, [0, shares[0][i], shares[1][i], shares[2][i]], honest + 1))];
            ulong[] answers = Answer(A1, challenges, shares[honest], L);
            ulong[] corrections = Answer(A1, challenges, fixedPart, L);
            for (int l = 0; l < L; l++)
            {
                // ⟨ρ, s⟩ + μ, once with either sign: μ is gone.
                ulong value = A1.Multiply(A1.Subtract(answers[l], corrections[l]), unscale);
                right[l] = honest == 3 ? A1.Add(right[l], value) : A1.Subtract(right[l], value);
            }

            rows = [.. rows.Zip(challenges, (row, rho) => honest == 3 ? A1.Add(row, rho) : A1.Subtract(row, rho))];
        }

        Assert.Equal(vector[..N], Enumerable.Range(0, N).Select(i => Cramer(rows, right, i)));
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => ShareCheck.ExpandChallenges(A1, new byte[31], 1, new ulong[1]));
        Assert.ThrowsAny<ArgumentException>(() => ShareCheck.ExpandChallenges(A1, new byte[32], 0, new ulong[1]));
        Assert.ThrowsAny<ArgumentException>(() => ShareCheck.ExpandChallenges(A1, new byte[32], 2, new ulong[3]));
        Assert.ThrowsAny<ArgumentException>(() => ShareCheck.Answer(A1, new ulong[3], new ulong[3], new ulong[3]));
        Assert.ThrowsAny<ArgumentException>(() => ShareCheck.Answer(A1, new ulong[3], new ulong[3], []));
        Assert.ThrowsAny<ArgumentException>(() => ShareCheck.Answer(A1, new ulong[3], new ulong[4], new ulong[2]));
    }

    private static byte[] Bytes(ulong value)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>Nobody is to be named: the whole client is bad.</summary>
    private static void AssertCaught(int k, int t, int f, Action<IRandomSource, Dealt> cheat)
    {
        using KeyedRandomSource random = Seeded.Source($"caught {k} {t} {f}");
        for (int trial = 0; trial < 10; trial++)
        {
            Dealt dealt = new(random, 64, t, k);
            cheat(random, dealt);
            dealt.AnswerAll();
            (ShareConsistency verdict, bool[] isOff) = dealt.Judge(t, f);
            Assert.Equal(k >= t + (2 * f) ? ShareConsistency.BeyondErrors : ShareConsistency.Unattributed, verdict);
            Assert.Empty(Places(isOff));
        }
    }

    /// <summary>Unknown i of three linear equations over Z_q.</summary>
    private static ulong Cramer(ulong[] rows, ulong[] right, int i)
    {
        ulong[] replaced = [.. rows];
        for (int l = 0; l < 3; l++) replaced[(3 * l) + i] = right[l];
        return A1.Multiply(Determinant(replaced), A1.Invert(Determinant(rows)));
    }

    private static ulong Determinant(ulong[] a)
    {
        ulong Minor(int i, int j, int k, int l) => A1.Subtract(A1.Multiply(a[i], a[l]), A1.Multiply(a[j], a[k]));
        return A1.Add(A1.Subtract(A1.Multiply(a[0], Minor(4, 5, 7, 8)), A1.Multiply(a[1], Minor(3, 5, 6, 8))), A1.Multiply(a[2], Minor(3, 4, 6, 7)));
    }

    /// <summary>One client's key and masks with shares and answers.</summary>
    private sealed class Dealt
    {
        private readonly ulong[] challenges;

        public Dealt(IRandomSource random, int dimension, int threshold, int holders)
        {
            Vector = random.Residues(A1, dimension + L);
            Shares = Split(A1, Vector, threshold, holders, random);
            challenges = Challenges(A1, "uploads fixed", dimension, L);
            Answers = new ulong[holders][];
            AnswerAll();
        }

        public ulong[] Vector { get; }

        public ulong[][] Shares { get; }

        public ulong[][] Answers { get; }

        public void Deal(ulong[][] shares) => shares.CopyTo(Shares, 0);

        public void AnswerAll()
        {
            for (int h = 0; h < Shares.Length; h++) Answers[h] = Answer(A1, challenges, Shares[h], L);
        }

        public (ShareConsistency Verdict, bool[] IsOff) Judge(int t, int f, int[]? answering = null)
        {
            answering ??= [.. Enumerable.Range(0, Shares.Length)];
            var isOff = new bool[answering.Length];
            ulong[] answers = [.. answering.SelectMany(h => Answers[h])];
            return (VectorErrorCorrection.Locate(A1, [.. answering.Select(h => h + 1)], answers, L, t, f, isOff), isOff);
        }
    }
}
