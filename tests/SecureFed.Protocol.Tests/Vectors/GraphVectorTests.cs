using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

internal sealed record GraphVectors(string Source, string Regenerate, string About, GraphVector[] Graphs);

/// <param name="Order">Index at each place of the ring.</param>
/// <param name="Neighbours">Of every client, by index.</param>
/// <param name="GreatestCorruptInGaps">f.</param>
internal sealed record GraphVector(byte[] CohortDigest, int N, int K, int C, int[] Order, int[][] Neighbours, int GreatestCorruptInGaps, CutVector[] Cuts);

/// <param name="FewestInTwoGaps">F.</param>
/// <param name="Code">Null if client and server accept such survivors.</param>
internal sealed record CutVector(string Name, int[] Dropped, int FewestInTwoGaps, string? Code);

internal sealed record LeafVectors(
    string Source, string Regenerate, string About, int Leaves, byte[] RoundId, byte[] CohortList, byte[] CohortDigest, int[] Places, LeafVector[] Cut, BadLeaves[] Bad);

internal sealed record LeafVector(int Number, int[] Members, byte[] List, byte[] Digest, byte[] Id, CohortThresholds Thresholds);

/// <summary>Bounds with which no task is created.</summary>
internal sealed record BadLeaves(string Name, int Clients, int Leaves, string Code);

internal sealed record ThresholdVectors(string Source, string Regenerate, string About, ThresholdVector[] Rows);

/// <param name="Thresholds">Null if the bounds have none.</param>
internal sealed record ThresholdVector(
    string? Name, int N, int Size, int Leaves, int Organisations, int OrganisationCap, int GammaMillionths, int DeltaDropMillionths, ServerClass ServerClass, CohortThresholds? Thresholds);

/// <summary>The vectors of what needs no round: neighbour graphs, leaves and thresholds.</summary>
public sealed class GraphVectorTests
{
    private const string Source = "Made by this repository's own functions; also recomputed by a Python implementation of PROTOCOL.md, by the same author and not kept here (thresholds with exact rationals).";

    [Fact]
    public void Vectors_are_written_on_demand()
    {
        if (VectorJson.WriteTo is null)
            return;
        VectorJson.Write("neighbour-graph.json", MakeGraphs());
        VectorJson.Write("leaves.json", MakeLeaves());
        VectorJson.Write("thresholds.json", MakeThresholds());
    }

    [Fact]
    public void Neighbours_and_cuts_are_recomputed()
    {
        GraphVectors vectors = VectorJson.Read<GraphVectors>("neighbour-graph.json");
        Assert.Equal(VectorJson.Serialize(vectors.Graphs), VectorJson.Serialize(MakeGraphs().Graphs));
        Assert.Contains(vectors.Graphs.SelectMany(g => g.Cuts), c => c.Code is null);
        Assert.Contains(vectors.Graphs.SelectMany(g => g.Cuts), c => string.Equals(c.Code, ErrorCodes.SurvivorsSplit, StringComparison.Ordinal));
    }

    [Fact]
    public void Leaves_are_cut_again_from_the_recorded_cohort()
    {
        LeafVectors vectors = VectorJson.Read<LeafVectors>("leaves.json");
        Assert.True(CohortList.TryDecode(vectors.CohortList, out CohortList? list));
        Assert.Equal(VectorJson.Serialize(vectors.Cut), VectorJson.Serialize(Cut(list!, vectors.CohortList, vectors.Leaves, new Identifier(vectors.RoundId))));
        Assert.Equal(vectors.Places, PlacesOf(vectors.CohortList, list!.Advertisements.Count));
        Assert.Equal(vectors.CohortDigest, Digest.Of(vectors.CohortList).ToArray());
        Assert.Equal(Enumerable.Range(0, list.Advertisements.Count), vectors.Cut.SelectMany(c => c.Members).Order());
        Assert.All(vectors.Bad, bad => Assert.NotNull(BoundsOf(bad.Clients, bad.Leaves).FindInfeasible()));
    }

    [Fact]
    public void Thresholds_follow_from_the_bounds()
    {
        ThresholdVectors vectors = VectorJson.Read<ThresholdVectors>("thresholds.json");
        foreach (ThresholdVector row in vectors.Rows)
            Assert.Equal(row, row with { Thresholds = Derive(row) });
        Assert.Contains(vectors.Rows, r => r.Thresholds is null && r.Name!.StartsWith("bad_", StringComparison.Ordinal));
    }

    private static GraphVectors MakeGraphs() => new(
        Source,
        VectorJson.Regenerate,
        "Permutation and neighbours of a cohort by its digest; cuts: survivors (all but dropped) that client and server accept, or refuse with code. k is that of the production finder for n, the c given and S_min = n - floor(n/10), class malicious.",
        [.. new[] { ("first", 101, 1), ("second", 101, 2), ("third", 128, 1), ("fourth", 128, 4) }.Select(g => MakeGraph(Digest.Of(System.Text.Encoding.ASCII.GetBytes(g.Item1)), g.Item2, g.Item3))]);

    private static GraphVector MakeGraph(Digest digest, int n, int corrupt)
    {
        int degree = NeighbourGraphFinder.FindProduction(n, corrupt, n - n / 10, false, NeighbourGraphFinder.ProductionSigma, out _)!.Degree;
        HararyGraph graph = HararyGraph.Create(digest, n, degree);
        int[] order = Permutation.Create(digest, "securefed/v1 neighbour graph\n"u8, n);
        int greatest = NeighbourGraphFinder.GreatestCorruptInGaps(n, corrupt, degree);
        int half = degree / 2;

        // Two stretches of k/2 places: empty but for f or f + 1 survivors.
        int[] first = [.. Enumerable.Range(5, half).Select(p => order[p % n])];
        int[] second = [.. Enumerable.Range(5 + n / 2, half).Select(p => order[p % n])];
        return new GraphVector(
            digest.ToArray(),
            n,
            degree,
            corrupt,
            order,
            [.. Enumerable.Range(0, n).Select(graph.NeighboursOf)],
            greatest,
            [
                Cut("nobody dropped", []),
                Cut("one stretch dropped", first),
                Cut("bad_two_stretches_dropped", [.. first, .. second]),
                Cut("bad_two_stretches_but_f", [.. first, .. second.Skip(greatest)]),
                Cut("two stretches but f + 1", [.. first.Skip(1), .. second.Skip(greatest)]),
            ]);

        CutVector Cut(string name, int[] dropped)
        {
            int fewest = graph.FewestInTwoGaps(Enumerable.Range(0, n).Except(dropped));
            return new CutVector(name, [.. dropped.Order()], fewest, fewest <= greatest ? ErrorCodes.SurvivorsSplit : null);
        }
    }

    private static LeafVectors MakeLeaves()
    {
        KeyedRandomSource random = Seeded.Source("leaf vector");
        Identifier task = Identifier.Random(random);
        Identifier roundId = Identifier.Random(random);
        Digest open = Digest.Of("an opening"u8);
        ReadOnlyMemory<byte>[] advertisements = [.. Enumerable.Range(0, 12)
            .Select(_ => Identifier.Random(random))
            .Order()
            .Select(id =>
            {
                using SigningKey key = SigningKey.Generate(random);
                using AgreementKey mask = AgreementKey.Generate(random);
                using AgreementKey sealing = AgreementKey.Generate(random);
                return SignedMessage.Sign(new MessageHeader(task, roundId, id, open), new Advertisement(mask.PublicKey, sealing.PublicKey), key).Bytes;
            })];
        CohortBounds bounds = BoundsOf(12, 3);
        CohortList list = new(open, advertisements, CohortThresholds.TryDerive(bounds, 12, out _)!);
        byte[] bytes = list.Encode();
        return new LeafVectors(
            Source,
            VectorJson.Regenerate,
            "A published cohort of 12 (identity keys not kept: the signatures are not the point here) cut into 3 leaves. gamma 0, deltaDrop 0, 12 organisations, cap 1.",
            3,
            roundId.ToArray(),
            bytes,
            Digest.Of(bytes).ToArray(),
            PlacesOf(bytes, 12),
            Cut(list, bytes, 3, roundId),
            [
                new BadLeaves("bad_leaves_of_two", 12, 6, ErrorCodes.InvalidTask),
                new BadLeaves("bad_one_leaf_of_two", 11, 4, ErrorCodes.InvalidTask),
                new BadLeaves("bad_no_leaf", 12, 0, ErrorCodes.InvalidTask),
                new BadLeaves("bad_more_leaves_than_allowed", 1 << 20, 4097, ErrorCodes.InvalidTask),
            ]);
    }

    private static CohortBounds BoundsOf(int clients, int leaves) =>
        new(clients, clients, clients, 1, ExactDecimal.Zero, ExactDecimal.Zero, ServerClass.Malicious, leaves);

    private static int[] PlacesOf(byte[] list, int count) => Permutation.Create(Digest.Of(list), "securefed/v1 leaves\n"u8, count);

    private static LeafVector[] Cut(CohortList list, byte[] bytes, int leaves, Identifier roundId)
    {
        int n = list.Advertisements.Count;
        RoundParameters round = new(
            roundId, 1, RoundKind.Train, default, default, default, new RoundShape(RoundKind.Train, [new SegmentShape("delta", 1, 1)]).ToLayout(32, n), BoundsOf(n, leaves), ProtectionKind.Masking, null, default);
        return [.. CohortLeaf.Cut(list, bytes, round).Select(leaf => new LeafVector(
            leaf.Number,
            [.. leaf.List.Advertisements.Select(a => list.Advertisements.ToList().FindIndex(b => b.Span.SequenceEqual(a.Span)))],
            leaf.Bytes,
            leaf.Digest.ToArray(),
            leaf.RoundId.ToArray(),
            leaf.List.Thresholds))];
    }

    private static ThresholdVectors MakeThresholds()
    {
        List<ThresholdVector> rows =
        [
            Row(3, 0m, 0m), Row(5, 0m, 0.1m), Row(5, 0.1m, 0.2m), Row(7, 0.1m, 0.15m), Row(20, 0.05m, 0.25m), Row(50, 0.1m, 0.2m), Row(100, 0.1m, 0.1m), Row(100, 0.05m, 0.3m),
            Row(101, 0.01m, 0.1m), Row(128, 0.02m, 0.1m), Row(150, 0.1m, 0.1m), Row(200, 0.1m, 0.1m), Row(201, 0.05m, 0.3m), Row(333, 0.1m, 0.05m), Row(500, 0.1m, 0.1m), Row(500, 0.05m, 0.3m),
            Row(1000, 0.1m, 0.1m), Row(1000, 0.05m, 0.3m), Row(1000, 0.123456m, 0.2m), Row(10_000, 0.1m, 0.1m), Row(10_000, 0.05m, 0.3m), Row(10_000, 0.01m, 0m),
            Row(7, 0.1m, 0.25m, serverClass: ServerClass.Curious), Row(50, 0.1m, 0.45m, serverClass: ServerClass.Curious), Row(1000, 0.1m, 0.3m, serverClass: ServerClass.Curious), Row(20, 0.55m, 0.1m, serverClass: ServerClass.Curious),
            Row(20, 0.1m, 0.1m, organisations: 5, cap: 4), Row(200, 0.05m, 0.1m, organisations: 40, cap: 5), Row(20, 0m, 0m, organisations: 10, cap: 2),
            Row(12, 0m, 0m, leaves: 3), Row(600, 0.02m, 0.1m, leaves: 4), Row(601, 0.02m, 0.1m, leaves: 4, size: 151), Row(10_000, 0.02m, 0.1m, leaves: 20),
            Row(2, 0m, 0m, name: "bad_two_clients"), Row(4, 0m, 0.1m, name: "bad_dropout_too_high_for_four"), Row(5, 0.1m, 0.3m, name: "bad_dropout_too_high_for_five"),
            Row(200, 0.3m, 0.4m, name: "bad_too_many_corrupt_and_dropped"),
        ];
        return new ThresholdVectors(
            Source,
            VectorJson.Regenerate,
            "n: clients of the round; size: of the leaf (n if leaves is 1). thresholds is absent where a task with such bounds is refused (bad_…, invalid-task). Curious: quorum 0.",
            [.. rows]);
    }

    private static ThresholdVector Row(
        int n, decimal gamma, decimal deltaDrop, int leaves = 1, int? size = null, int? organisations = null, int cap = 1, ServerClass serverClass = ServerClass.Malicious, string? name = null)
    {
        ThresholdVector row = new(
            name, n, size ?? n / leaves, leaves, organisations ?? n, cap, ExactDecimal.From(gamma).Millionths, ExactDecimal.From(deltaDrop).Millionths, serverClass, null);
        return row with { Thresholds = Derive(row) };
    }

    private static CohortThresholds? Derive(ThresholdVector row) => CohortThresholds.TryDerive(
        new CohortBounds(
            row.N, row.N, row.Organisations, row.OrganisationCap, new ExactDecimal(row.GammaMillionths), new ExactDecimal(row.DeltaDropMillionths), row.ServerClass, row.Leaves),
        row.N,
        row.Size,
        out _);
}
