using FsCheck;
using FsCheck.Fluent;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Masking;

/// <summary>A server that colludes with everybody else and says anything never gets both secrets' shares of one peer out of a client.</summary>
public sealed class ShareReleaseTests
{
    private readonly SimulatedConsortium consortium = new("share release", new ConsortiumOptions { Clients = 8, Least = 6, DeltaDrop = 0.15m });
    private readonly SimulatedClient victim;
    private readonly Digest cohortDigest;
    private readonly Digest dealersDigest;
    private readonly Dictionary<int, SurvivorUpload> uploads = [];
    private readonly byte[] beforeDealers;
    private readonly byte[] beforeSurvivors;

    public ShareReleaseTests()
    {
        victim = consortium.Clients[0];
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        beforeDealers = victim.Masking!.Encode();
        Announcement dealers = consortium.Server.AnnouncementOf(EventType.DealersListed)!;
        consortium.Step(consortium.Clients);
        beforeSurvivors = victim.Masking.Encode();
        cohortDigest = Digest.Of(consortium.Server.AnnouncementOf(EventType.CohortPublished)!.Blob.Span);
        dealersDigest = Digest.Of(dealers.Blob.Span);
    }

    public enum Say
    {
        Dealers,
        Survivors,
        Unmask,
        Restart,
    }

    /// <param name="Say">Kind of announcement.</param>
    /// <param name="Members">Bit set of the list; for a request the survivors that it claims.</param>
    /// <param name="Index">Log index of the survivor list.</param>
    /// <param name="Signers">Bit set of those who sign the certificate, with keys that the server holds.</param>
    /// <param name="NamesOthers">The request names other dropped clients than the list implies.</param>
    public sealed record Announced(Say Say, int Members, int Index, int Signers, bool NamesOthers);

    [Fact]
    public void No_sequence_of_announcements_releases_both_kinds_of_share_for_one_peer()
    {
        // Few lists and indices, so that requests often fit what was signed before.
        Gen<int> members = Gen.Frequency((6, Gen.Elements(0xff, 0x7f, 0xfe, 0xbf, 0x3f, 0xef)), (1, Gen.Choose(0, 255)));
        Gen<Announced> announced =
            from say in Gen.Frequency((4, Gen.Constant(Say.Survivors)), (8, Gen.Constant(Say.Unmask)), (1, Gen.Constant(Say.Restart)), (1, Gen.Constant(Say.Dealers)))
            from list in members
            from index in Gen.Choose(100, 102)
            from signers in Gen.Frequency((5, Gen.Constant(0xfe)), (1, Gen.Choose(0, 255)))
            from namesOthers in Gen.Choose(0, 9)
            select new Announced(say, list, index, signers, namesOthers == 0);
        int released = 0;
        Prop.ForAll(
            Arb.From(Gen.Choose(1, 25).SelectMany(length => Gen.ArrayOf(announced, length))),
            Arb.From(Gen.Elements(beforeDealers, beforeSurvivors)),
            (sequence, start) =>
            {
                Dictionary<int, ShareKind> kinds = [];
                HashSet<string> answers = [];
                MaskingClient client = MaskingClient.Restore(victim.Context, start)!;
                foreach (Announced said in sequence)
                {
                    if (said.Say == Say.Restart)
                        client = MaskingClient.Restore(victim.Context, client.Encode())!;
                    if (Present(client, said) is not { } message)
                        continue;
                    Assert.Null(SignedMessage.TryDecode(message, out SignedMessage? sent));
                    if (sent!.Body is not UnmaskAnswer answer)
                        continue;
                    answers.Add(Convert.ToHexString(message.Span));
                    foreach (ReleasedShare share in answer.Shares)
                        Assert.True(kinds.TryAdd(share.Owner, share.Kind) || kinds[share.Owner] == share.Kind, $"Both shares of {share.Owner}.");
                }

                Assert.InRange(answers.Count, 0, 1);
                released += answers.Count;
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
        Assert.InRange(released, 10, int.MaxValue);
    }

    [Fact]
    public void A_share_is_of_the_seed_for_a_survivor_and_of_the_mask_key_for_a_dropped_client()
    {
        MaskingClient client = MaskingClient.Restore(victim.Context, beforeSurvivors)!;
        Assert.NotNull(Present(client, new Announced(Say.Survivors, 0x7f, 100, 0, false)));
        Assert.Null(SignedMessage.TryDecode(Present(client, new Announced(Say.Unmask, 0x7f, 100, 0x7e, false))!.Value, out SignedMessage? message));
        UnmaskAnswer answer = Assert.IsType<UnmaskAnswer>(message!.Body);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], answer.Shares.Select(s => s.Owner));
        Assert.All(answer.Shares, s => Assert.Equal(s.Owner == 7 ? ShareKind.MaskKey : ShareKind.SelfMaskSeed, s.Kind));
    }

    private ReadOnlyMemory<byte>? Present(MaskingClient client, Announced said)
    {
        int[] members = [.. Enumerable.Range(0, 8).Where(i => (said.Members >> i & 1) == 1)];
        byte[] survivors = new SurvivorList(cohortDigest, dealersDigest, [.. members.Select(SignUpload)]).Encode();
        switch (said.Say)
        {
            case Say.Dealers:
                byte[] dealers = new DealersList(cohortDigest, members).Encode();
                return client.OnDealers(Announce(EventType.DealersListed, dealers, 50), [], victim.MakeUpdate(client.Round.Layout)).Message;
            case Say.Survivors:
                return client.OnSurvivors(Announce(EventType.SurvivorsListed, survivors, said.Index)).Message;
            case Say.Unmask:
                int[] dropped = [.. Enumerable.Range(0, 8).Except(members)];
                UnmaskRequest request = new(
                    cohortDigest,
                    Digest.Of(survivors),
                    (ulong)said.Index,
                    said.NamesOthers ? [.. dropped.Append(1).Distinct().Order()] : dropped,
                    [.. Enumerable.Range(0, 8).Where(i => (said.Signers >> i & 1) == 1).Select(i => Certify(i, Digest.Of(survivors), said.Index))]);
                return client.OnUnmaskRequest(Announce(EventType.UnmaskRequested, request.Encode(), 1000)).Message;
            default:
                return null;
        }
    }

    /// <summary>The server holds everybody's keys here, the victim's too, so that no list fails for want of a signature.</summary>
    private SurvivorUpload SignUpload(int index)
    {
        if (uploads.TryGetValue(index, out SurvivorUpload? known))
            return known;
        UpdateLayout layout = victim.Masking!.Round.Layout;
        Digest words = Digest.Of([(byte)index]);
        SignedMessage signed = SignedMessage.Sign(
            new MessageHeader(consortium.Task.TaskId, victim.Masking.Round.RoundId, consortium.Clients[index].Id, cohortDigest),
            new UploadStatement(dealersDigest, layout.Dimension, layout.RingBits, words),
            consortium.Clients[index].Context.Signer);
        return uploads[index] = new SurvivorUpload(index, words, signed.SignatureBytes);
    }

    private QuorumSignature Certify(int signer, Digest list, int index) => new(
        signer,
        SignedMessage.Sign(
            new MessageHeader(consortium.Task.TaskId, victim.Masking!.Round.RoundId, consortium.Clients[signer].Id, cohortDigest),
            new Confirmation(list, (ulong)index),
            consortium.Clients[signer].Key).SignatureBytes);

    private Announcement Announce(EventType kind, byte[] blob, int index)
    {
        LogEntry entry = new(consortium.Task.TaskId, new TaskEvent.ListPublished(kind, victim.Masking!.Round.RoundId, Digest.Of(blob), 1));
        return new Announcement(SignedEntry.Sign(consortium.Task.TaskId, (ulong)index, entry.Encode(), consortium.Server.Key), blob);
    }
}
