using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sharing;
using static SecureFed.Cryptography.Tests.Sharing.KeyShares;

namespace SecureFed.Cryptography.Tests.Sharing;

/// <summary>Whole rounds of the check: 24 clients, c = 3 of them corrupt, nine holders, t = 4, f = 2 of them corrupt.</summary>
public sealed class ShareCheckSelectionTests
{
    private const int Clients = 24;
    private const int CorruptClients = 3;
    private const int Holders = 9;
    private const int Threshold = 4;
    private const int CorruptHolders = 2;
    private const int Dimension = 6;
    private const int L = ShareCheck.Challenges;

    [Fact]
    public void Whatever_the_corrupt_do_who_stays_fits_who_is_used_and_nobody_honest_is_accused()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            using KeyedRandomSource random = Seeded.Source($"selection {seed}");
            Round round = new(random, spoilsPerClient: 5, answersPerLiar: Clients);
            (bool[] isKept, bool[] isHolderWrong) = round.Select();
            Assert.All(Places(isHolderWrong), h => Assert.True(h < CorruptHolders));
            for (int i = CorruptClients; i < Clients; i++) Assert.NotEqual(ShareConsistency.BeyondErrors, round.Verdicts[i]);
            int lost = Enumerable.Range(CorruptClients, Clients - CorruptClients).Count(i => !isKept[i]);
            Assert.True(lost <= CorruptClients * CorruptHolders);

            // Honest holders' sums over the list are of one polynomial, so the round's sum is found although the corrupt lie again.
            int[] used = [.. Enumerable.Range(0, Holders).Where(h => !isHolderWrong[h])];
            ulong[] expected = Sum(A1, Places(isKept).Select(i => round.HonestSecret(i)));
            ulong[] sums = [.. used.SelectMany(h => h < CorruptHolders ? random.Residues(A1, Dimension) : round.SumOf(h, Places(isKept)))];
            var secret = new ulong[Dimension];
            var isWrong = new bool[used.Length];
            ShareConsistency verdict = VectorErrorCorrection.Combine(A1, [.. used.Select(h => h + 1)], sums, Threshold, CorruptHolders, secret, isWrong);
            int lying = used.Count(h => h < CorruptHolders);
            Assert.Equal(lying == 0 ? ShareConsistency.Consistent : ShareConsistency.Named, verdict);
            Assert.Equal(expected, secret);
        }
    }

    [Fact]
    public void A_holder_that_lies_about_everyone_is_not_used_and_costs_no_client()
    {
        using KeyedRandomSource random = Seeded.Source("lies about all");
        Round round = new(random, spoilsPerClient: 0, answersPerLiar: Clients, liesAlways: true);
        (bool[] isKept, bool[] isHolderWrong) = round.Select();
        Assert.All(isKept, Assert.True);
        Assert.Equal([0, 1], Places(isHolderWrong));
    }

    [Fact]
    public void Clients_in_doubt_for_c_or_fewer_are_left_out_and_no_holder_is_accused()
    {
        var verdicts = new ShareConsistency[5];
        Array.Fill(verdicts, ShareConsistency.Consistent);
        verdicts[1] = verdicts[4] = ShareConsistency.Named;
        var isOff = new bool[15];
        isOff[(1 * 3) + 2] = isOff[(4 * 3) + 2] = true;
        AssertDecides([0, 2, 3], [], verdicts, isOff, 2);
        AssertDecides([0, 1, 2, 3, 4], [2], verdicts, isOff, 1);
        // A box that did not open is a doubt too, although the other answers agree.
        isOff[3 * 3] = true;
        AssertDecides([0, 1, 2, 4], [2], verdicts, isOff, 1);
    }

    [Fact]
    public void Undecided_convicted_and_unanswered_clients_are_left_out_and_untested_ones_stay()
    {
        ShareConsistency[] verdicts = [.. Enum.GetValues<ShareConsistency>()];
        var isOff = new bool[verdicts.Length * 2];
        Assert.Equal(
            [(int)ShareConsistency.Untested, (int)ShareConsistency.Consistent, (int)ShareConsistency.Named],
            Decide(verdicts, isOff, 1).Kept);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => ShareCheckSelection.Select(new ShareConsistency[1], new bool[2], -1, new bool[1], new bool[2]));
        Assert.ThrowsAny<ArgumentException>(() => ShareCheckSelection.Select(new ShareConsistency[1], new bool[2], 1, new bool[2], new bool[2]));
        Assert.ThrowsAny<ArgumentException>(() => ShareCheckSelection.Select(new ShareConsistency[1], new bool[2], 1, new bool[1], new bool[1]));
    }

    private static void AssertDecides(int[] kept, int[] wrong, ShareConsistency[] verdicts, bool[] isOff, int c)
    {
        (int[] actualKept, int[] actualWrong) = Decide(verdicts, isOff, c);
        Assert.Equal(kept, actualKept);
        Assert.Equal(wrong, actualWrong);
    }

    private static (int[] Kept, int[] Wrong) Decide(ShareConsistency[] verdicts, bool[] isOff, int c)
    {
        var isKept = new bool[verdicts.Length];
        var isHolderWrong = new bool[isOff.Length / verdicts.Length];
        ShareCheckSelection.Select(verdicts, isOff, c, isKept, isHolderWrong);
        return (Places(isKept), Places(isHolderWrong));
    }

    /// <summary>The first clients and the first holders are the corrupt ones.</summary>
    private sealed class Round
    {
        private readonly ulong[][][] shares = new ulong[Clients][][];
        private readonly bool[] isOff = new bool[Clients * Holders];

        public Round(IRandomSource random, int spoilsPerClient, int answersPerLiar, bool liesAlways = false)
        {
            ulong[] challenges = Challenges(A1, "round", Dimension, L);
            int[] points = [.. Enumerable.Range(1, Holders)];
            int lies = liesAlways ? answersPerLiar : random.Below(answersPerLiar + 1);
            for (int i = 0; i < Clients; i++)
            {
                shares[i] = Split(A1, random.Residues(A1, Dimension + L), Threshold, Holders, random);
                for (int spoil = i < CorruptClients ? random.Below(spoilsPerClient + 1) : 0; spoil > 0; spoil--)
                    shares[i][random.Below(Holders)][random.Below(Dimension)] = random.Residues(A1, 1)[0];
                ulong[] answers = [.. shares[i].SelectMany(s => Answer(A1, challenges, s, L))];
                for (int h = 0; h < CorruptHolders; h++)
                {
                    // Now and then both lie about one client, or one lies about a corrupt client's bad share.
                    if (random.Below(answersPerLiar) < lies) answers[(h * L) + random.Below(L)] = random.Residues(A1, 1)[0];
                }

                Verdicts[i] = VectorErrorCorrection.Locate(A1, points, answers, L, Threshold, CorruptHolders, isOff.AsSpan(i * Holders, Holders));
            }
        }

        public ShareConsistency[] Verdicts { get; } = new ShareConsistency[Clients];

        public (bool[] IsKept, bool[] IsHolderWrong) Select()
        {
            var isKept = new bool[Clients];
            var isHolderWrong = new bool[Holders];
            ShareCheckSelection.Select(Verdicts, isOff, CorruptClients, isKept, isHolderWrong);
            return (isKept, isHolderWrong);
        }

        /// <summary>What the honest holders' shares of a client determine.</summary>
        public ulong[] HonestSecret(int client) => Combine(A1, [6, 7, 8, 9], shares[client][5..].Select(s => s[..Dimension]));

        public ulong[] SumOf(int holder, int[] clients) => Sum(A1, clients.Select(i => shares[i][holder][..Dimension]));
    }
}
