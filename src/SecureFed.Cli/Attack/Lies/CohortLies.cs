using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lies about who takes part, with which keys and under which thresholds.</summary>
internal static class CohortLies
{
    private const string Phase = "share";
    private const int Honest = 1;

    public static IEnumerable<Deviation> All =>
    [
        Announced("cohort-forged-signature", ErrorCodes.ServerUntrusted, (scene, list) =>
            list with { Entry = scene.Entry(Event(list), list.Entry.Index, scene.Consortium.Accomplice.Key) }),
        Announced("cohort-not-the-one-logged", ErrorCodes.HistoryRewritten, (scene, list) =>
            list with { Blob = Alter(list.Blob, l => l with { Advertisements = [.. l.Advertisements.Skip(1)] }) }),
        Announced("cohort-entry-older-than-the-opening", ErrorCodes.LogProofInvalid, (scene, list) => list with { Entry = scene.Entry(Event(list), 0) }),
        Announced("cohort-of-another-round", ErrorCodes.HistoryRewritten, (scene, list) => scene.Announce(EventType.CohortPublished, scene.VictimId, list.Blob.ToArray(), list.Entry.Index)),
        Encoded("cohort-non-canonical", "C6", "issue 3", bytes => [.. bytes, 0]),
        Encoded("cohort-truncated", "C6", "issue 3", bytes => bytes[..^3]),
        Listed("open-digest-altered", "C2", "issue 3", (_, list) => list with { OpenDigest = Digest.Of("elsewhere"u8) }),
        Listed("cohort-below-the-least", "C2", "issue 3", (_, list) => Of(list, [.. list.Advertisements.Take(5)])),
        Listed("threshold-lowered", "C2", "issue 3; Bonawitz et al. 2017, section 6.2", (_, list) => list with { Thresholds = list.Thresholds with { Threshold = 2 } }),
        Listed("quorum-lowered", "C2", "issue 3; Bonawitz et al. 2017, section 6.2", (_, list) => list with { Thresholds = list.Thresholds with { Quorum = 2 } }),
        Listed("least-survivors-lowered", "C2", "issue 3", (_, list) => list with { Thresholds = list.Thresholds with { LeastSurvivors = 2 } }),
        Listed("neighbours-thinned", "C2", "Bell et al. 2020, section 3", (_, list) => list with { Thresholds = list.Thresholds with { Neighbours = 3 } }),
        Listed("victim-left-out", "C2", "issue 3", (scene, list) => Replace(list, HostileConsortium.VictimIndex, null, scene), clients: 7),
        Listed("victims-keys-replaced", "C2", "Bonawitz et al. 2017, section 6.2", (scene, list) =>
            Replace(list, HostileConsortium.VictimIndex, Sign(scene.Consortium.Accomplice, Header(list, HostileConsortium.VictimIndex), FreshKeys()), scene)),
        Listed("peer-in-the-middle", "C2", "Bonawitz et al. 2017, section 6.2", (scene, list) =>
            Replace(list, Honest, Sign(scene.Consortium.Accomplice, Header(list, Honest), FreshKeys()), scene)),
        Listed("double-list", "C2", "issue 3", (scene, list) => Replace(list, Honest, list.Advertisements[Honest - 1], scene)),
        Listed("cohort-unsorted", "C6", "issue 3 (non-canonical)", (_, list) => list with { Advertisements = [.. list.Advertisements.Reverse()] }),
        Accomplice("keys-off-the-curve", "C6", "issue 3", keys => keys with { MaskKey = OffCurve(keys.MaskKey) }),
        Accomplice("key-at-infinity", "C6", "SP 800-56A rev. 3, section 5.6.2.3", keys => keys with { SealingKey = new byte[65] }),
        Accomplice("one-key-for-both-uses", "C2", "issue 3 (repeated keys)", keys => keys with { SealingKey = keys.MaskKey }),
        Listed("repeated-peer-keys", "C2", "issue 3", (scene, list) =>
            Replace(list, HostileConsortium.AccompliceIndex, Sign(scene.Consortium.Accomplice, Header(list, HostileConsortium.AccompliceIndex), Keys(list, Honest)), scene)),
        Listed("victims-key-echoed", "C2", "issue 3 (repeated keys)", (scene, list) => Replace(
            list,
            HostileConsortium.AccompliceIndex,
            Sign(scene.Consortium.Accomplice, Header(list, HostileConsortium.AccompliceIndex), FreshKeys() with { MaskKey = Keys(list, HostileConsortium.VictimIndex).MaskKey }),
            scene)),
        Sybil("sybil-outside-the-roster", "issue 3; Pasquini et al. 2021", scene => scene.Consortium.Stranger),
        Sybil("operator-among-the-clients", "threat-model.md, E9", scene => scene.Consortium.Operator),
        Sybil("organisation-above-the-cap", "issue 3; Pasquini et al. 2021", scene => scene.Consortium.Clients[HostileConsortium.SiblingIndex]),
        new("stale-keys", "C5", "issue 3", Phase, ErrorCodes.InvalidCohort, scene =>
        {
            scene.Plan = scene.Plan with { Rounds = 2 };
            Rewrite(scene, (s, list) => Replace(list, Honest, s.SentBy(s.RoundOf(1), "keys", s.Consortium.Clients[Honest].Id)!.Bytes, s), number: 2);
        }),
    ];

    public static CohortList Decode(ReadOnlyMemory<byte> blob) =>
        CohortList.TryDecode(blob.Span, out CohortList? list) ? list! : throw new InvalidOperationException("The genuine server published no cohort.");

    /// <summary>The list of these advertisements with the thresholds that follow from their number.</summary>
    public static CohortList Of(CohortList list, ReadOnlyMemory<byte>[] advertisements, CohortBounds? bounds = null) => list with
    {
        Advertisements = advertisements,
        Thresholds = bounds is null ? list.Thresholds with { Clients = advertisements.Length } : CohortThresholds.TryDerive(bounds, advertisements.Length, out _) ?? list.Thresholds,
    };

    private static Deviation Announced(string name, string expected, Func<Scene, Announcement, Announcement> alter) =>
        new(name, "C2", "threat-model.md, C2 and C9", Phase, expected, scene => scene.AlterAnnouncement("keys", list => alter(scene, list)));

    private static Deviation Encoded(string name, string claim, string source, Func<byte[], byte[]> alter) =>
        new(name, claim, source, Phase, ErrorCodes.InvalidCohort, scene => Publish(scene, list => alter(list.Encode())));

    private static Deviation Listed(string name, string claim, string source, Func<Scene, CohortList, CohortList> alter, int clients = TaskPlan.LeastClients) =>
        new(name, claim, source, Phase, ErrorCodes.InvalidCohort, scene =>
        {
            scene.Plan = scene.Plan with { Clients = clients };
            Rewrite(scene, alter);
        });

    /// <summary>The accomplice's own advertisement, properly signed, with other keys.</summary>
    private static Deviation Accomplice(string name, string claim, string source, Func<Advertisement, Advertisement> alter) => Listed(name, claim, source, (scene, list) => Replace(
        list,
        HostileConsortium.AccompliceIndex,
        Sign(scene.Consortium.Accomplice, Header(list, HostileConsortium.AccompliceIndex), alter(Keys(list, HostileConsortium.AccompliceIndex))),
        scene));

    /// <summary>In the place of an honest member stands somebody else, with a well-formed advertisement under its own key.</summary>
    private static Deviation Sybil(string name, string source, Func<Scene, Party> choose) => Listed(name, "C4", source, (scene, list) =>
    {
        Party sybil = choose(scene);
        byte[] advertisement = Sign(sybil, Header(list, 0) with { Sender = sybil.Id }, FreshKeys());
        IEnumerable<ReadOnlyMemory<byte>> members = [.. list.Advertisements.SkipLast(1), advertisement];
        return list with { Advertisements = [.. members.OrderBy(m => Message(m).Header.Sender)] };
    });

    private static void Rewrite(Scene scene, Func<Scene, CohortList, CohortList> alter, int number = 0) => Publish(scene, list => alter(scene, list).Encode(), number);

    private static void Publish(Scene scene, Func<CohortList, byte[]> alter, int number = 0) => scene.AlterAnnouncement(
        "keys",
        genuine => scene.Announce(EventType.CohortPublished, Published(genuine).RoundId, alter(Decode(genuine.Blob)), genuine.Entry.Index),
        number);

    private static TaskEvent.ListPublished Published(Announcement list) => (TaskEvent.ListPublished)Event(list);

    private static TaskEvent Event(Announcement list) =>
        LogEntry.TryDecode(list.Entry.Bytes.Span, out LogEntry? entry) ? entry!.Event : throw new InvalidOperationException("The genuine server signed no entry.");

    private static byte[] Alter(ReadOnlyMemory<byte> blob, Func<CohortList, CohortList> alter) => alter(Decode(blob)).Encode();

    private static CohortList Replace(CohortList list, int index, ReadOnlyMemory<byte>? advertisement, Scene scene) => Of(
        list,
        [.. list.Advertisements.Take(index), .. advertisement is { } other ? [other] : Array.Empty<ReadOnlyMemory<byte>>(), .. list.Advertisements.Skip(index + 1)],
        scene.Round(Header(list, 0).RoundId).Cohort);

    private static SignedMessage Message(ReadOnlyMemory<byte> bytes) =>
        SignedMessage.TryDecode(bytes, out SignedMessage? message) is null ? message! : throw new InvalidOperationException("The genuine cohort holds a malformed advertisement.");

    private static MessageHeader Header(CohortList list, int index) => Message(list.Advertisements[index]).Header;

    private static Advertisement Keys(CohortList list, int index) => (Advertisement)Message(list.Advertisements[index]).Body;

    private static byte[] Sign(Party signer, MessageHeader header, Advertisement keys) => SignedMessage.Sign(header, keys, signer.Key).Bytes.ToArray();

    private static Advertisement FreshKeys()
    {
        using AgreementKey mask = AgreementKey.Generate(OperatingSystemRandomSource.Instance);
        using AgreementKey sealing = AgreementKey.Generate(OperatingSystemRandomSource.Instance);
        return new Advertisement(mask.PublicKey, sealing.PublicKey);
    }

    private static byte[] OffCurve(ReadOnlyMemory<byte> key)
    {
        byte[] altered = key.ToArray();
        altered[^1] ^= 1;
        return altered;
    }
}
