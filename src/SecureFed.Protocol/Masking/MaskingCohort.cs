using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>A published cohort in usable form: members by index, their round keys, who neighbours whom.</summary>
internal sealed class MaskingCohort
{
    private readonly Identifier[] members;
    private readonly Advertisement[] keys;
    private readonly HararyGraph graph;

    private MaskingCohort(Identifier[] members, Advertisement[] keys, CohortThresholds thresholds, Digest digest, Identifier roundId)
    {
        this.members = members;
        this.keys = keys;
        Thresholds = thresholds;
        Digest = digest;
        RoundId = roundId;
        graph = HararyGraph.Create(digest, members.Length, thresholds.Neighbours);
    }

    public int Count => members.Length;

    public CohortThresholds Thresholds { get; }

    /// <summary>cohortDigest, or the leaf's own digest.</summary>
    public Digest Digest { get; }

    /// <summary>The round's id, or the leaf's own: the one that messages of this cohort name.</summary>
    public Identifier RoundId { get; }

    /// <summary>Builds the cohort from a leaf of a list that was checked before (by <see cref="CohortCheck"/> at a client, by construction at the server).</summary>
    public static MaskingCohort Create(CohortLeaf leaf) => Create(leaf.List, leaf.Digest, leaf.RoundId);

    /// <summary>The same from its parts.</summary>
    public static MaskingCohort Create(CohortList list, Digest digest, Identifier roundId)
    {
        Identifier[] senders = new Identifier[list.Advertisements.Count];
        Advertisement[] roundKeys = new Advertisement[senders.Length];
        for (int i = 0; i < senders.Length; i++)
        {
            if (SignedMessage.TryDecode(list.Advertisements[i], out SignedMessage? message) is not null || message!.Body is not Advertisement advertisement)
                throw new InvalidOperationException("A cohort list holds advertisements only.");
            senders[i] = message.Header.Sender;
            roundKeys[i] = advertisement;
        }

        return new MaskingCohort(senders, roundKeys, list.Thresholds, digest, roundId);
    }

    public Identifier this[int index] => members[index];

    public Advertisement KeysOf(int index) => keys[index];

    public int? IndexOf(Identifier member) => Array.BinarySearch(members, member) is >= 0 and int index ? index : null;

    /// <summary>Cohort indices of a member's neighbours, ascending.</summary>
    public int[] NeighboursOf(int index) => graph.NeighboursOf(index);

    /// <summary>Whether dropping all but these members could cut the ring in two between honest survivors, as far as anyone can tell who does not know the corrupt.</summary>
    /// <remarks>
    /// A cut needs two disjoint stretches of k/2 places without an honest survivor; any two hold at most f corrupt members (but for 2^-105 over all pairs), so
    /// two that hold more than f survivors hold an honest one. A second line: 2t &gt; k + f already keeps a cut from being of use, because the clients beside
    /// the gaps find too few neighbours who give away the seeds of their self masks (RingCutTests), and this check shows the attempt. Chance trips it with less
    /// than 2^-100 in class malicious; in class curious k is smaller and nothing is chosen by an adversary, so there it is left out.
    /// </remarks>
    public bool CouldBeCut(IEnumerable<int> survivors) =>
        !graph.IsComplete
        && Thresholds.Quorum > 0
        && graph.FewestInTwoGaps(survivors) <= NeighbourGraphFinder.GreatestCorruptInGaps(Count, Thresholds.Corrupt, Thresholds.Neighbours);

    /// <summary>Shamir point of a member: its index plus one, because point 0 is the secret.</summary>
    public static int PointOf(int index) => index + 1;
}
