using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lies about whose uploads will be summed.</summary>
internal static class SurvivorLies
{
    private const string Phase = "confirm";
    private const int Absent = 5;

    public static IEnumerable<Deviation> All =>
    [
        Listed("survivors-too-few", ErrorCodes.TooFewSurvivors, "issue 3; Bonawitz et al. 2017, section 6.2", list => list with { Uploads = [.. list.Uploads.Take(4)] }),
        Listed("survivors-victim-alone", ErrorCodes.TooFewSurvivors, "So et al. 2021", list => list with { Uploads = [list.Uploads[HostileConsortium.VictimIndex]] }),
        Listed("survivors-none", ErrorCodes.TooFewSurvivors, "issue 3", list => list with { Uploads = [] }),
        Listed("survivors-beyond-the-cohort", ErrorCodes.InvalidSurvivors, "issue 3", list => list with { Uploads = [.. list.Uploads, list.Uploads[0] with { Index = 6 }] }),
        Listed("survivors-of-another-cohort", ErrorCodes.InvalidSurvivors, "issue 3 (altered cohortDigest)", list => list with { CohortDigest = Digest.Of("elsewhere"u8) }),
        Listed("survivors-of-another-dealers-list", ErrorCodes.InvalidSurvivors, "threat-model.md, C2", list => list with { DealersDigest = Digest.Of("elsewhere"u8) }),
        Listed("survivors-repeated", ErrorCodes.InvalidSurvivors, "issue 3 (non-canonical)", list => list with { Uploads = [list.Uploads[0], .. list.Uploads] }),
        Listed("survivor-with-anothers-upload", ErrorCodes.InvalidSurvivors, "threat-model.md, C2", list => list with { Uploads = [.. list.Uploads.Take(Absent), list.Uploads[0] with { Index = Absent }] }),
        Listed("upload-altered-by-the-server", ErrorCodes.InvalidSurvivors, "threat-model.md, C2", list =>
            list with { Uploads = [list.Uploads[0] with { WordsDigest = Digest.Of("altered"u8) }, .. list.Uploads.Skip(1)] }),
        Announced("survivors-forged-signature", ErrorCodes.ServerUntrusted, (scene, list) => list with { Entry = scene.Entry(Lists.Event(list), list.Entry.Index, scene.Consortium.Accomplice.Key) }),
        Announced("survivors-of-another-round", ErrorCodes.HistoryRewritten, (scene, list) => scene.Announce(EventType.SurvivorsListed, scene.VictimId, list.Blob.ToArray(), list.Entry.Index)),
        Announced("survivors-before-the-dealers", ErrorCodes.LogProofInvalid, (scene, list) => list with { Entry = scene.Entry(Lists.Event(list), 2) }),
        Announced("unmask-before-confirm", ErrorCodes.HistoryRewritten, (scene, list) =>
        {
            Identifier round = Lists.RoundOf(list);
            UnmaskRequest request = new(scene.CohortDigest(round), Digest.Of(list.Blob.Span), list.Entry.Index, [], scene.Confirmations(round, Digest.Of(list.Blob.Span), list.Entry.Index));
            return scene.Announce(EventType.UnmaskRequested, round, request.Encode(), Lists.LaterIndex);
        }),
        new("survivors-truncated", "C6", "issue 3", Phase, ErrorCodes.InvalidMessage, scene => scene.Garble("survivors", bytes => bytes[..^1])),
        Forked("dealers-forked", "another dealers list for the victim; the survivors follow everybody else's", isPapered: false),
        Forked("dealers-forked-and-papered-over", "the same, and the survivor list names the victim's", isPapered: true),
        new("survivor-who-never-dealt", "C2", "issue 3", Phase, ErrorCodes.InvalidSurvivors, scene =>
        {
            Fork(scene);
            scene.Invent("survivors", round => Complete(scene, round, Listing(scene, round, isPapered: true)));
        }),
    ];

    /// <summary>The victim is told that one dealer less dealt; everybody else follows the genuine list.</summary>
    private static Deviation Forked(string name, string remark, bool isPapered) => new(name, "C2", $"threat-model.md, C2: {remark}", Phase, ErrorCodes.InvalidSurvivors, scene =>
    {
        Fork(scene);
        scene.Invent("survivors", round => Complete(scene, round, Listing(scene, round, isPapered) is { } list && isPapered ? list with { Uploads = [.. list.Uploads.Where(u => u.Index != Absent)] } : Listing(scene, round, isPapered)));
    });

    private static void Fork(Scene scene)
    {
        scene.Swallow("uploads", scene.IsVictim);
        scene.Alter("shares", bytes =>
        {
            Inbox inbox = Inbox.Decode(bytes);
            DealersList genuine = DealerLies.Decode(inbox.Dealers.Blob);
            byte[] fork = (genuine with { Dealers = [.. genuine.Dealers.Where(d => d != Absent)] }).Encode();
            return (inbox with { Dealers = scene.Announce(EventType.DealersListed, Lists.RoundOf(inbox.Dealers), fork, inbox.Dealers.Entry.Index) }).Encode();
        });
    }

    /// <summary>All uploads, once they are there.</summary>
    private static SurvivorList? Listing(Scene scene, Identifier round, bool isPapered)
    {
        SurvivorUpload[] uploads = scene.Uploads(round);
        int follows = isPapered ? HostileConsortium.VictimIndex : 0;
        return uploads.Length < scene.Plan.Clients
            ? null
            : new SurvivorList(scene.CohortDigest(round), ((Upload)scene.SentBy(round, "uploads", scene.Consortium.Clients[follows].Id)!.Body).DealersDigest, uploads);
    }

    private static byte[]? Complete(Scene scene, Identifier round, SurvivorList? list) =>
        list is null ? null : scene.Announce(EventType.SurvivorsListed, round, list.Encode(), Lists.LaterIndex).Encode();

    private static Deviation Listed(string name, string expected, string source, Func<SurvivorList, SurvivorList> alter) => new(name, "C2", source, Phase, expected, scene =>
        scene.AlterAnnouncement("survivors", list => scene.Announce(EventType.SurvivorsListed, Lists.RoundOf(list), alter(Lists.Survivors(list.Blob)).Encode(), list.Entry.Index)));

    private static Deviation Announced(string name, string expected, Func<Scene, Announcement, Announcement> alter) =>
        new(name, "C2", "issue 3; threat-model.md, C2 and C9", Phase, expected, scene => scene.AlterAnnouncement("survivors", list => alter(scene, list)));
}
