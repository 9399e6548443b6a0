using System.Buffers.Binary;
using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>One leaf of a round: a cohort of its own, cut from the published one by a permutation that nobody chooses.</summary>
/// <remarks>
/// <para>A round of one leaf is its own leaf: same list, same digest, same id. Otherwise leaf l of L holds the places ⌊l·n/L⌋ … ⌊(l + 1)·n/L⌋ − 1 of the permutation
/// that cohortDigest seeds, its digest is SHA-256(label ‖ cohortDigest ‖ l ‖ canonical list of the leaf), and its round id the first 16 bytes of that.</para>
/// <para>Everything after the cohort (shares, uploads, survivors, quorum, unmasking) happens within a leaf; the server learns each leaf's sum.</para>
/// </remarks>
/// <param name="Number">l, from 0.</param>
/// <param name="List">The leaf's members and thresholds.</param>
/// <param name="Bytes">Canonical bytes of <paramref name="List"/>.</param>
/// <param name="Digest">What stands for cohortDigest within the leaf.</param>
/// <param name="RoundId">The id under which the leaf's messages travel.</param>
internal sealed record CohortLeaf(int Number, CohortList List, byte[] Bytes, Digest Digest, Identifier RoundId)
{
    private static ReadOnlySpan<byte> PermutationLabel => "securefed/v1 leaves\n"u8;

    private static ReadOnlySpan<byte> DigestLabel => "securefed/v1 leaf\n"u8;

    /// <summary>All leaves of a published cohort.</summary>
    /// <param name="list">Checked before.</param>
    /// <param name="bytes">Its canonical bytes.</param>
    /// <param name="round">The round.</param>
    public static IReadOnlyList<CohortLeaf> Cut(CohortList list, byte[] bytes, RoundParameters round)
    {
        Digest cohortDigest = Digest.Of(bytes);
        int leaves = round.Cohort.Leaves;
        if (leaves == 1)
            return [new CohortLeaf(0, list, bytes, cohortDigest, round.RoundId)];
        int[] places = Permutation.Create(cohortDigest, PermutationLabel, list.Advertisements.Count);
        return [.. Enumerable.Range(0, leaves).Select(leaf => CutOne(list, cohortDigest, places, leaf, round))];
    }

    private static int FirstPlace(int leaf, int n, int leaves) => (int)((long)leaf * n / leaves);

    private static CohortLeaf CutOne(CohortList list, Digest cohortDigest, int[] places, int leaf, RoundParameters round)
    {
        int n = places.Length;
        int[] members = places[FirstPlace(leaf, n, round.Cohort.Leaves)..FirstPlace(leaf + 1, n, round.Cohort.Leaves)];
        Array.Sort(members);
        CohortThresholds thresholds = CohortThresholds.TryDerive(round.Cohort, n, members.Length, out string reason)
            ?? throw new InvalidOperationException($"A cohort within the round's bounds has no thresholds: {reason}");
        CohortList own = new(list.OpenDigest, [.. members.Select(m => list.Advertisements[m])], thresholds);
        byte[] bytes = own.Encode();
        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(number, (uint)leaf);
        byte[] named = [.. DigestLabel, .. cohortDigest.ToArray(), .. number, .. bytes];
        Digest digest = Digest.Of(named);
        return new CohortLeaf(leaf, own, bytes, digest, new Identifier(digest.ToArray().AsSpan(0, Identifier.Bytes)));
    }
}
