namespace SecureFed.Cryptography.Sharing;

/// <summary>From the verdicts of <see cref="ShareCheck"/> on all clients: who is summed, whose sums are used, and who has provably cheated.</summary>
/// <remarks>
/// At most f holders and at most c clients are corrupt; m holders answered, and t of them are needed.
/// <list type="table">
/// <item><term>all m consistent</term><description>The client stays.</description></item>
/// <item><term>some off or missing, m ≥ t + 2f</term><description>If at most f, they are named. Either they are wrong or the client sent them bad shares; nobody is accused. Only
/// clients that cheat cast such doubt on an honest holder, so a holder in doubt for more than c clients is itself wrong: its answers and its sum are not used, and clients in doubt for
/// its sake alone stay. The others are left out: at most c for each corrupt holder, who could as well have lost the round.</description></item>
/// <item><term>more than f off, m ≥ t + 2f</term><description>The client has cheated: an honest one's answers differ from its polynomial at corrupt holders only.</description></item>
/// <item><term>inconsistent, t &lt; m &lt; t + 2f</term><description>Client or holder, undecidable: left out without an accusation. With K = 5, t = 4 and f = 2 this is every case: one wrong
/// holder can have clients left out, even all (a lost round, no lost secret). A server that would fall below its least list may instead keep these clients when they are more than c,
/// for then a holder lies, and test the decrypted sum of every t holders by its residue.</description></item>
/// <item><term>m ≤ t</term><description>Nothing is tested; the clients stay, and the residue of the decrypted sum remains. Missing answers for all clients alike make m
/// smaller: K − m holders may be absent as long as m &gt; t, and none of the above becomes an accusation by it.</description></item>
/// <item><term>m &lt; t</term><description>Nobody stays: there is no sum to be had.</description></item>
/// </list>
/// What follows: the answers of every client that stays agree at all holders that are used, so their sums agree too unless a holder lies anew.
/// </remarks>
public static class ShareCheckSelection
{
    /// <param name="verdicts">One for each of n clients, from <see cref="VectorErrorCorrection.Locate"/> over the answers that there are.</param>
    /// <param name="isOff">n stretches of m: holder named for this client, or without an answer for it although it answered for others (its box did not open).</param>
    /// <param name="mostCorruptClients">c, at least 0.</param>
    /// <param name="isKept">n places; overwritten: clients to put on the list.</param>
    /// <param name="isHolderWrong">m places; overwritten: holders that are wrong for certain.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public static void Select(
        ReadOnlySpan<ShareConsistency> verdicts,
        ReadOnlySpan<bool> isOff,
        int mostCorruptClients,
        Span<bool> isKept,
        Span<bool> isHolderWrong)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mostCorruptClients);
        int m = isHolderWrong.Length;
        if (isKept.Length != verdicts.Length) throw new ArgumentException("There is one place for each client.", nameof(isKept));
        if (isOff.Length != (long)verdicts.Length * m) throw new ArgumentException("There is one place for each holder and client.", nameof(isOff));

        Span<int> doubts = new int[m];
        for (int i = 0; i < verdicts.Length; i++)
        {
            for (int k = 0; k < m && IsUsable(verdicts[i]); k++)
            {
                if (isOff[(i * m) + k])
                    doubts[k]++;
            }
        }

        for (int k = 0; k < m; k++) isHolderWrong[k] = doubts[k] > mostCorruptClients;
        for (int i = 0; i < verdicts.Length; i++)
        {
            isKept[i] = IsUsable(verdicts[i]);
            for (int k = 0; k < m; k++) isKept[i] &= !isOff[(i * m) + k] || isHolderWrong[k];
        }
    }

    private static bool IsUsable(ShareConsistency verdict) =>
        verdict is ShareConsistency.Consistent or ShareConsistency.Named or ShareConsistency.Untested;
}
