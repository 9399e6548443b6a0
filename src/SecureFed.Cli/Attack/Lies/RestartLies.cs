using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>The server loses an answer, the client comes back with its saved state, and is told another story.</summary>
internal static class RestartLies
{
    private const string Source = "threat-model.md, C5; Bonawitz et al. 2017, section 6.2";

    public static IEnumerable<Deviation> All => Restarts.Select(deviation => deviation with
    {
        Obstacle = "the client must come back with its saved state at one certain moment",
    });

    private static IEnumerable<Deviation> Restarts =>
    [
        new("second-opening-after-restart", "C5", Source, "share", ErrorCodes.RoundReplayed, scene =>
        {
            scene.LoseAnswer("shares");
            scene.AlterAnnouncement("opening", opening => opening with { Entry = scene.Entry(Salted(opening), Lists.LaterIndex) }, after: 1);
        }),
        new("second-cohort-after-restart", "C5", Source, "share", ErrorCodes.HistoryRewritten, scene =>
        {
            scene.Plan = scene.Plan with { Clients = 7 };
            scene.LoseAnswer("shares");
            scene.AlterAnnouncement("keys", list => scene.Announce(EventType.CohortPublished, Lists.RoundOf(list), Smaller(scene, list), Lists.LaterIndex), after: 1);
        }),
        new("second-dealers-after-restart", "C5", Source, "upload", ErrorCodes.HistoryRewritten, scene =>
        {
            scene.LoseAnswer("uploads");
            scene.Alter("shares", bytes => SecondDealers(scene, Inbox.Decode(bytes)).Encode(), after: 1);
        }),
        new("second-survivors-after-restart", "C2", Source, "confirm", ErrorCodes.SecondList, scene =>
        {
            scene.Swallow("confirmations", scene.IsOther);
            scene.LoseAnswer("confirmations");
            scene.AlterAnnouncement("survivors", list => scene.Announce(EventType.SurvivorsListed, Lists.RoundOf(list), Shorter(list), Lists.LaterIndex), after: 1);
        }),
        new("same-survivors-at-a-second-index", "C9", Source, "confirm", ErrorCodes.SecondList, scene =>
        {
            scene.Swallow("confirmations", scene.IsOther);
            scene.LoseAnswer("confirmations");
            scene.AlterAnnouncement("survivors", list => scene.Announce(EventType.SurvivorsListed, Lists.RoundOf(list), list.Blob.ToArray(), Lists.LaterIndex), after: 1);
        }),
        new("task-rewritten-after-restart", "C5", "So et al. 2021; threat-model.md, R3", "task", ErrorCodes.InvalidParameters, scene =>
        {
            // The schedule bounds how many rounds a server can ask for; a longer one under the same name would lift that.
            scene.Plan = scene.Plan with { Rounds = 2 };
            scene.Victim.RestartsBetweenRounds = true;
            byte[] longer = [];
            scene.Alter("parameters", bytes => longer = Longer(bytes), after: 1);
            scene.AlterAnnouncement(
                "opening",
                opening => opening with { Entry = scene.Entry(new TaskEvent.RoundOpened(Scene.OpeningOf(opening) with { TaskDigest = Digest.Of(longer) }), opening.Entry.Index) },
                number: 2);
        }),
        Unmask("second-unmask-for-another-list", ErrorCodes.SecondList, request => request with { SurvivorListDigest = Digest.Of("another"u8) }),
        Unmask("second-unmask-for-other-dropped", ErrorCodes.InvalidCertificate, request => request with { Dropped = [0] }),
    ];

    /// <summary>The first answer does not arrive; the server asks again, for something else.</summary>
    private static Deviation Unmask(string name, string expected, Func<UnmaskRequest, UnmaskRequest> alter) => new(name, "C2", Source, "unmask", expected, scene =>
    {
        scene.Swallow("unmask", scene.IsOther);
        scene.LoseAnswer("unmask", isHandled: false);
        scene.AlterAnnouncement(
            "unmask-request",
            list => scene.Announce(EventType.UnmaskRequested, Lists.RoundOf(list), alter(Lists.Request(list.Blob)).Encode(), Lists.LaterIndex),
            after: 1);
    });

    private static byte[] Longer(byte[] parameters) => TaskParameters.TryDecode(parameters, out TaskParameters? task)
        ? (task! with { Schedule = task.Schedule with { TrainRounds = 1_000_000 } }).Encode()
        : throw new InvalidOperationException("The genuine server sent no task.");

    /// <summary>The same round but for the salt of its pseudonyms, which no client can judge.</summary>
    public static TaskEvent.RoundOpened Salted(Announcement opening) => new(Scene.OpeningOf(opening) with { PseudonymSaltDigest = Digest.Of("another"u8) });

    private static byte[] Smaller(Scene scene, Announcement list)
    {
        CohortList genuine = CohortLies.Decode(list.Blob);
        CohortBounds bounds = scene.Round(Lists.RoundOf(list)).Cohort;
        return (genuine with
        {
            Advertisements = [.. genuine.Advertisements.SkipLast(1)],
            Thresholds = CohortThresholds.TryDerive(bounds, genuine.Advertisements.Count - 1, out _)!,
        }).Encode();
    }

    private static Inbox SecondDealers(Scene scene, Inbox inbox)
    {
        DealersList genuine = DealerLies.Decode(inbox.Dealers.Blob);
        byte[] second = (genuine with { Dealers = [.. genuine.Dealers.SkipLast(1)] }).Encode();
        return inbox with { Dealers = scene.Announce(EventType.DealersListed, Lists.RoundOf(inbox.Dealers), second, Lists.LaterIndex) };
    }

    /// <summary>The genuine survivors without the last one.</summary>
    public static byte[] Shorter(Announcement list)
    {
        SurvivorList genuine = Lists.Survivors(list.Blob);
        return (genuine with { Uploads = [.. genuine.Uploads.SkipLast(1)] }).Encode();
    }
}
