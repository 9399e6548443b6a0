using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;
using static SecureFed.Cryptography.Tests.Sharing.KeyShares;

namespace SecureFed.Cryptography.Tests.Sharing;

/// <summary>What the arithmetic alone does not prevent, and why the round therefore binds its holder table and its one list.</summary>
public sealed class KeyShareAttackTests
{
    private const int N = 40;

    /// <summary>
    /// Five holders, t = 4, the last two in league with the server. One client was shown the order (2, 5, 1 | 3, 4). The parity check 1, −4, 6, −4, 1 of the true order cancels
    /// everybody else in the three honest sums; what it leaves of the victim, with its shares at 3 and 4, is five halves of its key.
    /// </summary>
    [Fact]
    public void A_holder_table_shuffled_for_one_client_gives_its_key_away_in_honest_sums_over_one_list()
    {
        using KeyedRandomSource random = Seeded.Source("shuffled table");
        ulong[][] others = [.. Enumerable.Range(0, 6).Select(_ => random.Residues(A1, N))];
        ulong[] victim = random.Residues(A1, N);
        ulong[][][] otherShares = [.. others.Select(s => Split(A1, s, 4, 5, random))];
        ulong[][] victimShares = Split(A1, victim, 4, 5, random);
        int[] shown = [2, 5, 1, 3, 4];

        ulong[] Held(int holder) => victimShares[shown[holder] - 1];
        ulong[][] honestSums = [.. Enumerable.Range(0, 3).Select(h => Sum(A1, [.. otherShares.Select(s => s[h]), Held(h)]))];
        ulong[][] corruptSums = [.. Enumerable.Range(3, 2).Select(h => Sum(A1, otherShares.Select(s => s[h])))];

        ulong fifth = A1.Invert(5);
        for (int i = 0; i < N; i++)
        {
            ulong left = Linear(A1, (1, honestSums[0][i]), (-4, honestSums[1][i]), (6, honestSums[2][i]), (-4, corruptSums[0][i]), (1, corruptSums[1][i]));
            ulong five = Linear(A1, (2, left), (-28, Held(3)[i]), (27, Held(4)[i]));
            Assert.Equal(victim[i], A1.Multiply(five, fifth));
        }
    }

    /// <summary>The same coalition under the one table that the round binds: the parity check is satisfied by everyone, so it says nothing.</summary>
    [Fact]
    public void Under_one_table_the_same_combination_is_zero()
    {
        using KeyedRandomSource random = Seeded.Source("one table");
        ulong[][][] shares = [.. Enumerable.Range(0, 7).Select(_ => Split(A1, random.Residues(A1, N), 4, 5, random))];
        ulong[][] sums = [.. Enumerable.Range(0, 5).Select(h => Sum(A1, shares.Select(s => s[h])))];
        for (int i = 0; i < N; i++)
            Assert.Equal(0UL, Linear(A1, (1, sums[0][i]), (-4, sums[1][i]), (6, sums[2][i]), (-4, sums[3][i]), (1, sums[4][i])));
    }

    /// <summary>Three holders, t = 2, so that 2t &gt; K + f excludes two complete lists; asked for P, for P ∪ Q and for Q they still give 3·S_P − S_Q away.</summary>
    [Fact]
    public void Sums_over_mixed_lists_combine_to_three_S_P_minus_S_Q()
    {
        using KeyedRandomSource random = Seeded.Source("mixed lists");
        ulong[] p = random.Residues(A1, N);
        ulong[][] q = [random.Residues(A1, N), random.Residues(A1, N)];
        ulong[][] pShares = Split(A1, p, 2, 3, random);
        ulong[][][] qShares = [.. q.Select(s => Split(A1, s, 2, 3, random))];
        ulong[] first = pShares[0];
        ulong[] second = Sum(A1, pShares[1], qShares[0][1], qShares[1][1]);
        ulong[] third = Sum(A1, qShares[0][2], qShares[1][2]);
        for (int i = 0; i < N; i++)
        {
            ulong seen = Linear(A1, (6, first[i]), (-3, second[i]), (2, third[i]));
            Assert.Equal(Linear(A1, (3, p[i]), (-1, q[0][i]), (-1, q[1][i])), seen);
        }
    }

    /// <summary>What a holder that answered two lists would give: one client's key as the difference.</summary>
    [Fact]
    public void Two_lists_that_differ_by_one_client_give_its_key()
    {
        using KeyedRandomSource random = Seeded.Source("two lists");
        ulong[] victim = random.Residues(A1, N);
        ulong[][] victimShares = Split(A1, victim, 4, 5, random);
        ulong[][][] others = [.. Enumerable.Range(0, 4).Select(_ => Split(A1, random.Residues(A1, N), 4, 5, random))];
        int[] points = [2, 3, 4, 5];
        ulong[] without = Combine(A1, points, points.Select(x => Sum(A1, others.Select(s => s[x - 1]))));
        ulong[] with = Combine(A1, points, points.Select(x => Sum(A1, [.. others.Select(s => s[x - 1]), victimShares[x - 1]])));
        Assert.Equal(victim, with.Zip(without, A1.Subtract));
    }
}
