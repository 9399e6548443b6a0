using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>A published cohort in usable form: members by index, their round keys, who neighbours whom.</summary>
/// <remarks>Complete graph: everyone else is a neighbour. The sparse graph changes <see cref="NeighboursOf"/> and nothing else.</remarks>
internal sealed class MaskingCohort
{
    private readonly Identifier[] members;
    private readonly Advertisement[] keys;

    private MaskingCohort(Identifier[] members, Advertisement[] keys, CohortThresholds thresholds, Digest digest)
    {
        this.members = members;
        this.keys = keys;
        Thresholds = thresholds;
        Digest = digest;
    }

    public int Count => members.Length;

    public CohortThresholds Thresholds { get; }

    /// <summary>cohortDigest.</summary>
    public Digest Digest { get; }

    /// <summary>Builds the cohort from a list that was checked before (by <see cref="CohortCheck"/> at a client, by construction at the server).</summary>
    public static MaskingCohort Create(CohortList list, Digest digest)
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

        return new MaskingCohort(senders, roundKeys, list.Thresholds, digest);
    }

    public Identifier this[int index] => members[index];

    public Advertisement KeysOf(int index) => keys[index];

    public int? IndexOf(Identifier member) => Array.BinarySearch(members, member) is >= 0 and int index ? index : null;

    /// <summary>Cohort indices of a member's neighbours, ascending.</summary>
    public IEnumerable<int> NeighboursOf(int index) => Enumerable.Range(0, members.Length).Where(i => i != index);

    /// <summary>Shamir point of a member: its index plus one, because point 0 is the secret.</summary>
    public static int PointOf(int index) => index + 1;
}
