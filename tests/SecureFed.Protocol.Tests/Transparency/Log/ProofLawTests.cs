using FsCheck;
using FsCheck.Fluent;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency.Log;

/// <summary>Proofs that are made verify, and nothing near them does.</summary>
public sealed class ProofLawTests
{
    private const int Greatest = 130;

    private static readonly Digest[] Leaves = [.. Enumerable.Range(0, Greatest).Select(i => MerkleHash.Leaf(MemoryLog.Entry(i)))];

    private static readonly Digest[] Roots = [.. Enumerable.Range(0, Greatest + 1).Select(size => Root(Leaves.AsSpan(0, size)))];

    private static readonly ProofBuilder Builder = new(new LeafReader());

    [Fact]
    public void Root_of_the_frontier_is_the_root_by_definition_at_every_size_and_survives_a_restart()
    {
        MerkleFrontier frontier = new();
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", frontier.Root.ToString());
        for (int size = 1; size <= Greatest; size++)
        {
            frontier.Append(Leaves[size - 1]);
            Assert.Equal(Roots[size], frontier.Root);
            Assert.Equal(Roots[size], Builder.Root((ulong)size));
            frontier = new MerkleFrontier(frontier.Size, frontier.RightEdge());
            Assert.Equal(Roots[size], frontier.Root);
        }

        Assert.Throws<ArgumentException>(() => new MerkleFrontier(3, [default]));
    }

    [Fact]
    public void Appending_allocates_nothing()
    {
        MerkleFrontier frontier = new();
        frontier.Append(Leaves[0]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            frontier.Append(Leaves[1]);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Every_inclusion_proof_of_every_size_verifies_and_for_no_other_place()
    {
        for (int size = 1; size <= Greatest; size++)
        {
            for (int index = 0; index < size; index++)
            {
                Digest[] proof = Builder.Inclusion((ulong)index, (ulong)size);
                Assert.True(InclusionProof.Verify((ulong)index, (ulong)size, Leaves[index], proof, Roots[size]));
                Assert.False(InclusionProof.Verify((ulong)((index + 1) % size), (ulong)size, Leaves[index], proof, Roots[size]) && size > 1);
                Assert.False(InclusionProof.Verify((ulong)index, (ulong)size, Leaves[index], [.. proof, default], Roots[size]));
                Assert.False(InclusionProof.Verify((ulong)(index + size), (ulong)size, Leaves[index], proof, Roots[size]));
            }
        }
    }

    [Fact]
    public void Every_consistency_proof_of_every_pair_of_sizes_verifies_and_for_no_other_root()
    {
        for (int to = 1; to <= Greatest; to++)
        {
            for (int from = 1; from <= to; from++)
            {
                Digest[] proof = Builder.Consistency((ulong)from, (ulong)to);
                Assert.True(ConsistencyProof.Verify((ulong)from, Roots[from], (ulong)to, Roots[to], proof));
                Assert.False(ConsistencyProof.Verify((ulong)from, Roots[from - 1], (ulong)to, Roots[to], proof));
                Assert.False(ConsistencyProof.Verify((ulong)from, Roots[from], (ulong)to, Roots[to - 1], proof));
                Assert.False(ConsistencyProof.Verify((ulong)from, Roots[from], (ulong)to, Roots[to], [.. proof, default]));
            }
        }
    }

    [Fact]
    public void One_flipped_bit_anywhere_spoils_a_proof() =>
        Prop.ForAll(
            Arb.From(Gen.Choose(1, Greatest)), Arb.From(Gen.Choose(0, int.MaxValue)), Arb.From(Gen.Choose(0, int.MaxValue)), (size, pick, bit) =>
            {
                int index = pick % size, from = 1 + pick % size;
                Digest[] inclusion = Builder.Inclusion((ulong)index, (ulong)size);
                Digest[] consistency = Builder.Consistency((ulong)from, (ulong)size);
                Digest[] first = Flipped([Leaves[index], Roots[size], .. inclusion], bit);
                Digest[] second = Flipped([Roots[from], Roots[size], .. consistency], bit);
                return !InclusionProof.Verify((ulong)index, (ulong)size, first[0], first.AsSpan(2), first[1])
                    && !ConsistencyProof.Verify((ulong)from, second[0], (ulong)size, second[1], second.AsSpan(2));
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));

    [Fact]
    public void A_proof_that_lacks_its_last_hash_fails() =>
        Prop.ForAll(Arb.From(Gen.Choose(2, Greatest)), Arb.From(Gen.Choose(0, int.MaxValue)), (size, pick) =>
        {
            int index = pick % size, from = 1 + pick % (size - 1);
            Digest[] inclusion = Builder.Inclusion((ulong)index, (ulong)size);
            Digest[] consistency = Builder.Consistency((ulong)from, (ulong)size);
            return !InclusionProof.Verify((ulong)index, (ulong)size, Leaves[index], inclusion.AsSpan(0, inclusion.Length - 1), Roots[size])
                && !ConsistencyProof.Verify((ulong)from, Roots[from], (ulong)size, Roots[size], consistency.AsSpan(0, consistency.Length - 1));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void Tiles_give_the_same_proofs_as_leaves_across_tile_borders()
    {
        MemoryLog log = MemoryLog.OfSize(66_000);
        Digest[] leaves = [.. log.Entries.Select(e => MerkleHash.Leaf(e))];
        foreach (int size in (int[])[255, 256, 257, 511, 65_535, 65_536, 65_537, 66_000])
        {
            Digest root = Root(leaves.AsSpan(0, size));
            Assert.Equal(root, log.Proofs.Root((ulong)size));
            foreach (int index in (int[])[0, 1, 253, 254, size / 2, size - 1])
                Assert.True(InclusionProof.Verify((ulong)index, (ulong)size, leaves[index], log.Proofs.Inclusion((ulong)index, (ulong)size), root));
            foreach (int from in (int[])[1, 255, 200, size / 2, size - 1, size])
                Assert.True(ConsistencyProof.Verify((ulong)from, Root(leaves.AsSpan(0, from)), (ulong)size, root, log.Proofs.Consistency((ulong)from, (ulong)size)));
        }
    }

    /// <summary>MTH of RFC 6962, section 2.1, as it is written there.</summary>
    private static Digest Root(ReadOnlySpan<Digest> leaves)
    {
        if (leaves.IsEmpty)
            return Digest.Of([]);
        if (leaves.Length == 1)
            return leaves[0];
        int k = 1;
        while (2 * k < leaves.Length)
            k *= 2;
        return Digest.Of([1, .. Root(leaves[..k]).ToArray(), .. Root(leaves[k..]).ToArray()]);
    }

    private static Digest[] Flipped(Digest[] hashes, int bit)
    {
        bit %= hashes.Length * Digest.Bytes * 8;
        byte[] bytes = hashes[bit / 256].ToArray();
        bytes[bit % 256 / 8] ^= (byte)(1 << (bit % 8));
        hashes[bit / 256] = new Digest(bytes);
        return hashes;
    }

    private sealed class LeafReader : IHashReader
    {
        public Digest Read(int height, ulong index) => Root(Leaves.AsSpan((int)index << height, 1 << height));
    }
}
