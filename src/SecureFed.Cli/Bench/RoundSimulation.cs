using System.Diagnostics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>Plays one whole round with every client, leaf by leaf, and compares the released sum with the clients' integers.</summary>
/// <remarks>
/// The clients run the shipped <see cref="MaskingClient"/>. What a simulator may do and a deployment cannot: each key agreement and each signature check is
/// computed once for both ends, and a published cohort is checked once for all.
/// </remarks>
internal sealed class RoundSimulation(RoundPlan plan, Action<string, double> report)
{
    private readonly SharedAgreements agreements = new();
    private readonly CohortMemory cohorts = new();

    public RoundFigures Run(CancellationToken cancellationToken)
    {
        CohortThresholds thresholds = plan.RequireThresholds();
        Stopwatch watch = Stopwatch.StartNew();
        using SimulatedCohort cohort = new(plan);
        MaskingClient[] clients = Advertise(cohort);
        double advertised = watch.Elapsed.TotalSeconds;
        report("leaves", 0);

        // Two leaves at a time: clients of a leaf work in turn, so that a leaf's memory is bounded, and two cores are busy.
        Dictionary<Identifier, int[]> leaves = SplitIntoLeaves(cohort, clients);
        long[] expected = new long[plan.Dimension];
        int survivors = 0;
        int done = 0;
        ParallelOptions two = new() { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        ServerRound[] rounds = cohort.Round.Leaves.Count == 0 ? [cohort.Round] : [.. cohort.Round.Leaves];
        Parallel.ForEach(rounds, two, leaf =>
        {
            (long[] sum, int count) = RunLeaf(cohort, leaf, clients, leaves[leaf.Parameters.RoundId]);
            lock (expected)
            {
                survivors += count;
                for (int i = 0; i < expected.Length; i++)
                    expected[i] += sum[i];
                report("leaves", (double)++done / rounds.Length);
            }
        });
        while (cohort.State.HasOpenRound && cohort.TryAdvance(cohort.Round))
        {
        }

        bool isExact = IsExact(cohort, expected, survivors);
        using Process self = Process.GetCurrentProcess();
        return new RoundFigures(thresholds, survivors, isExact, advertised, watch.Elapsed.TotalSeconds, self.PeakWorkingSet64, agreements.Computed);
    }

    private MaskingClient[] Advertise(SimulatedCohort cohort)
    {
        MaskingClient[] clients = new MaskingClient[plan.Clients];
        Parallel.For(0, plan.Clients, i =>
        {
            clients[i] = Begin(cohort.ContextOf(i, agreements, cohorts), cohort.Opening);
            cohort.Receive(clients[i].Advertisement);
        });
        if (!cohort.TryAdvance(cohort.Round))
            throw new InvalidOperationException("The cohort was not published.");
        return clients;
    }

    private static Dictionary<Identifier, int[]> SplitIntoLeaves(SimulatedCohort cohort, MaskingClient[] clients)
    {
        if (cohort.Round.Leaves.Count == 0)
            return new() { [cohort.Round.Parameters.RoundId] = [.. Enumerable.Range(0, clients.Length)] };
        Dictionary<Identifier, int> places = cohort.Members.Select((m, i) => (m.Id, i)).ToDictionary(m => m.Id, m => m.i);
        return cohort.Round.Leaves.ToDictionary(l => l.Parameters.RoundId, l => l.Members.Select(m => places[m]).ToArray());
    }

    private (long[] Sum, int Survivors) RunLeaf(SimulatedCohort cohort, ServerRound leaf, MaskingClient[] clients, int[] members)
    {
        Announcement published = cohort.AnnouncementOf(cohort.Round, EventType.CohortPublished);
        foreach (int member in members)
            cohort.Receive(Require(clients[member].OnCohort(published, OperatingSystemRandomSource.Instance)));
        Move(cohort, leaf, RoundPhase.Upload);

        Announcement dealers = cohort.AnnouncementOf(leaf, EventType.DealersListed);
        int[] present = members[plan.DroppedPerLeaf..];
        long[] sum = new long[plan.Dimension];
        foreach (int member in present)
        {
            NoisedUpdate update = MakeUpdate(leaf.Parameters.Layout, sum);
            cohort.Receive(Require(clients[member].OnDealers(dealers, leaf.InboxOf(cohort.Members[member].Id), update)));
        }

        Move(cohort, leaf, RoundPhase.Confirm);
        Announcement survivors = cohort.AnnouncementOf(leaf, EventType.SurvivorsListed);
        foreach (int member in present)
            cohort.Receive(Require(clients[member].OnSurvivors(survivors)));
        Move(cohort, leaf, RoundPhase.Unmask);
        Announcement request = cohort.AnnouncementOf(leaf, EventType.UnmaskRequested);
        foreach (int member in present)
            cohort.Receive(Require(clients[member].OnUnmaskRequest(request)));
        Move(cohort, leaf, RoundPhase.Closed);
        foreach (int member in members)
        {
            clients[member].Dispose();
            clients[member] = null!; // What a leaf held is not held any longer.
        }

        return (sum, present.Length);
    }

    private static void Move(SimulatedCohort cohort, ServerRound leaf, RoundPhase next)
    {
        if (!cohort.TryAdvance(leaf) || leaf.Phase != next)
            throw new InvalidOperationException($"The round is in {leaf.Phase} ({leaf.AbortReason}) instead of {next}.");
    }

    internal static MaskingClient Begin(ClientContext context, SignedEntry opening)
    {
        (MaskingClient? client, RoundRejection? refusal) = MaskingClient.Begin(context, opening, 0, OperatingSystemRandomSource.Instance);
        return client ?? throw new InvalidOperationException($"A client refuses the round: {refusal!.Detail}");
    }

    internal static ReadOnlyMemory<byte> Require(ClientStep step) =>
        step.Refusal is null ? step.Message!.Value : throw new InvalidOperationException($"A client refuses: {step.Refusal.Detail}");

    /// <summary>A random update within the clip norm; its integers are added to what the sum must be.</summary>
    internal static NoisedUpdate MakeUpdate(UpdateLayout layout, long[] sum)
    {
        IRandomSource random = OperatingSystemRandomSource.Instance;
        byte[] bytes = new byte[2 * layout.Dimension];
        random.Fill(bytes);
        double[] values = new double[layout.Dimension];
        for (int i = 0; i < values.Length; i++)
            values[i] = (BitConverter.ToUInt16(bytes, 2 * i) / 32768.0 - 1) / Math.Sqrt(values.Length);
        QuantizedUpdate quantized = new Quantizer(random).Quantize(Clipper.Clip(ModelUpdate.Create(layout, values)));
        ReadOnlySpan<int> integers = quantized.Values;
        for (int i = 0; i < integers.Length; i++)
            sum[i] += integers[i];
        return NoNoise.Instance.Add(quantized);
    }

    /// <summary>Whether the log's sum is that of the survivors' integers.</summary>
    internal static bool IsExact(SimulatedCohort cohort, long[] expected, int survivors)
    {
        if (cohort.Round.AggregateDigest is not { } digest || cohort.Round.SurvivorCount != survivors)
            return false;
        uint[] words = new uint[expected.Length];
        return RingVector.TryDecode(cohort.BlobOf(digest).Span, words)
            && SumDecoder.ToIntegers(cohort.Round.Parameters.Layout, words).Select(v => (long)v).SequenceEqual(expected);
    }
}
