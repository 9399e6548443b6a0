using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>A published cohort that passed <see cref="CohortCheck"/>, cut into its leaves.</summary>
internal sealed class CheckedCohort
{
    private readonly CohortList list;
    private readonly Dictionary<Identifier, (int Index, int Leaf)> members = [];
    private readonly MaskingCohort[] leaves;

    private CheckedCohort(CohortList list, IReadOnlyList<CohortLeaf> cut)
    {
        this.list = list;
        Cut = cut;
        leaves = [.. cut.Select(MaskingCohort.Create)];
        foreach (CohortLeaf leaf in cut)
        {
            for (int i = 0; i < leaves[leaf.Number].Count; i++)
                members.Add(leaves[leaf.Number][i], (i, leaf.Number));
        }
    }

    public IReadOnlyList<CohortLeaf> Cut { get; }

    /// <summary>Decodes and checks a list, or takes it from the memory of this process's clients.</summary>
    public static RoundRejection? TryOpen(ReadOnlyMemory<byte> blob, ClientContext context, RoundParameters round, Digest openDigest, out CheckedCohort? cohort)
    {
        Digest digest = Digest.Of(blob.Span);
        cohort = context.Cohorts?.Find(digest, openDigest, context.Roster.Digest);
        if (cohort is not null)
            return null;
        if (!CohortList.TryDecode(blob.Span, out CohortList? list))
            return new RoundRejection(ErrorCodes.InvalidCohort, "The published cohort is malformed; the client abstains from this round.");
        if (CohortCheck.FindFault(list!, context, round, openDigest) is { } fault)
            return fault;
        cohort = new CheckedCohort(list!, CohortLeaf.Cut(list!, blob.ToArray(), round));
        context.Cohorts?.Add(digest, openDigest, context.Roster.Digest, cohort);
        return null;
    }

    /// <summary>The leaf in which a member stands with exactly this advertisement; null if it stands nowhere or with another one.</summary>
    public (CohortLeaf Leaf, MaskingCohort Cohort)? LeafOf(Identifier member, ReadOnlySpan<byte> advertisement)
    {
        if (!members.TryGetValue(member, out (int Index, int Leaf) place))
            return null;
        CohortLeaf leaf = Cut[place.Leaf];
        return leaf.List.Advertisements[place.Index].Span.SequenceEqual(advertisement) ? (leaf, leaves[place.Leaf]) : null;
    }
}
