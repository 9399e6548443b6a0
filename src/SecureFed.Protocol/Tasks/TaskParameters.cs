using SecureFed.Cryptography.Rings;
using SecureFed.Privacy.Budget;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tasks;

/// <summary>A federated job as its operator fixed it: immutable, canonical, named by its digest in every ROUND_OPENED entry.</summary>
/// <param name="TaskId">16 random bytes.</param>
/// <param name="Name">For people, 1 to 256 bytes.</param>
/// <param name="Model">Model.</param>
/// <param name="Training">Optimisers and clipping.</param>
/// <param name="Schedule">Rounds.</param>
/// <param name="Shapes">What clients send in each kind of round of the schedule; kinds ascending.</param>
/// <param name="Cohort">Bounds and adversary.</param>
/// <param name="Deadlines">Patience of the server.</param>
/// <param name="Protection">How updates are hidden.</param>
/// <param name="RingBits">b of the ring Z mod 2^b.</param>
/// <param name="Privacy">Budget and noise.</param>
/// <param name="Flattens">Whether the first segment of training rounds is flattened before rounding (<see cref="Flattening"/>), so that a smaller ring does. Needs noise.</param>
/// <param name="RequiresApproval">Whether no round opens before a second person has approved the start (<see cref="ChangeKind.Start"/>).</param>
/// <param name="Encryption">Parameter set and key holders of an encrypted task; null if it is masked.</param>
/// <param name="Explanation">What the explanation round compares; null exactly if the schedule has none.</param>
public sealed record TaskParameters(
    Identifier TaskId,
    string Name,
    ModelSpecification Model,
    TrainingSpecification Training,
    TaskSchedule Schedule,
    IReadOnlyList<RoundShape> Shapes,
    CohortBounds Cohort,
    PhaseDeadlines Deadlines,
    ProtectionKind Protection,
    int RingBits,
    PrivacySpecification Privacy,
    bool Flattens = false,
    bool RequiresApproval = false,
    EncryptionSpecification? Encryption = null,
    ExplanationSpecification? Explanation = null)
{
    private const byte Version = 6;
    private const int GreatestNameBytes = 256;

    /// <summary>Null if a task with these parameters can run; otherwise what is wrong and what to do. For whoever creates one: it tries every cohort size.</summary>
    public string? FindFault()
    {
        if ((FindFormFault() ?? Cohort.FindInfeasible(Protection)) is { } fault)
            return fault;
        double clientsPerHonest = CohortThresholds.GreatestClientsPerHonest(Cohort);
        return FindRingFault(clientsPerHonest) ?? FindFlatteningFault(clientsPerHonest);
    }

    /// <summary>The same without trying every cohort size: what a reader checks before it has seen a cohort.</summary>
    internal string? FindFormFault()
    {
        if (!Utf8.Fits(Name, GreatestNameBytes))
            return $"The task needs a name of 1 to {GreatestNameBytes} bytes.";
        if (!Enum.IsDefined(Protection))
            return "The protection is none that this version knows.";
        if (FindEncryptionFault() is { } encryption)
            return encryption;
        string? fault = Model.FindFault() ?? Training.FindFault() ?? Schedule.FindFault() ?? Deadlines.FindFault() ?? Cohort.FindFault() ?? Privacy.FindFault(Schedule);
        if (fault is not null)
            return fault;
        if (Model.Kind == TaskModelKind.Vector && (Schedule.Standardise || Schedule.Evaluate || Schedule.Explain))
            return "A vector task has neither standardisation nor evaluation nor explanation rounds: the server does not know what the vector means.";
        if (Schedule.Explain != (Explanation is not null))
            return "An explanation is what the explanation round of the schedule computes: state both or neither.";
        if (Explanation?.FindFault(Model) is { } unexplained)
            return unexplained;
        if (!Shapes.Select(s => s.Kind).SequenceEqual(Schedule.Kinds))
            return "The task needs exactly one shape for each kind of round in its schedule, in ascending order of kind.";
        if (Shapes.Any(s => s.Segments.Count == 0))
            return "Every shape has at least one segment.";
        if ((Model.Statistics?.FindFault(this) ?? FindTreesFault() ?? FindAdaptiveFault()) is { } unsuited)
            return unsuited;
        if (Flattens && !Privacy.HasNoise)
            return "Flattening needs noise: without it the finest grid that fits is taken, which fills any ring. Leave flatten out, or choose a privacy unit.";
        if (Privacy.Unit == PrivacyUnit.Record && Training.ServerOptimizer == ServerOptimizerKind.FedAvg && Model.Trees is null)
            return "At record level a round takes one gradient step of each sampled record, so there is nothing to average: choose fedsgd, fedavgm, fedadam, fedyogi or fedadagrad.";
        if (Privacy.Unit == PrivacyUnit.Record && Schedule.GreatestStaleness > 0)
            return "At record level the step is the gradient at the round's own model: an update of an older one is refused. Set greatestStaleness to 0.";
        if (Privacy.Unit == PrivacyUnit.Record && Training.LocalEpochs != 1)
            return "At record level a round takes one gradient step: local epochs are refused.";
        if (FindLocalFault() is { } local)
            return local;
        try
        {
            if (Privacy.HasNoise)
                return FindRingFault(1); // Whatever the cohort: a reader never draws noise that no ring could hold.
            return Schedule.Kinds.All(kind => LayoutOf(kind).FitsRing(Cohort.Greatest))
                ? null
                : "The sum could wrap around the ring; use more ring bits, a smaller clip norm, fewer rows per client or a smaller cohort.";
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException)
        {
            return exception.Message;
        }
    }

    private string? FindTreesFault()
    {
        if (Model.Trees is not { } trees)
            return null;
        if (Schedule.TrainRounds > trees.Rounds)
            return $"These trees are grown after {trees.Rounds} training rounds; schedule that many, or more trees.";
        return Training.AdaptiveClip is null && !Training.AveragesIterates && !Privacy.IsTree
            ? null
            : "Boosted trees have a clip norm that holds by construction, no iterates to average, and sums that stand alone: leave out adaptive clipping, averaging and tree aggregation.";
    }

    /// <summary>What needs a model of which clients take local steps, and a rate that may change.</summary>
    private string? FindLocalFault()
    {
        bool hasLocal = Training.ProximalWeight > 0 || Training.AccumulatedBatches > 1 || Training.CorrectsDrift;
        if (Privacy.Unit == PrivacyUnit.Record && (hasLocal || Training.MeasuresDrift))
            return "At record level a round takes one gradient step: there are no local steps to pull back, to correct or to accumulate, and no client's own update whose distance from others could be measured.";
        if (Model.Kind is TaskModelKind.Trees or TaskModelKind.Statistics && (hasLocal || Training.MeasuresDrift || Training.ServerSchedule is not null || Schedule.GreatestStaleness > 0))
            return "Clients of boosted trees and of statistics send sums that answer the round's own question, and take no steps: leave out proximal weight, accumulation, correction and measurement of drift, a server schedule and staleness.";
        if (Model.Kind == TaskModelKind.Vector && (hasLocal || Training.MeasuresDrift))
            return "A vector task is trained by the application: proximal weight, accumulation, correction and measurement of drift are for the built-in models.";
        if (Training.ServerSchedule is not { } schedule)
            return null;
        if (schedule.WarmUpRounds >= Schedule.TrainRounds)
            return "The warm-up of the server's rate has fewer rounds than the schedule trains.";
        return Privacy.IsTree && (schedule.Kind != ServerScheduleKind.Constant || schedule.WarmUpRounds > 0)
            ? "With tree aggregation the server's rate stays: a step gives back the noise of the nodes that it replaces only at the rate at which it took it."
            : null;
    }

    private string? FindEncryptionFault()
    {
        if (Protection == ProtectionKind.Masking)
            return Encryption is null ? null : "A masked task has no key holders; leave encryption out.";
        if (Encryption is null)
            return $"The protection {Protection} needs a parameter set and key holders.";
        return Cohort.Leaves == 1
            ? Encryption.FindFault(Protection, Cohort.ServerClass, RingBits, Cohort.Greatest)
            : "An encrypted round is one cohort: set leaves to 1. Its cost per client does not grow with the cohort.";
    }

    /// <summary>Null if no round with noise can leave the ring, whatever size its cohort has; a sum without noise is checked with the form.</summary>
    private string? FindRingFault(double clientsPerHonest)
    {
        foreach (ReleaseSpecification release in Privacy.Releases)
        {
            int needed = LeastRingBits(release, clientsPerHonest) ?? int.MaxValue;
            if (needed > RingBits)
            {
                string wider = needed > UpdateLayout.GreatestRingBits ? $"even {UpdateLayout.GreatestRingBits} are too few, so use" : $"use at least {needed} bits,";
                return $"The noisy sum of a {release.Kind} round could wrap around the ring of {RingBits} bits; {wider} fewer expected records or clients, or less noise.";
            }
        }

        return null;
    }

    /// <summary>The smallest ring that holds every sum of that kind; null if there is none.</summary>
    private int? LeastRingBits(ReleaseSpecification release, double clientsPerHonest)
    {
        bool isRecordLevel = Privacy.Unit == PrivacyUnit.Record;
        long contributions = isRecordLevel ? Privacy.GreatestRecordsIn(release.Kind) : Cohort.Greatest;
        int most = 0;
        foreach (UpdateLayout layout in LayoutsOf(release.Kind))
        {
            if (NoiseScale.LeastRingBits(layout, contributions, isRecordLevel, release.NoiseMultiplier, clientsPerHonest) is not { } bits)
                return null;
            most = Math.Max(most, bits);
        }

        return most;
    }

    /// <summary>Null if the task does not flatten, or uploads become smaller by it than they could be without.</summary>
    /// <remarks>Padding to a power of two can cost more than the smaller ring saves, and a short or very noisy vector fits the ring as it is.</remarks>
    private string? FindFlatteningFault(double clientsPerHonest)
    {
        if (!Flattens)
            return null;
        TaskParameters plain = this with { Flattens = false };
        int?[] needed = [.. Privacy.Releases.Select(release => plain.LeastRingBits(release, clientsPerHonest))];
        if (needed.Any(bits => bits is null))
            return null; // Without flattening no ring would do.
        int bits = needed.Max()!.Value;
        int flattened = PackedBytes(LayoutOf(RoundKind.Train), RingBits);
        int unflattened = PackedBytes(plain.LayoutOf(RoundKind.Train), bits);
        return flattened < unflattened
            ? null
            : $"Flattening does not make uploads smaller here: {flattened} bytes with it in {RingBits} ring bits, {unflattened} without it in {bits}, which suffice. Set flatten to false and ring bits to {bits}.";
    }

    private static int PackedBytes(UpdateLayout layout, int ringBits) => RingPacking.PackedBytes(layout.Dimension, ringBits);

    private string? FindAdaptiveFault()
    {
        SegmentShape last = Shapes.First(s => s.Kind == RoundKind.Train).Segments[^1];
        if (Training.AdaptiveClip is null)
            return string.Equals(last.Name, UpdateLayout.Below, StringComparison.Ordinal) ? "Only tasks that clip adaptively count the units within the clip norm." : null;
        if (!Privacy.HasNoise || Privacy.IsTree)
            return "Adaptive clipping needs noise, for it releases a count; and not a tree, whose nodes sum rounds with one clip norm.";
        return last == CountShape && Shapes.First(s => s.Kind == RoundKind.Train).Segments.Count > 1
            ? null
            : "The training rounds of a task that clips adaptively end with the count of units within the clip norm.";
    }

    /// <summary>The segment that adaptive clipping adds to training rounds.</summary>
    public static SegmentShape CountShape { get; } = new(UpdateLayout.Below, 1, AdaptiveClip.Sensitivity);

    /// <summary>Whether the clip norm of a kind of round is the current model's.</summary>
    public bool ClipsAdaptively(RoundKind kind) => kind == RoundKind.Train && Training.AdaptiveClip is not null;

    /// <summary>The layout of a round of that kind in a task that clips adaptively: the first segment has this clip norm.</summary>
    /// <param name="kind">Kind of round.</param>
    /// <param name="clipNorm">C of the model; not used in rounds whose clip norm is fixed.</param>
    public UpdateLayout LayoutOf(RoundKind kind, double clipNorm)
    {
        RoundShape shape = Shapes.First(s => s.Kind == kind);
        return ToLayout(ClipsAdaptively(kind) ? shape with { Segments = [shape.Segments[0] with { ClipNorm = clipNorm }, .. shape.Segments.Skip(1)] } : shape);
    }

    /// <summary>Whether a round's layout is the task's, for some clip norm that the task allows if it clips adaptively.</summary>
    internal bool Allows(RoundKind kind, UpdateLayout layout) =>
        (!ClipsAdaptively(kind) || Training.AdaptiveClip!.Holds(layout.Segments[0].ClipNorm)) && IsSame(layout, LayoutOf(kind, layout.Segments[0].ClipNorm));

    internal static bool IsSame(UpdateLayout one, UpdateLayout other) => one.RingBits == other.RingBits && one.Segments.SequenceEqual(other.Segments);

    /// <summary>The layouts that reach furthest in the ring. Adaptive clipping: a grid follows its clip norm by powers of two, so s·C is largest just below one, and the extremes have to exist.</summary>
    private IEnumerable<UpdateLayout> LayoutsOf(RoundKind kind)
    {
        yield return LayoutOf(kind);
        if (!ClipsAdaptively(kind))
            yield break;
        AdaptiveClipSpecification clip = Training.AdaptiveClip!;
        yield return LayoutOf(kind, clip.Lowest);
        yield return LayoutOf(kind, clip.Greatest);
        double root = 8 * Math.Sqrt(LayoutOf(kind).Segments[0].Length);
        yield return LayoutOf(kind, (1 - 1e-9) * Math.ScaleB(root, Math.ILogB(clip.Greatest / root)));
    }

    /// <summary>The layout of every round of that kind (of the first one, if the task clips adaptively): with noise the grid that suits it, without the finest that the ring allows.</summary>
    public UpdateLayout LayoutOf(RoundKind kind) => ToLayout(Shapes.First(s => s.Kind == kind));

    private UpdateLayout ToLayout(RoundShape shape)
    {
        RoundKind kind = shape.Kind;
        return Privacy.ReleaseOf(kind) is { } release
            ? shape.ToLayout(RingBits, Cohort.Greatest, release.NoiseMultiplier, FlatteningOf(kind))
            : shape.ToLayout(RingBits, Cohort.Greatest);
    }

    /// <summary>One public rotation for the whole task, whose seed is the task's id: leaves of one round and nodes of one tree add up only if all were turned alike.</summary>
    private Flattening? FlatteningOf(RoundKind kind) =>
        Flattens && kind == RoundKind.Train ? new Flattening(Shapes.First(s => s.Kind == kind).Segments[0].Length, TaskId.ToArray()) : null;

    /// <summary>A round as its entry states it, with what its layout means in this task: how the first segment is flattened.</summary>
    /// <remarks>A layout that is not the task's stays as it is.</remarks>
    internal RoundParameters Complete(RoundParameters round) => FlatteningOf(round.Kind) is { } flattening && round.Layout.Segments[0].Length == flattening.PaddedLength
        ? round with { Layout = new UpdateLayout(round.Layout.Segments, round.Layout.RingBits, flattening) }
        : round;

    /// <summary>Noise of every round of that kind, and what it costs at most (the nodes of a tree: c or 0); null if sums are exact.</summary>
    public RoundNoise? NoiseOf(RoundKind kind) => Privacy.NoiseOf(kind, 0, false);

    /// <summary>Whether a round of that kind may state this noise and reservation, as far as that can be told without its model.</summary>
    internal bool Allows(RoundKind kind, RoundNoise? noise) =>
        noise == NoiseOf(kind) || (Privacy.IsTree && kind == RoundKind.Train && noise is { Charge: 0 } && noise.NoiseMultiplier == Privacy.ReleaseOf(kind)!.NoiseMultiplier);

    public byte[] Encode() => CanonicalWriter.Write(writer =>
    {
        writer.UInt8(Version).Identifier(TaskId).Text(Name);
        Model.Write(writer);
        Training.Write(writer);
        Schedule.Write(writer);
        writer.List(Shapes, (w, s) => s.Write(w));
        Cohort.Write(writer);
        Deadlines.Write(writer);
        writer.UInt8((byte)Protection).UInt8((byte)RingBits).Flag(Flattens).Flag(RequiresApproval);
        Privacy.Write(writer);
        writer.Flag(Encryption is not null);
        Encryption?.Write(writer);
        writer.Flag(Explanation is not null);
        Explanation?.Write(writer);
    });

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out TaskParameters? parameters)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.UInt8() == Version);
        TaskParameters read = new(
            reader.Identifier(),
            reader.Text(GreatestNameBytes),
            ModelSpecification.Read(ref reader),
            TrainingSpecification.Read(ref reader),
            TaskSchedule.Read(ref reader),
            reader.List(4, 1 + 4, (ref CanonicalReader r) => RoundShape.Read(ref r)),
            CohortBounds.Read(ref reader),
            PhaseDeadlines.Read(ref reader),
            (ProtectionKind)reader.UInt8(),
            reader.UInt8(),
            Flattens: reader.Flag(),
            RequiresApproval: reader.Flag(),
            Privacy: PrivacySpecification.Read(ref reader),
            Encryption: reader.Flag() ? EncryptionSpecification.Read(ref reader) : null,
            Explanation: reader.Flag() ? ExplanationSpecification.Read(ref reader) : null);
        parameters = reader.IsComplete && read.FindFormFault() is null ? read : null;
        return parameters is not null;
    }
}
