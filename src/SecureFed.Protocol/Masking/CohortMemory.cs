using System.Collections.Concurrent;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>Cohorts that one client of this process has checked, so that the others of the same process need not check every signature again.</summary>
/// <remarks>For simulations and demos: a client by itself checks each cohort once anyway. What differs between clients (own advertisement, policy) each checks itself.</remarks>
public sealed class CohortMemory
{
    private const int Greatest = 4;
    private readonly ConcurrentDictionary<(Digest List, Digest Open, Digest Roster), CheckedCohort> known = new();
    private readonly ConcurrentQueue<(Digest, Digest, Digest)> order = new();

    internal CheckedCohort? Find(Digest list, Digest open, Digest roster) => known.GetValueOrDefault((list, open, roster));

    internal void Add(Digest list, Digest open, Digest roster, CheckedCohort cohort)
    {
        if (!known.TryAdd((list, open, roster), cohort))
            return;
        order.Enqueue((list, open, roster));
        while (order.Count > Greatest && order.TryDequeue(out (Digest, Digest, Digest) oldest))
            known.TryRemove(oldest, out _);
    }
}
