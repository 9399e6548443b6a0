using System.Security.Cryptography;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lies about who dealt shares, about the shares themselves, and about what became of the upload.</summary>
internal static class DealerLies
{
    private const string Phase = "upload";

    public static IEnumerable<Deviation> All =>
    [
        Dealers("dealers-too-few", "C2", "issue 3; Bonawitz et al. 2017, section 6.2", list => list with { Dealers = [.. list.Dealers.Take(4)] }),
        Dealers("dealers-victim-alone", "C2", "So et al. 2021", list => list with { Dealers = [HostileConsortium.VictimIndex] }),
        Dealers("dealers-without-the-victim", "C2", "threat-model.md, C2", list => list with { Dealers = [.. list.Dealers.Where(d => d != HostileConsortium.VictimIndex)] }),
        Dealers("dealers-beyond-the-cohort", "C6", "issue 3", list => list with { Dealers = [.. list.Dealers, 6] }),
        Dealers("dealers-of-another-cohort", "C2", "issue 3 (altered cohortDigest)", list => list with { CohortDigest = Digest.Of("elsewhere"u8) }),
        Dealers("dealers-repeated", "C6", "issue 3 (non-canonical)", list => list with { Dealers = [0, 0, 1, 2, 3, 4, 5] }),
        Entry("dealers-forged-signature", ErrorCodes.ServerUntrusted, (scene, list) => list with { Entry = scene.Entry(Lists.Event(list), list.Entry.Index, scene.Consortium.Accomplice.Key) }),
        Entry("dealers-before-the-cohort", ErrorCodes.LogProofInvalid, (scene, list) => list with { Entry = scene.Entry(Lists.Event(list), 1) }),
        Entry("dealers-logged-as-cohort", ErrorCodes.HistoryRewritten, (scene, list) => scene.Announce(EventType.CohortPublished, Lists.RoundOf(list), list.Blob.ToArray(), list.Entry.Index)),
        new("inbox-truncated", "C6", "issue 3", Phase, ErrorCodes.InvalidMessage, scene => scene.Alter("shares", bytes => bytes[..^5])),
        new("inbox-claims-a-million-boxes", "C6", "issue 3 (oversized)", Phase, ErrorCodes.InvalidMessage, scene => scene.Alter("shares", bytes => Inbox.Decode(bytes).Encode(claimed: 1 << 20))),
        new("inbox-with-an-oversized-box", "C6", "issue 3 (oversized)", Phase, ErrorCodes.InvalidMessage, scene =>
            scene.Alter("shares", bytes => Inbox.Decode(bytes) is { } inbox ? (inbox with { Boxes = [.. inbox.Boxes, (5, new byte[4096])] }).Encode() : bytes)),
        Receipt("receipt-forged", (scene, message, round) => CanonicalWriter.Write(
            scene.Entry(new TaskEvent.MessageAccepted(EventType.UpdateUploaded, round, round, Scene.DigestOf(message)), Lists.LaterIndex, scene.Consortium.Accomplice.Key).Write)),
        Receipt("receipt-of-another-upload", (scene, _, round) => scene.Receipt(scene.VictimId, round, EventType.UpdateUploaded, scene.SentBy(round, "shares", scene.VictimId)!.Bytes.ToArray())),
        Receipt("receipt-of-another-step", (scene, message, round) => scene.Receipt(scene.VictimId, round, EventType.SharesDealt, message)),
        Harmless("swapped-shares", "issue 3", inbox => inbox with { Boxes = [(0, inbox.BoxOf(1)), (1, inbox.BoxOf(0)), .. inbox.Boxes.Where(b => b.Dealer > 1)] }, 0, 1),
        Harmless("shares-replaced-by-noise", "issue 3", inbox => inbox with { Boxes = [.. inbox.Boxes.Select(b => (b.Dealer, (ReadOnlyMemory<byte>)SHA512.HashData(b.Box.Span).Concat(new byte[b.Box.Length - 64]).ToArray()))] }, 0, 1, 3, 4, 5),
        Harmless("shares-withheld", "issue 3", inbox => inbox with { Boxes = [] }, 0, 1, 3, 4, 5),
        Harmless("shares-attributed-to-the-victim", "issue 3", inbox => inbox with { Boxes = [.. inbox.Boxes.Select(b => (HostileConsortium.VictimIndex, b.Box)), (-0, inbox.BoxOf(0))] }, 1, 3, 4, 5),
    ];

    public static DealersList Decode(ReadOnlyMemory<byte> blob) =>
        DealersList.TryDecode(blob.Span, out DealersList? list) ? list! : throw new InvalidOperationException("The genuine server listed no dealers.");

    private static Deviation Dealers(string name, string claim, string source, Func<DealersList, DealersList> alter) =>
        new(name, claim, source, Phase, ErrorCodes.InvalidDealers, scene => scene.Alter("shares", bytes =>
        {
            Inbox inbox = Inbox.Decode(bytes);
            byte[] blob = alter(Decode(inbox.Dealers.Blob)).Encode();
            return (inbox with { Dealers = scene.Announce(EventType.DealersListed, Lists.RoundOf(inbox.Dealers), blob, inbox.Dealers.Entry.Index) }).Encode();
        }));

    private static Deviation Entry(string name, string expected, Func<Scene, Announcement, Announcement> alter) =>
        new(name, "C2", "threat-model.md, C2 and C9", Phase, expected, scene =>
            scene.Alter("shares", bytes => Inbox.Decode(bytes) is { } inbox ? (inbox with { Dealers = alter(scene, inbox.Dealers) }).Encode() : bytes));

    private static Deviation Receipt(string name, Func<Scene, byte[], Identifier, byte[]> make) => new(name, "C9", "threat-model.md, C9", Phase, ErrorCodes.ServerUntrusted, scene =>
        scene.Add(new Lie(true, "uploads", scene.IsVictim, telling => Task.FromResult<Reply?>(Reply.Created(make(scene, telling.Body, telling.Exchange.Round!.Value))))));

    /// <summary>A box that does not open is a missing share: the victim goes on and releases nothing of those dealers.</summary>
    private static Deviation Harmless(string name, string source, Func<Inbox, Inbox> alter, params int[] unopened) =>
        new(name, "C2", source, Phase, Deviation.Harmless, scene => scene.Alter("shares", bytes => alter(Inbox.Decode(bytes)).Encode()))
        {
            Proof = scene => Task.FromResult(
                scene.SentBy(scene.RoundOf(1), "unmask", scene.VictimId)?.Body is UnmaskAnswer answer && !answer.Shares.Any(s => unopened.Contains(s.Owner)) ? null : "released-what-it-could-not-open"),
        };
}
