using System.Diagnostics;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Bench;

/// <summary>What one round costs one client that shares nothing with the others of the process.</summary>
/// <param name="Thresholds">Of the cohort.</param>
/// <param name="Milliseconds">By step: advertise, share, upload, confirm, unmask.</param>
/// <param name="SignatureChecks">Advertisements, survivors' uploads and confirmations that it verified.</param>
/// <param name="SignatureMilliseconds">Time for as many checks alone, measured beside.</param>
/// <param name="BytesUp">Bodies sent.</param>
/// <param name="BytesDown">Bodies received.</param>
/// <param name="IsExact">The released sum is that of the survivors' integers.</param>
internal sealed record ClientCost(
    CohortThresholds Thresholds, double[] Milliseconds, int SignatureChecks, double SignatureMilliseconds, long BytesUp, long BytesDown, bool IsExact)
{
    public double Total => Milliseconds.Sum();

    /// <summary>Plays a round of one leaf in which member 0 works alone and is timed; the others share their work.</summary>
    public static ClientCost Measure(RoundPlan plan)
    {
        CohortThresholds thresholds = plan.RequireThresholds();
        using SimulatedCohort cohort = new(plan);
        SharedAgreements agreements = new();
        CohortMemory cohorts = new();
        if (!Roster.TryDecode(cohort.Roster.Bytes.Span, cohort.AuthorityKey.Span, out Roster? own))
            throw new InvalidOperationException("The roster does not verify.");
        ServerRound round = cohort.Round;
        ClientContext alone = cohort.ContextOf(0, null, null, own);
        double[] times = new double[5];
        long up = 0;
        long down = cohort.Opening.Bytes.Length;

        MaskingClient[] clients = new MaskingClient[plan.Clients];
        for (int i = plan.Clients - 1; i > 0; i--)
            cohort.Receive((clients[i] = RoundSimulation.Begin(cohort.ContextOf(i, agreements, cohorts), cohort.Opening)).Advertisement);
        Timed(0, () => (clients[0] = RoundSimulation.Begin(alone, cohort.Opening)).Advertisement);
        cohort.TryAdvance(round);

        Announcement published = cohort.AnnouncementOf(round, EventType.CohortPublished);
        for (int i = plan.Clients - 1; i > 0; i--)
            cohort.Receive(RoundSimulation.Require(clients[i].OnCohort(published, OperatingSystemRandomSource.Instance)));
        down += published.Blob.Length;
        Timed(1, () => RoundSimulation.Require(clients[0].OnCohort(published, OperatingSystemRandomSource.Instance)));
        cohort.TryAdvance(round);

        long[] expected = new long[plan.Dimension];
        Announcement dealers = cohort.AnnouncementOf(round, EventType.DealersListed);
        int present = plan.Clients - plan.DroppedPerLeaf;
        for (int i = present - 1; i > 0; i--)
            cohort.Receive(RoundSimulation.Require(clients[i].OnDealers(dealers, round.InboxOf(cohort.Members[i].Id), RoundSimulation.MakeUpdate(round.Parameters.Layout, expected))));
        IReadOnlyList<(int, ReadOnlyMemory<byte> Box)> inbox = round.InboxOf(cohort.Members[0].Id);
        down += dealers.Blob.Length + inbox.Sum(b => 8 + b.Box.Length);
        Timed(2, () => RoundSimulation.Require(clients[0].OnDealers(dealers, inbox, RoundSimulation.MakeUpdate(round.Parameters.Layout, expected))));
        cohort.TryAdvance(round);

        Announcement survivors = cohort.AnnouncementOf(round, EventType.SurvivorsListed);
        for (int i = present - 1; i > 0; i--)
            cohort.Receive(RoundSimulation.Require(clients[i].OnSurvivors(survivors)));
        down += survivors.Blob.Length;
        Timed(3, () => RoundSimulation.Require(clients[0].OnSurvivors(survivors)));
        cohort.TryAdvance(round);

        Announcement request = cohort.AnnouncementOf(round, EventType.UnmaskRequested);
        for (int i = present - 1; i > 0; i--)
            cohort.Receive(RoundSimulation.Require(clients[i].OnUnmaskRequest(request)));
        down += request.Blob.Length;
        Timed(4, () => RoundSimulation.Require(clients[0].OnUnmaskRequest(request)));
        bool isClosed = cohort.TryAdvance(round) && round.Phase == RoundPhase.Closed;

        uint[] words = new uint[plan.Dimension];
        bool isExact = isClosed && RingVector.TryDecode(cohort.BlobOf(round.AggregateDigest!.Value).Span, words)
            && Privacy.Updates.SumDecoder.ToIntegers(round.Parameters.Layout, words).Select(v => (long)v).SequenceEqual(expected);
        UnmaskRequest.TryDecode(request.Blob.Span, out UnmaskRequest? certified);
        int others = present + certified!.Certificate.Count;
        return new ClientCost(thresholds, times, plan.Clients + others, SignatureTime(cohort, published, others), up, down, isExact);

        void Timed(int step, Func<ReadOnlyMemory<byte>> act)
        {
            Stopwatch watch = Stopwatch.StartNew();
            ReadOnlyMemory<byte> message = act();
            times[step] = watch.Elapsed.TotalMilliseconds;
            up += message.Length;
            cohort.Receive(message);
        }
    }

    /// <summary>As many checks alone: advertisements with a fresh roster, so with the import of each key; the others with keys that are imported.</summary>
    private static double SignatureTime(SimulatedCohort cohort, Announcement published, int others)
    {
        if (!CohortList.TryDecode(published.Blob.Span, out CohortList? list) || !Roster.TryDecode(cohort.Roster.Bytes.Span, cohort.AuthorityKey.Span, out Roster? fresh))
            throw new InvalidOperationException("A published list does not decode.");
        Stopwatch watch = Stopwatch.StartNew();
        foreach (ReadOnlyMemory<byte> advertisement in list!.Advertisements)
        {
            if (SignedMessage.TryAuthenticate(advertisement, fresh!, out _) is not null)
                throw new InvalidOperationException("A published advertisement does not verify.");
        }

        double importing = watch.Elapsed.TotalMilliseconds;
        byte[] message = [1];
        byte[] signature = cohort.Members[0].Key.Sign(message);
        if (!VerificationKey.TryCreate(cohort.Members[0].Key.PublicKey.Span, out VerificationKey? key))
            throw new InvalidOperationException("A member's key is invalid.");
        using (key)
        {
            watch.Restart();
            for (int i = 0; i < others; i++)
            {
                if (!key.Verify(message, signature))
                    throw new InvalidOperationException("A member's signature does not verify.");
            }
        }

        return importing + watch.Elapsed.TotalMilliseconds;
    }
}
