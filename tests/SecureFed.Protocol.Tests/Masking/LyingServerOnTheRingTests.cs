using SecureFed.Cryptography.Rings;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Graph;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Masking;

/// <summary>Five hundred clients on a ring of degree 72, f = c = 25, fifty may drop: the smallest such cohort in which a server has enough dropouts to try a cut.</summary>
/// <remarks>The server picks its accomplices when it knows the ring; the test signs for all but the honest client under attack.</remarks>
public sealed class LyingServerOnTheRingTests
{
    private const int Clients = 500;
    private const int Width = 36;
    private readonly SimulatedConsortium consortium = new(
        "lying server on the ring", new ConsortiumOptions { Clients = Clients, Least = Clients, Gamma = 0.05m, DeltaDrop = 0.1m });

    private readonly SimulatedServer server;
    private readonly Digest cohortDigest;
    private readonly CohortThresholds thresholds;
    private readonly int[] order;
    private readonly byte[] dealers;
    private ulong index = 10_000;

    public LyingServerOnTheRingTests()
    {
        server = consortium.Server;
        server.OpenRound();
        consortium.RunTo(RoundPhase.Share);
        cohortDigest = Digest.Of(server.AnnouncementOf(EventType.CohortPublished)!.Blob.Span);
        thresholds = CohortThresholds.TryDerive(consortium.Bounds, Clients, out _)!;
        order = Permutation.Create(cohortDigest, "securefed/v1 neighbour graph\n"u8, Clients);
        dealers = new DealersList(cohortDigest, [.. Enumerable.Range(0, Clients)]).Encode();
    }

    [Fact]
    public void A_survivor_list_that_could_cut_the_ring_is_signed_by_no_survivor_and_answered_by_none()
    {
        Assert.Equal(new CohortThresholds(Clients, 25, 72, 49, 263, 450, 425), thresholds);
        SimulatedClient[] victims = [.. ((int[])[100, 249, 286]).Select(AtPlace)];
        foreach (SimulatedClient victim in victims)
            Mask(victim);

        // Honest survivors on both sides of two gaps of k/2 places, in which only 25 accomplices survive; 47 of 50 droppable clients are dropped.
        byte[] cut = ListWithout(PlacesInGaps().Skip(25));
        byte[] request = RequestFor(cut, index + 1);
        foreach (SimulatedClient victim in victims)
        {
            byte[] before = victim.Masking!.Encode();
            ClientStep step = victim.Masking.OnSurvivors(Announce(EventType.SurvivorsListed, cut));
            Assert.Null(step.Message);
            Assert.Equal(ErrorCodes.SurvivorsSplit, step.Refusal!.Code);
            step = victim.Masking.OnUnmaskRequest(Announce(EventType.UnmaskRequested, request));
            Assert.Null(step.Message);
            Assert.Equal(ErrorCodes.WrongPhase, step.Refusal!.Code);
            Assert.Equal(before, victim.Masking.Encode());
        }

        // One more survivor in the gaps, and just as many dropped elsewhere, is no cut.
        byte[] whole = ListWithout(PlacesInGaps().Skip(26));
        byte[] elsewhere = ListWithout(Enumerable.Range(0, 47).Select(i => 5 * i + 1));
        Assert.NotNull(victims[0].Masking!.OnSurvivors(Announce(EventType.SurvivorsListed, whole)).Message);
        Assert.NotNull(victims[1].Masking!.OnSurvivors(Announce(EventType.SurvivorsListed, elsewhere)).Message);
    }

    [Fact]
    public void A_client_that_is_declared_dropped_gives_no_share_even_for_a_certified_list()
    {
        SimulatedClient dropped = AtPlace(3);
        SimulatedClient survivor = AtPlace(4);
        Mask(dropped);
        Mask(survivor);
        byte[] list = ListWithout([3]);
        ulong entry = index + 1;
        Announcement announcement = Announce(EventType.SurvivorsListed, list);
        Assert.NotNull(dropped.Masking!.OnSurvivors(announcement).Message);
        Assert.NotNull(survivor.Masking!.OnSurvivors(announcement).Message);
        Announcement request = Announce(EventType.UnmaskRequested, RequestFor(list, entry));
        byte[] before = dropped.Masking.Encode();
        ClientStep step = dropped.Masking.OnUnmaskRequest(request);
        Assert.Null(step.Message);
        Assert.Equal(ErrorCodes.TooLate, step.Refusal!.Code);
        Assert.Equal(before, dropped.Masking.Encode());
        dropped.Restart();
        Assert.Equal(ErrorCodes.TooLate, dropped.Masking.OnUnmaskRequest(request).Refusal!.Code);
        Assert.NotNull(survivor.Masking.OnUnmaskRequest(request).Message);
    }

    [Fact]
    public void A_dealers_list_that_leaves_fewer_than_t_neighbours_of_a_client_is_refused_whatever_its_length()
    {
        SimulatedClient victim = AtPlace(0);
        Assert.NotNull(victim.Masking!.OnCohort(server.AnnouncementOf(EventType.CohortPublished)!, consortium.Random).Message);
        int[] neighbours = [.. Enumerable.Range(1, Width).SelectMany(step => (int[])[order[step], order[Clients - step]])];
        NoisedUpdate update = victim.MakeUpdate(victim.Masking.Round.Layout);

        // 24 of 500 left out: 476 dealers, but 48 < t = 49 of them beside the victim. With one more neighbour it masks.
        ClientStep step = victim.Masking.OnDealers(Without(neighbours.Take(24)), [], update);
        Assert.Equal(ErrorCodes.InvalidDealers, step.Refusal!.Code);
        Assert.NotNull(victim.Masking.OnDealers(Without(neighbours.Take(23)), [], update).Message);

        Announcement Without(IEnumerable<int> left) =>
            Announce(EventType.DealersListed, new DealersList(cohortDigest, [.. Enumerable.Range(0, Clients).Except(left)]).Encode());
    }

    private SimulatedClient AtPlace(int place) => consortium.Clients[order[place]];

    /// <summary>Accomplices first, evenly in both gaps.</summary>
    private static IEnumerable<int> PlacesInGaps() => Enumerable.Range(0, Width).SelectMany(i => (int[])[i, 250 + i]);

    private void Mask(SimulatedClient client)
    {
        Assert.NotNull(client.Masking!.OnCohort(server.AnnouncementOf(EventType.CohortPublished)!, consortium.Random).Message);
        NoisedUpdate update = client.MakeUpdate(client.Masking.Round.Layout);
        Assert.NotNull(client.Masking.OnDealers(Announce(EventType.DealersListed, dealers), [], update).Message);
    }

    private byte[] ListWithout(IEnumerable<int> places)
    {
        HashSet<int> dropped = [.. places.Select(p => order[p])];
        Assert.True(Clients - dropped.Count >= thresholds.LeastSurvivors);
        UpdateLayout layout = server.Round.Parameters.Layout;
        Upload upload = new(Digest.Of(dealers), layout.Dimension, layout.RingBits, new byte[RingPacking.PackedBytes(layout.Dimension, layout.RingBits)]);
        return new SurvivorList(cohortDigest, Digest.Of(dealers), [.. Enumerable.Range(0, Clients).Where(i => !dropped.Contains(i))
            .Select(i => new SurvivorUpload(i, Digest.Of(upload.PackedWords.Span), Sign(i, upload)))]).Encode();
    }

    private byte[] RequestFor(byte[] list, ulong entry)
    {
        Assert.True(SurvivorList.TryDecode(list, out SurvivorList? survivors));
        Confirmation confirmation = new(Digest.Of(list), entry);
        return new UnmaskRequest(
            cohortDigest,
            Digest.Of(list),
            entry,
            [.. Enumerable.Range(0, Clients).Except(survivors!.Survivors)],
            [.. Enumerable.Range(0, thresholds.Quorum).Select(i => new QuorumSignature(i, Sign(i, confirmation)))]).Encode();
    }

    private byte[] Sign(int client, IMessageBody body) => SignedMessage.Sign(
        new MessageHeader(consortium.Task.TaskId, server.Round.Parameters.RoundId, consortium.Clients[client].Id, cohortDigest),
        body,
        consortium.Clients[client].Key).SignatureBytes.ToArray();

    private Announcement Announce(EventType kind, byte[] blob)
    {
        LogEntry entry = new(consortium.Task.TaskId, new TaskEvent.ListPublished(kind, server.Round.Parameters.RoundId, Digest.Of(blob), 1));
        return new Announcement(SignedEntry.Sign(consortium.Task.TaskId, ++index, entry.Encode(), server.Key), blob);
    }
}
