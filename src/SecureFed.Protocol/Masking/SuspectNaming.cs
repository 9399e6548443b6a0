namespace SecureFed.Protocol.Masking;

/// <summary>Whom disputed shares speak against.</summary>
/// <remarks>
/// Each dispute has a liar at one end at least, so the liars cover all disputes. Whoever disputes with more than c others lied, or more than c others did; taking
/// the most disputed first and leaving out what that explains keeps those off the list with whom a liar disputed. Who has at most c disputes left may have been
/// framed by as many colluders: then both ends are named. So with at most c liars every dispute has a named liar at one end; an honest client can be named too,
/// beside the liar that disputes with it. (For more than c: the kernel of Buss and Goldsmith, SIAM J. Comput. 22(3), 1993, section 3.)
/// </remarks>
internal static class SuspectNaming
{
    /// <summary>Cohort indices of the suspects, those with the most disputes first.</summary>
    /// <param name="disputes">In any order.</param>
    /// <param name="corrupt">c: most corrupt clients in the cohort.</param>
    public static IReadOnlyList<int> Name(IEnumerable<Dispute> disputes, int corrupt)
    {
        List<int> suspects = [];
        HashSet<Dispute> open = [.. disputes];
        while (open.Count > 0)
        {
            // Equal numbers are named together: between two who stand alike nobody decides.
            List<(int Client, int Others)> counts = [.. CountOthers(open)];
            int most = counts.Max(c => c.Others);
            int bound = most > corrupt ? most : 1;
            HashSet<int> named = [.. counts.Where(c => c.Others >= bound).Select(c => c.Client)];
            suspects.AddRange(counts.Where(c => named.Contains(c.Client)).OrderByDescending(c => c.Others).ThenBy(c => c.Client).Select(c => c.Client));
            open.RemoveWhere(d => named.Contains(d.Dealer) || named.Contains(d.Responder));
        }

        return suspects;
    }

    /// <summary>With how many others each client disputes; a pair that disputes in both directions counts once.</summary>
    private static IEnumerable<(int Client, int Others)> CountOthers(IEnumerable<Dispute> disputes) => disputes
        .SelectMany(d => new[] { (Client: d.Dealer, Other: d.Responder), (Client: d.Responder, Other: d.Dealer) })
        .Distinct()
        .GroupBy(pair => pair.Client)
        .Select(group => (group.Key, group.Count()));
}
