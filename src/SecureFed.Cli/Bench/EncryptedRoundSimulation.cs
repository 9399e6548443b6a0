using System.Diagnostics;
using SecureFed.Cryptography.Randomness;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>Plays one whole encrypted round, one party after the other on one core, and compares the released sum with the clients' integers.</summary>
/// <remarks>
/// The shipped <see cref="EncryptionClient"/>, <see cref="KeyHolder"/> and server round. A client is gone once its upload is in, and uploads lie on disk, so that the process's
/// memory shows what the server keeps of each. Deliveries are fetched before a holder is timed: reading them is the server's work.
/// </remarks>
internal sealed class EncryptedRoundSimulation : IDisposable
{
    private readonly RoundPlan plan;
    private readonly Action<string, double> report;
    private readonly SimulatedCohort cohort;
    private readonly KeyHolder[] holders;
    private readonly long[] expected;
    private readonly Dictionary<string, List<double>> seconds = new(StringComparer.Ordinal);
    private readonly long[] down;
    private readonly long[] up;

    public EncryptedRoundSimulation(RoundPlan plan, Action<string, double> report)
    {
        this.plan = plan;
        this.report = report;
        cohort = new SimulatedCohort(plan);
        holders = [.. Enumerable.Range(0, plan.KeyHolders).Select(i => KeyHolder.Create(cohort.HolderContextOf(i)))];
        expected = new long[plan.Dimension];
        down = new long[holders.Length];
        up = new long[holders.Length];
    }

    public EncryptedRoundFigures Run(CancellationToken cancellationToken)
    {
        CohortThresholds thresholds = plan.RequireThresholds();
        Stopwatch watch = Stopwatch.StartNew();
        cohort.Open([.. holders.Select((holder, i) => Sent(i, holder.Offer(OperatingSystemRandomSource.Instance)))]);
        Announcement opening = cohort.EncryptedOpening;
        Each("holder examines", i => Refused(holders[i].OnOpening(Shown(i, opening))));
        (long uploadBytes, double heapBytes) = Upload(opening, cancellationToken);
        double vectorBytes = (double)cohort.SpooledBytes / (plan.Clients - plan.DroppedPerLeaf);
        Move("server fixes", RoundPhase.Check);

        Announcement fixing = cohort.AnnouncementOf(cohort.Round, EventType.UploadsFixed);
        Answer("holder checks", "server takes a check", fixing, (i, deliveries) => holders[i].OnFixedUploads(fixing, deliveries));
        Move("server selects", RoundPhase.Confirm);
        Announcement survivors = cohort.AnnouncementOf(cohort.Round, EventType.SurvivorsListed);
        Answer("holder signs", "server takes a signature", survivors, (i, _) => holders[i].OnSurvivors(survivors), isDelivered: false);
        Move("server asks", RoundPhase.Unmask);
        Announcement request = cohort.AnnouncementOf(cohort.Round, EventType.UnmaskRequested);
        Answer("holder sums", "server takes a sum", request, (i, deliveries) => holders[i].OnSumRequest(request, deliveries));
        Move("server releases", RoundPhase.Closed);

        using Process self = Process.GetCurrentProcess();
        return new EncryptedRoundFigures(
            thresholds,
            plan.Clients - plan.DroppedPerLeaf,
            RoundSimulation.IsExact(cohort, expected, plan.Clients - plan.DroppedPerLeaf),
            new EncryptedClientCost(Median("client examines"), Median("client encrypts"), uploadBytes, BytesOf(opening) + BytesOf(survivors)),
            new EncryptedServerCost(
                Median("server accepts"),
                Median("server takes a check"),
                Median("server selects"),
                Median("server releases"),
                sizeof(ulong) * (long)EncryptedRound.LengthOf(cohort.Round.Parameters),
                heapBytes,
                vectorBytes),
            new KeyHolderCost(Median("holder examines"), Median("holder checks"), Median("holder signs"), Median("holder sums"), down.Max(), up.Max()),
            watch.Elapsed.TotalSeconds,
            self.PeakWorkingSet64);
    }

    public void Dispose()
    {
        foreach (KeyHolder holder in holders)
            holder.Dispose();
        cohort.Dispose();
    }

    /// <returns>Bytes of an upload, and by how much the heap grew with each after the first.</returns>
    private (long UploadBytes, double HeapBytes) Upload(Announcement opening, CancellationToken cancellationToken)
    {
        int present = plan.Clients - plan.DroppedPerLeaf;
        long bytes = UploadOf(0, opening);
        long first = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 1; i < present; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            bytes = UploadOf(i, opening);
            report("uploads", (i + 1.0) / present);
        }

        return (bytes, present == 1 ? 0 : (double)(GC.GetTotalMemory(forceFullCollection: true) - first) / (present - 1));
    }

    private long UploadOf(int member, Announcement opening)
    {
        NoisedUpdate update = RoundSimulation.MakeUpdate(cohort.Round.Parameters.Layout, expected);
        EncryptionClient? client = null;
        Time("client examines", () =>
        {
            (client, RoundRejection? refusal) = EncryptionClient.Begin(cohort.ContextOf(member, null, null), opening, 0, OperatingSystemRandomSource.Instance);
            Refused(refusal);
        });
        using (client)
        {
            ReadOnlyMemory<byte> upload = default;
            Time("client encrypts", () => upload = RoundSimulation.Require(client!.Encrypt(update, OperatingSystemRandomSource.Instance)));
            Time("server accepts", () => cohort.Receive(upload));
            return upload.Length;
        }
    }

    /// <summary>Every holder is shown an announcement, with what was sealed to it if it opens that, and its answer goes to the server.</summary>
    private void Answer(string step, string receipt, Announcement announcement, Func<int, IReadOnlyList<HolderDelivery>, HolderStep> act, bool isDelivered = true)
    {
        for (int i = 0; i < holders.Length; i++)
        {
            IReadOnlyList<HolderDelivery> deliveries = isDelivered ? cohort.Round.DeliveriesTo(cohort.Holders[i].Id, 0, int.MaxValue) : [];
            down[i] += isDelivered ? HolderDelivery.EncodePage(deliveries).Length : 0;
            Shown(i, announcement);
            HolderStep taken = default;
            Time(step, () => taken = act(i, deliveries));
            Refused(taken.Refusal);
            Time(receipt, () => cohort.Receive(Sent(i, taken.Message!.Value)));
            report(step, (i + 1.0) / holders.Length);
        }
    }

    private void Each(string step, Action<int> act)
    {
        for (int i = 0; i < holders.Length; i++)
            Time(step, () => act(i));
    }

    private void Move(string step, RoundPhase next)
    {
        ServerRound round = cohort.Round;
        Time(step, () => cohort.TryAdvance(round));
        if (round.Phase != next)
            throw new InvalidOperationException($"The round is in {round.Phase} ({round.AbortReason}) instead of {next}.");
    }

    private void Time(string step, Action act)
    {
        if (!seconds.TryGetValue(step, out List<double>? measured))
            seconds[step] = measured = [];
        measured.Add(ProcessorTime.Seconds(act));
    }

    private double Median(string step) => ProcessorTime.Median(seconds[step]);

    private Announcement Shown(int holder, Announcement announcement)
    {
        down[holder] += BytesOf(announcement);
        return announcement;
    }

    private ReadOnlyMemory<byte> Sent(int holder, ReadOnlyMemory<byte> message)
    {
        up[holder] += message.Length;
        return message;
    }

    private static long BytesOf(Announcement announcement) => announcement.Entry.Bytes.Length + announcement.Blob.Length;

    private static void Refused(RoundRejection? refusal)
    {
        if (refusal is not null)
            throw new InvalidOperationException($"A party refuses: {refusal.Detail}");
    }
}
