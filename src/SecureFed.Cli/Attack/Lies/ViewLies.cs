using System.Text;
using System.Text.Json.Nodes;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>The victim gets a consistent round of its own: another model, another task, another cohort; and lies that span rounds.</summary>
internal static class ViewLies
{
    public static IEnumerable<Deviation> All =>
    [
        new("another-model-for-one-client", "C2", "Pasquini et al. 2021 (model inconsistency)", "share", ErrorCodes.InvalidCohort, scene =>
        {
            TaskLies.Publish(scene, TaskLies.Poisoned(TaskPlan.Length));
            OwnCohort(scene);
        }),
        new("another-clip-norm-for-one-client", "C2", "issue 3; Pasquini et al. 2021", "share", ErrorCodes.InvalidCohort, scene =>
        {
            TaskParameters? task = null;
            scene.Alter("parameters", bytes =>
            {
                task = TaskParameters.TryDecode(bytes, out TaskParameters? genuine) ? WiderClip(genuine!) : null;
                return task!.Encode();
            });
            scene.AlterAnnouncement("opening", opening => opening with { Entry = scene.Entry(OpenedFor(task!, opening), opening.Entry.Index) });
            OwnCohort(scene);
        }),
        new("split-cohort-views", "C2", "issue 3; Bonawitz et al. 2017, section 6.2", "confirm", ErrorCodes.InvalidSurvivors, SplitCohort),
        new("reused-round-id", "C5", "issue 3", "share", ErrorCodes.InvalidCohort, ReuseRoundId),
        new("view-names-another-round", "C2", "threat-model.md, C2", "advertise", ErrorCodes.HistoryRewritten, scene =>
            scene.AlterAnnouncement("opening", opening => opening with
            {
                Entry = scene.Entry(new TaskEvent.RoundOpened(Scene.OpeningOf(opening) with { RoundId = scene.VictimId }), opening.Entry.Index),
            })),
        new("says-aborted-after-the-upload", "C5", "threat-model.md, R3; So et al. 2021", "confirm", ErrorCodes.OutcomeUnknown, scene =>
            scene.Add(new Lie(false, "survivors", scene.IsVictim, _ => Task.FromResult<Reply?>(
                new Reply(409, "{\"code\":\"round-aborted\",\"detail\":\"Contribute the same again.\"}"u8.ToArray(), "application/problem+json"))))),
        new("certificate-from-another-round", "C2", "issue 3; So et al. 2021", "unmask", ErrorCodes.InvalidCertificate, scene =>
        {
            scene.Plan = scene.Plan with { Rounds = 2 };
            scene.AlterAnnouncement(
                "unmask-request",
                list => scene.Announce(
                    EventType.UnmaskRequested,
                    Lists.RoundOf(list),
                    (Lists.Request(list.Blob) with { Certificate = Lists.Request(scene.Published(scene.RoundOf(1), "unmask-request").Blob).Certificate }).Encode(),
                    list.Entry.Index),
                number: 2);
        }),
        new("survivors-differ-by-one", "C2", "So et al. 2021; Lam et al. 2021", "confirm", ErrorCodes.SurvivorsTooSimilar, scene =>
        {
            scene.Plan = scene.Plan with { Rounds = 2 };
            scene.AlterAnnouncement("survivors", list => scene.Announce(EventType.SurvivorsListed, Lists.RoundOf(list), RestartLies.Shorter(list), list.Entry.Index), number: 2);
        }),
        new("model-comes-back", "C5", "So et al. 2021; Lam et al. 2021", "advertise", ErrorCodes.RoundRepeated, scene =>
        {
            // Another model in between does not make the first one new: the sums of rounds 1 and 3 could be subtracted.
            scene.Plan = scene.Plan with { Rounds = 3 };
            scene.AlterAnnouncement(
                "opening",
                opening => opening with
                {
                    Entry = scene.Entry(new TaskEvent.RoundOpened(Scene.OpeningOf(opening) with { ModelDigest = scene.Round(scene.RoundOf(1)).ModelDigest }), opening.Entry.Index),
                },
                number: 3);
        }),
        new("round-repeated-on-one-model", "C5", "So et al. 2021; Lam et al. 2021", "advertise", ErrorCodes.RoundRepeated, scene =>
        {
            // The shares are out, the server says that the round failed, and asks for the same numbers again.
            scene.Plan = scene.Plan with { Rounds = 2 };
            scene.Swallow("unmask", scene.IsAnyone, telling =>
            {
                if (scene.IsVictim(telling.Exchange.Client))
                    _ = scene.Server.Operator.AbortRoundAsync(scene.TaskId, telling.Exchange.Round!.Value, CancellationToken.None);
            });
            scene.AlterAnnouncement("opening", opening => opening, number: 2);
        }),
    ];

    /// <summary>A second round under the first one's identifier, with what the others sent in the first.</summary>
    private static void ReuseRoundId(Scene scene)
    {
        scene.Plan = scene.Plan with { Rounds = 2 };
        Digest model = default;
        scene.Alter("task", bytes =>
        {
            JsonNode view = JsonNode.Parse(bytes)!;
            if (view["round"] is not { } round || round["number"]!.GetValue<int>() < 2)
                return bytes;
            model = Digest.TryParse(view["modelDigest"]!.GetValue<string>(), out Digest current) ? current : default;
            round["roundId"] = scene.RoundOf(1).ToString();
            return Encoding.UTF8.GetBytes(view.ToJsonString());
        });
        scene.AlterAnnouncement(
            "opening",
            opening => opening with { Entry = scene.Entry(new TaskEvent.RoundOpened(Scene.OpeningOf(opening) with { Number = 2, ModelDigest = model }), Lists.LaterIndex - Lists.Step) },
            after: 1);
        int advertised = 0;
        scene.Add(new Lie(true, "keys", scene.IsVictim, telling => Task.FromResult(
            advertised++ > 0 ? Reply.Created(scene.Receipt(scene.VictimId, scene.RoundOf(1), EventType.KeysAdvertised, telling.Body)) : null))
        {
            IsDecisive = false,
        });
        scene.Alter("keys", _ => CohortOf(scene, scene.RoundOf(1), scene.RoundOf(1), scene.SentBy(scene.RoundOf(1), "keys", scene.VictimId)!)!, after: 1);
    }

    /// <summary>The victim's advertisement reaches only the server, which lists it with the others' genuine ones.</summary>
    private static void OwnCohort(Scene scene)
    {
        scene.Swallow("keys", scene.IsVictim);
        scene.Invent("keys", round => scene.SentBy(round, "keys", scene.VictimId) is { } own ? CohortOf(scene, round, round, own) : null);
    }

    /// <summary>A cohort of the victim's advertisement and those that the others made for a round; null until they are all there.</summary>
    private static byte[]? CohortOf(Scene scene, Identifier round, Identifier othersRound, SignedMessage own)
    {
        SignedMessage[] others = [.. scene.Sent(othersRound, "keys").Where(m => m.Header.Sender != scene.VictimId)];
        if (others.Length < scene.Plan.Clients - 1)
            return null;
        CohortThresholds thresholds = CohortThresholds.TryDerive(scene.Round(othersRound).Cohort, others.Length + 1, out _)!;
        CohortList list = new(own.Header.Binding, [.. others.Append(own).OrderBy(m => m.Header.Sender).Select(m => m.Bytes)], thresholds);
        return scene.Announce(EventType.CohortPublished, round, list.Encode(), Lists.LaterIndex).Encode();
    }

    /// <summary>Seven clients: the victim is told of a cohort of six, the others of all seven, and the server plays both rounds at once.</summary>
    private static void SplitCohort(Scene scene)
    {
        scene.Plan = scene.Plan with { Clients = 7, GraceMilliseconds = 1_200 };
        byte[] cohort = [];
        scene.AlterAnnouncement("keys", list =>
        {
            CohortList genuine = CohortLies.Decode(list.Blob);
            ReadOnlyMemory<byte>[] six = [.. genuine.Advertisements.SkipLast(1)];
            cohort = CohortLies.Of(genuine, six, scene.Round(Lists.RoundOf(list)).Cohort).Encode();
            return scene.Announce(EventType.CohortPublished, Lists.RoundOf(list), cohort, Lists.LaterIndex);
        });
        scene.Swallow("shares", scene.IsVictim);
        scene.Swallow("uploads", scene.IsVictim);
        scene.Invent("shares", round =>
        {
            Announcement dealers = scene.Announce(EventType.DealersListed, round, new DealersList(Digest.Of(cohort), [.. Enumerable.Range(0, 6)]).Encode(), Lists.LaterIndex + Lists.Step);
            return new Inbox(dealers, []).Encode();
        });
        scene.Invent("survivors", round =>
        {
            SurvivorUpload[] uploads = scene.Uploads(round);
            if (uploads.Length < 7)
                return null;
            SurvivorList list = new(Digest.Of(cohort), ((Upload)scene.SentBy(round, "uploads", scene.VictimId)!.Body).DealersDigest, [.. uploads.Take(6)]);
            return scene.Announce(EventType.SurvivorsListed, round, list.Encode(), Lists.LaterIndex + 2 * Lists.Step).Encode();
        });
    }

    private static TaskParameters WiderClip(TaskParameters task) => task with
    {
        Training = task.Training with { ClipNorm = 2 * task.Training.ClipNorm },
        Shapes = [.. task.Shapes.Select(s => s with { Segments = [s.Segments[0] with { ClipNorm = 2 * s.Segments[0].ClipNorm }, .. s.Segments.Skip(1)] })],
    };

    private static TaskEvent.RoundOpened OpenedFor(TaskParameters task, Announcement opening)
    {
        RoundParameters round = Scene.OpeningOf(opening);
        UpdateLayout layout = task.LayoutOf(round.Kind);
        return new TaskEvent.RoundOpened(round with { TaskDigest = Digest.Of(task.Encode()), Layout = layout });
    }
}
