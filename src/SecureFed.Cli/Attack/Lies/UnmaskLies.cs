using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lies in the request for shares: another list, no quorum, other dropped.</summary>
internal static class UnmaskLies
{
    private const string Phase = "unmask";
    private const string Quorum = "Bonawitz et al. 2017, Figure 4, round 3";
    private const int Q = 4;

    public static IEnumerable<Deviation> All =>
    [
        Request("certificate-missing", ErrorCodes.InvalidCertificate, Quorum, (_, request) => request with { Certificate = [] }),
        Request("certificate-below-the-quorum", ErrorCodes.InvalidCertificate, Quorum, (_, request) => request with { Certificate = [.. request.Certificate.Take(Q - 1)] }),
        Request("certificate-counts-one-twice", ErrorCodes.InvalidCertificate, "issue 3 (non-canonical)", (_, request) =>
            request with { Certificate = [request.Certificate[0], .. request.Certificate.Take(Q - 1)] }),
        Request("certificate-signer-outside-cohort", ErrorCodes.InvalidCertificate, "issue 3", (_, request) =>
            request with { Certificate = [.. request.Certificate.Take(Q - 1), request.Certificate[0] with { Signer = 6 }] }),
        Request("certificate-by-accomplice-alone", ErrorCodes.InvalidCertificate, "issue 3", (scene, request) => request with { Certificate = [.. Impersonated(scene, request).Take(Q)] }),
        Request("dropped-names-a-survivor", ErrorCodes.InvalidCertificate, "Bonawitz et al. 2017, section 6.2 (both kinds of share)", (_, request) => request with { Dropped = [0] }),
        Request("dropped-names-the-victim", ErrorCodes.InvalidCertificate, "Bonawitz et al. 2017, section 6.2 (both kinds of share)", (_, request) => request with { Dropped = [HostileConsortium.VictimIndex] }),
        Request("unmask-for-another-cohort", ErrorCodes.InvalidCertificate, "issue 3 (altered cohortDigest)", (_, request) => request with { CohortDigest = Digest.Of("elsewhere"u8) }),
        Request("unmask-for-a-list-never-shown", ErrorCodes.SecondList, "issue 3", (_, request) => request with { SurvivorListDigest = Digest.Of("elsewhere"u8) }),
        Request("unmask-for-another-log-index", ErrorCodes.SecondList, "threat-model.md, C9", (_, request) => request with { SurvivorEntryIndex = request.SurvivorEntryIndex + 1 }),
        Announced("unmask-forged-signature", ErrorCodes.ServerUntrusted, (scene, list) => list with { Entry = scene.Entry(Lists.Event(list), list.Entry.Index, scene.Consortium.Accomplice.Key) }),
        Announced("unmask-of-another-round", ErrorCodes.HistoryRewritten, (scene, list) => scene.Announce(EventType.UnmaskRequested, scene.VictimId, list.Blob.ToArray(), list.Entry.Index)),
        Announced("unmask-before-the-survivors", ErrorCodes.LogProofInvalid, (scene, list) => list with { Entry = scene.Entry(Lists.Event(list), 3) }),
        new("unmask-truncated", "C6", "issue 3", Phase, ErrorCodes.InvalidMessage, scene => scene.Garble("unmask-request", bytes => bytes[..^1])),
        Split("differing-survivor-lists", ErrorCodes.SecondList, "issue 3; Bonawitz et al. 2017, section 6.2", victimSeesFull: true, certifiesFull: false, others: 0, pad: false),
        Split("second-list-without-a-second-quorum", ErrorCodes.InvalidCertificate, "issue 3 (a second list with another quorum)", victimSeesFull: true, certifiesFull: true, others: 1, pad: false),
        Split("quorum-out-of-two-lists", ErrorCodes.InvalidCertificate, "issue 3 (a second list with another quorum)", victimSeesFull: true, certifiesFull: true, others: 1, pad: true),
        Split("certified-list-below-the-least", ErrorCodes.SecondList, "issue 3", victimSeesFull: true, certifiesFull: false, others: 0, pad: false, shortBy: 3),
        Split("dropped-left-unnamed", ErrorCodes.InvalidCertificate, "issue 3", victimSeesFull: false, certifiesFull: false, others: 0, pad: false, names: false),
    ];

    private static Deviation Request(string name, string expected, string source, Func<Scene, UnmaskRequest, UnmaskRequest> alter) => new(name, "C2", source, Phase, expected, scene =>
        scene.AlterAnnouncement("unmask-request", list => scene.Announce(EventType.UnmaskRequested, Lists.RoundOf(list), alter(scene, Lists.Request(list.Blob)).Encode(), list.Entry.Index)));

    private static Deviation Announced(string name, string expected, Func<Scene, Announcement, Announcement> alter) =>
        new(name, "C2", "threat-model.md, C2 and C9", Phase, expected, scene => scene.AlterAnnouncement("unmask-request", list => alter(scene, list)));

    /// <summary>Every signature is the accomplice's, whoever it is said to be of.</summary>
    private static IEnumerable<QuorumSignature> Impersonated(Scene scene, UnmaskRequest request)
    {
        QuorumSignature own = scene.Confirmations(scene.RoundOf(1), request.SurvivorListDigest, request.SurvivorEntryIndex).First(s => s.Signer == HostileConsortium.AccompliceIndex);
        return Enumerable.Range(0, scene.Plan.Clients).Select(i => own with { Signer = i });
    }

    /// <summary>Two survivor lists in one round: the full one and one without a client. The server then asks the victim for shares on one of them.</summary>
    /// <param name="name">Name.</param>
    /// <param name="expected">Code.</param>
    /// <param name="source">Source.</param>
    /// <param name="victimSeesFull">Which list the victim signs.</param>
    /// <param name="certifiesFull">Which list the request is for.</param>
    /// <param name="others">How many of the other clients (the first ones) see the full list.</param>
    /// <param name="pad">Whether signatures over the other list fill the certificate up.</param>
    /// <param name="shortBy">How many clients the short list leaves out.</param>
    /// <param name="names">Whether the request names those as dropped.</param>
    private static Deviation Split(string name, string expected, string source, bool victimSeesFull, bool certifiesFull, int others, bool pad, int shortBy = 1, bool names = true) =>
        new(name, "C2", source, Phase, expected, scene =>
        {
            scene.Swallow("confirmations", scene.IsAnyone);
            bool SeesFull(Identifier client) => scene.IsVictim(client) ? victimSeesFull : scene.Consortium.Clients.Take(others).Any(c => c.Id == client);
            scene.Invent("survivors", round => Listed(scene, round, 0), isDecisive: false, SeesFull);
            scene.Invent("survivors", round => Listed(scene, round, shortBy), isDecisive: false, client => !SeesFull(client));
            scene.Invent("unmask-request", round => Requested(scene, round, certifiesFull ? 0 : shortBy, pad ? shortBy : null, names));
        });

    private static byte[]? Listed(Scene scene, Identifier round, int shortBy) =>
        ListOf(scene, round, shortBy) is { } list ? scene.Announce(EventType.SurvivorsListed, round, list.Encode(), Lists.LaterIndex).Encode() : null;

    private static SurvivorList? ListOf(Scene scene, Identifier round, int shortBy)
    {
        SurvivorUpload[] uploads = scene.Uploads(round);
        return uploads.Length < scene.Plan.Clients
            ? null
            : new SurvivorList(scene.CohortDigest(round), ((Upload)scene.SentBy(round, "uploads", scene.VictimId)!.Body).DealersDigest, [.. uploads.SkipLast(shortBy)]);
    }

    private static byte[]? Requested(Scene scene, Identifier round, int shortBy, int? padWith, bool names)
    {
        // A list below the least gets no honest signature, so nobody waits for one.
        int wanted = shortBy > 1 ? 1 : scene.Plan.Clients - 1;
        if (scene.Sent(round, "confirmations").Length < wanted || ListOf(scene, round, shortBy) is not { } list)
            return null;
        Digest digest = Digest.Of(list.Encode());
        List<QuorumSignature> certificate = [.. scene.Confirmations(round, digest, Lists.LaterIndex)];
        if (padWith is { } otherBy)
        {
            Digest other = Digest.Of(ListOf(scene, round, otherBy)!.Encode());
            certificate.AddRange(scene.Confirmations(round, other, Lists.LaterIndex).Where(s => certificate.TrueForAll(c => c.Signer != s.Signer)));
            certificate.Sort((one, another) => one.Signer.CompareTo(another.Signer));
        }

        UnmaskRequest request = new(scene.CohortDigest(round), digest, Lists.LaterIndex, [.. Enumerable.Range(0, scene.Plan.Clients).Skip(names ? scene.Plan.Clients - shortBy : scene.Plan.Clients)], certificate);
        return scene.Announce(EventType.UnmaskRequested, round, request.Encode(), Lists.LaterIndex + Lists.Step).Encode();
    }
}
