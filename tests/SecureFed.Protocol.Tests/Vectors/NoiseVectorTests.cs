using System.Globalization;
using SecureFed.Privacy.Accounting;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>The vectors of noise and budget as far as they follow from the task: scales, shares, charges, caps, trees and adaptive clip norms.</summary>
public sealed class NoiseVectorTests
{
    private const string File = "noise-budget.json";

    private const string Source =
        "Made by this repository's own functions; also recomputed by a Python implementation of PROTOCOL.md with decimals of 60 digits, by the same author and not kept here.";

    private const string About =
        "Section 2, Noise and budget. A row named bad_... is refused with code, by the server when the task is created and by a client as malformed. scales: ringBits is the least b that a reader accepts, "
        + "shares the variance at h honest survivors. charges: cost may differ by 1e-9 of itself plus one between platforms, stated must not be less than that. caps: the same tolerance; the schedule is "
        + "trainRounds rounds at charge each. trees: charge is c. clips: below is the decoded sum of the count, next the clip norm of the next model.";

    [Fact]
    public void Vectors_are_written_on_demand()
    {
        if (VectorJson.WriteTo is not null)
            VectorJson.Write(File, new NoiseVectors(Source, VectorJson.Regenerate, About, Scales(), Charges(), Caps(), Trees(), Clips()));
    }

    [Fact]
    public void Scales_ring_bits_and_shares_follow_from_the_shape_and_the_noise()
    {
        ScaleVector[] scales = VectorJson.Read<NoiseVectors>(File).Scales;
        Assert.Equal(VectorJson.Serialize(scales), VectorJson.Serialize(scales.Select(Derive)));
        AssertBadOnesAreRefused(scales.Select(s => (s.Name, s.Code)));
    }

    [Fact]
    public void Charges_cover_the_divergence_or_are_refused()
    {
        ChargeVector[] charges = VectorJson.Read<NoiseVectors>(File).Charges;
        foreach (ChargeVector row in charges)
        {
            // The divergence is a sum of logarithms and differs between platforms in its last digits.
            ChargeVector own = Derive(row);
            Assert.Equal(row with { Cost = null }, own with { Cost = null });
            Assert.Equal(row.Cost is null, own.Cost is null);
            if (row.Cost is { } cost)
                Assert.InRange(own.Cost!.Value, cost * (1 - 1e-9) - 1, cost * (1 + 1e-9) + 1);
        }

        AssertBadOnesAreRefused(charges.Select(c => (c.Name, c.Code)));
    }

    [Fact]
    public void A_cap_holds_the_schedule_or_refuses_it()
    {
        CapVector[] caps = VectorJson.Read<NoiseVectors>(File).Caps;
        foreach (CapVector row in caps)
        {
            CapVector own = Derive(row);
            Assert.Equal(row with { Cap = null }, own with { Cap = null });
            Assert.Equal(row.Cap is null, own.Cap is null);
            if (row.Cap is { } cap)
                Assert.InRange(own.Cap!.Value, cap * (1 - 1e-9) - 1, cap * (1 + 1e-9) + 1);
        }

        AssertBadOnesAreRefused(caps.Select(c => (c.Name, c.Code)));
    }

    [Fact]
    public void Nodes_of_a_tree_and_their_charges_follow_from_the_count_of_rounds()
    {
        TreeVector[] trees = VectorJson.Read<NoiseVectors>(File).Trees;
        Assert.Equal(VectorJson.Serialize(trees), VectorJson.Serialize(trees.Select(Derive)));
        AssertBadOnesAreRefused(trees.Select(t => (t.Name, t.Code)));
    }

    [Fact]
    public void Clip_norms_follow_to_the_last_bit()
    {
        ClipVector[] clips = VectorJson.Read<NoiseVectors>(File).Clips;
        foreach (ClipVector row in clips)
            Assert.Equal(row, Derive(row));
        AssertBadOnesAreRefused(clips.Select(c => (c.Name, c.Code)));
    }

    private static void AssertBadOnesAreRefused(IEnumerable<(string Name, string? Code)> rows)
    {
        Assert.All(rows, row => Assert.Equal(row.Name.StartsWith("bad_", StringComparison.Ordinal) ? ErrorCodes.InvalidTask : null, row.Code));
        Assert.Contains(rows, row => row.Code is null);
        Assert.Contains(rows, row => row.Code is not null);
    }

    private static ScaleVector[] Scales() =>
    [
        Scale("one segment", PrivacyUnit.Client, 10, 8, [new(1000, 1)]),
        Scale("8 sqrt(d)/C is a power of two", PrivacyUnit.Client, 10, 8, [new(16, 0.5)]),
        Scale("raised for the noise of a share", PrivacyUnit.Client, 100, 0.3, [new(1, 1)]),
        Scale("all segments raised by the same", PrivacyUnit.Client, 1000, 0.1, [new(10, 1), new(1, 0.001)]),
        Scale("with the count of adaptive clipping", PrivacyUnit.Client, 50, 1.25, [new(4096, 3.7), new(1, 0.5)]),
        Scale("a million coordinates", PrivacyUnit.Client, 100, 8, [new(1 << 20, 1)]),
        Scale("the smallest of two bounds on the norm", PrivacyUnit.Client, 3, 2, [new(3, 100)]),
        Scale("records, sampled", PrivacyUnit.Record, 20, 1.1, [new(31, 1)], 0.02, 100_000),
        Scale("records, standardisation", PrivacyUnit.Record, 20, 40, [new(30, Math.Sqrt(30)), new(30, Math.Sqrt(30)), new(1, 1)], 1, 100_000),
        Scale("records, evaluation", PrivacyUnit.Record, 20, 40, [new(128, 1), new(1, 1), new(1, 5)], 1, 2000),
        Scale("bad_clip_norm_too_large_for_any_exponent", PrivacyUnit.Client, 10, 8, [new(1, 1e12)]),
        Scale("bad_clip_norm_too_small_for_any_exponent", PrivacyUnit.Client, 10, 8, [new(1, 1e-19)]),
        Scale("bad_no_room_to_raise_the_scale", PrivacyUnit.Client, 1 << 20, 0.01, [new(1, 1e-17)]),
        Scale("bad_noise_too_wide_for_32_bits", PrivacyUnit.Client, 100, 100_000, [new(1 << 20, 1)]),
        Scale("bad_too_many_records_for_32_bits", PrivacyUnit.Record, 20, 1, [new(10_000, 1)], 1, 3_000_000),
    ];

    private static ScaleVector Scale(string name, PrivacyUnit unit, int greatest, double z, SegmentVector[] segments, double samplingRate = 1, int expectedRecords = 0) =>
        Derive(new ScaleVector(name, unit, greatest, samplingRate, expectedRecords, z, segments));

    private static ScaleVector Derive(ScaleVector row)
    {
        ScaleVector given = row with { ScaleExponents = null, SquaredSensitivity = null, RingBits = null, Shares = null, Code = null };
        UpdateLayout layout;
        try
        {
            layout = new RoundShape(RoundKind.Train, [.. row.Segments.Select((s, i) => new SegmentShape($"s{i}", s.Length, s.ClipNorm))]).ToLayout(UpdateLayout.GreatestRingBits, row.Greatest, row.NoiseMultiplier, flattening: null);
        }
        catch (ArgumentException)
        {
            return given with { Code = ErrorCodes.InvalidTask };
        }

        bool isRecordLevel = row.Unit == PrivacyUnit.Record;
        long contributions = isRecordLevel ? NoiseScale.GreatestRecords(row.SamplingRate, row.ExpectedRecords) : row.Greatest;
        if (NoiseScale.LeastRingBits(layout, contributions, isRecordLevel, row.NoiseMultiplier, 1) is not { } ringBits)
            return given with { Code = ErrorCodes.InvalidTask };
        int[] honest = [2, 7, row.Greatest];
        return given with
        {
            ScaleExponents = [.. layout.Segments.Select(s => s.ScaleExponent)],
            SquaredSensitivity = layout.SquaredSensitivity.ToString(CultureInfo.InvariantCulture),
            RingBits = ringBits,
            Shares = [.. honest.Select(h => new ShareVector(h, NoiseShare.VarianceOf(layout, row.NoiseMultiplier, h).Numerator.ToString(CultureInfo.InvariantCulture)))],
        };
    }

    private static ChargeVector[] Charges()
    {
        (double Z, double Q, int Order)[] good = [(1, 1, 2), (0.5, 1, 5), (1.2345, 1, 17), (0.02, 1, 256), (1e6, 1, 2), (1, 0.01, 8), (0.8, 0.5, 32), (3, 0.001, 256), (2.5, 0.999, 3), (0.05, 0.3, 11)];
        long cost = ReleaseCost.Units(1, 0.01, 8);
        return
        [
            .. good.Select(g => Charge("own figure", g.Z, g.Q, g.Order, ReleaseCost.Units(g.Z, g.Q, g.Order))),
            Charge("more than it costs", 1, 0.01, 8, cost * 2),
            Charge("another platform's last digits", 1, 1, 2, ReleaseCost.Units(1, 1, 2) - 900),
            Charge("bad_charge_below_the_tolerance", 1, 1, 2, ReleaseCost.Units(1, 1, 2) - 1100),
            Charge("bad_charge_without_the_allowance_for_shares", 1, 0.01, 8, cost - ReleaseCost.ShareAllowance),
            Charge("bad_charge_of_another_order", 1, 0.01, 8, ReleaseCost.Units(1, 0.01, 7)),
            Charge("bad_charge_as_if_twice_the_noise", 1.5, 1, 5, ReleaseCost.Units(3, 1, 5)),
            Charge("bad_noise_below_a_hundredth", 0.009, 1, 5, long.MaxValue),
            Charge("bad_noise_above_a_million", 1_000_001, 1, 5, long.MaxValue),
            Charge("bad_order_of_one", 1, 1, 1, long.MaxValue),
            Charge("bad_order_of_257", 1, 1, 257, long.MaxValue),
            Charge("bad_rate_of_zero", 1, 0, 5, long.MaxValue),
            Charge("bad_rate_above_one", 1, 1.5, 5, long.MaxValue),
        ];
    }

    private static ChargeVector Charge(string name, double z, double q, int order, long stated) => Derive(new ChargeVector(name, z, q, order, null, stated));

    /// <summary>The schedule is one round, and the largest budget leaves room for all charges but those of parameters that are out of range themselves.</summary>
    private static ChargeVector Derive(ChargeVector row)
    {
        PrivacySpecification privacy = new(PrivacyUnit.Record, 1e6, 1e-5, row.Order, row.SamplingRate, 1000, "", [new ReleaseSpecification(RoundKind.Train, row.NoiseMultiplier, row.Stated)]);
        long? cost = row.SamplingRate == 0 ? null : OrNull(() => ReleaseCost.Units(row.NoiseMultiplier, row.SamplingRate, row.Order));
        return row with { Cost = cost, Code = CodeOf(privacy, 1) };
    }

    private static CapVector[] Caps()
    {
        long cap = new BudgetCap(1, 1e-6, 20).Units;
        long charge = ReleaseCost.Units(8, 1, 20);
        int rounds = (int)(cap / charge);
        return
        [
            Cap("fits", 1, 1e-6, 20, charge, rounds),
            Cap("one round alone", 1, 1e-6, 20, cap * 99 / 100, 1),
            Cap("a wide budget", 100, 1e-5, 2, 1_000_000_000_000, 1),
            Cap("a high order", 0.25, 1e-9, 256, charge, 1),
            Cap("bad_one_round_too_many", 1, 1e-6, 20, charge, rounds + 1),
            Cap("bad_charge_above_the_cap", 1, 1e-6, 20, cap * 101 / 100, 1),
            Cap("bad_conversion_alone_exceeds_epsilon", 0.5, 1e-6, 20, charge, 1),
            Cap("bad_epsilon_of_zero", 0, 1e-6, 20, charge, 1),
            Cap("bad_delta_of_one", 1, 1, 20, charge, 1),
        ];
    }

    private static CapVector Cap(string name, double epsilon, double delta, int order, long charge, int trainRounds) => Derive(new CapVector(name, epsilon, delta, order, null, charge, trainRounds));

    private static CapVector Derive(CapVector row)
    {
        // So much noise that any charge covers it: only the sum matters here.
        PrivacySpecification privacy = new(PrivacyUnit.Client, row.Epsilon, row.Delta, row.Order, 1, 0, "", [new ReleaseSpecification(RoundKind.Train, 1000, row.Charge)]);
        return row with { Cap = OrNull(() => privacy.ToCap().Units), Code = CodeOf(privacy, row.TrainRounds) };
    }

    private static TreeVector[] Trees()
    {
        const PrivacyUnit record = PrivacyUnit.Record;
        return
        [
            Tree("two epochs of eight", record, 1, 8, 16, [.. Enumerable.Range(0, 16).Select(t => (t, false))]),
            Tree("a repeated node is paid again", record, 1, 8, 8, [(0, false), (0, true), (1, false), (2, false), (2, true), (3, false)]),
            Tree("no power of two", record, 1, 6, 12, [(4, false), (5, false), (6, false), (7, false), (11, false), (11, true)]),
            Tree("one leaf", record, 1, 1, 3, [(0, false), (1, false), (2, false)]),
            Tree("a long epoch", record, 1, 1600, 1600, [(1022, false), (1023, false), (1024, false), (1599, false)]),
            Tree("bad_rounds_are_no_whole_epochs", record, 1, 8, 12, []),
            Tree("bad_tree_of_clients", PrivacyUnit.Client, 1, 8, 8, []),
            Tree("bad_tree_with_sampling", record, 0.5, 8, 8, []),
            Tree("bad_more_leaves_than_allowed", record, 1, 65_537, 65_537, []),
        ];
    }

    private static TreeVector Tree(string name, PrivacyUnit unit, double samplingRate, int leaves, int trainRounds, (int Completed, bool IsReleased)[] rounds) =>
        Derive(new TreeVector(name, unit, samplingRate, leaves, trainRounds, 1_000_000_000, Rounds: [.. rounds.Select(r => new TreeRoundVector(r.Completed, r.IsReleased, 0, 0, 0))]));

    private static TreeVector Derive(TreeVector row)
    {
        PrivacySpecification privacy = new(
            row.Unit, 1e6, 1e-5, 2, row.SamplingRate, row.Unit == PrivacyUnit.Record ? 1000 : 0, "", [new ReleaseSpecification(RoundKind.Train, 1000, row.Charge)], row.Leaves);
        if (CodeOf(privacy, row.TrainRounds) is { } code)
            return row with { ReleasesPerRecord = null, Rounds = null, Code = code };
        return row with
        {
            ReleasesPerRecord = TreeAggregationAccountant.ReleasesPerRecord(row.Leaves, row.TrainRounds / row.Leaves),
            Rounds = [.. row.Rounds!.Select(round => Derive(privacy, round))],
        };
    }

    private static TreeRoundVector Derive(PrivacySpecification privacy, TreeRoundVector round)
    {
        int node = privacy.NodeOf(RoundKind.Train, round.CompletedTrainRounds);
        return round with { Node = node, FirstLeaf = FenwickTree.FirstRoundOf(node), Charge = privacy.NoiseOf(RoundKind.Train, node, round.IsReleased)!.Charge };
    }

    private static ClipVector[] Clips()
    {
        (double ClipNorm, double Below, double Expected)[] steps = [(2, 12.5, 100), (2, -37.25, 100), (2, 0, 100), (0.1, 49, 100), (10, -50, 100), (1.7, 3.0625, 7), (3.3, -4000, 10), (0.5, 4000, 10)];
        return
        [
            .. steps.Select(s => Clip("a step", 0.1, 10, 0.5, 0.2, s.ClipNorm, s.Below, s.Expected)),
            Clip("another quantile", 1e-6, 1e6, 0.9, 1, 123.456, 3.5, 41),
            Clip("no room to move", 3, 3, 0.5, 1, 3, 5, 10),
            Clip("bad_lowest_above_greatest", 2, 1, 0.5, 0.2, 1.5, 0, 10),
            Clip("bad_quantile_of_one", 0.1, 10, 1, 0.2, 1, 0, 10),
            Clip("bad_rate_of_zero", 0.1, 10, 0.5, 0, 1, 0, 10),
            Clip("bad_rate_above_one", 0.1, 10, 0.5, 1.5, 1, 0, 10),
            Clip("bad_first_clip_norm_above_greatest", 0.1, 10, 0.5, 0.2, 11, 0, 10),
        ];
    }

    private static ClipVector Clip(string name, double lowest, double greatest, double quantile, double rate, double clipNorm, double below, double expected) =>
        Derive(new ClipVector(name, lowest, greatest, quantile, rate, clipNorm, below, expected));

    private static ClipVector Derive(ClipVector row)
    {
        AdaptiveClipSpecification clip = new(row.Lowest, row.Greatest, row.Quantile, row.Rate);
        return clip.FindFault(row.ClipNorm) is null
            ? row with { Next = clip.ToRule().Next(row.ClipNorm, AdaptiveClip.Fraction(row.Below, row.Expected)), Code = null }
            : row with { Next = null, Code = ErrorCodes.InvalidTask };
    }

    /// <summary>Null where a parameter is out of range or nothing would fit.</summary>
    private static long? OrNull(Func<long> units)
    {
        try
        {
            return units();
        }
        catch (AccountingException)
        {
            return null;
        }
    }

    private static string? CodeOf(PrivacySpecification privacy, int trainRounds) =>
        privacy.FindFault(new TaskSchedule(false, trainRounds, false, 0)) is null ? null : ErrorCodes.InvalidTask;
}
