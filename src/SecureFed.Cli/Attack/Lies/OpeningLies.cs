using System.Text;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lies about the opening of a round: what is asked, of whom, and on which model.</summary>
internal static class OpeningLies
{
    private const string Phase = "advertise";
    private static readonly Digest Elsewhere = Digest.Of("elsewhere"u8);

    public static IEnumerable<Deviation> All =>
    [
        Altered("opening-forged-signature", "C2", "Bonawitz et al. 2017, section 6.2", ErrorCodes.ServerUntrusted, (scene, opening) =>
            opening with { Entry = scene.Entry(new TaskEvent.RoundOpened(Scene.OpeningOf(opening)), opening.Entry.Index, scene.Consortium.Accomplice.Key) }),
        Altered("opening-index-shifted", "C9", "threat-model.md, C9", ErrorCodes.ServerUntrusted, (_, opening) =>
            opening with { Entry = opening.Entry with { Index = opening.Entry.Index + 1 } }),
        Altered("opening-of-another-task", "C2", "threat-model.md, C2", ErrorCodes.ServerUntrusted, (scene, opening) =>
            opening with { Entry = SignedEntry.Sign(scene.TaskId, opening.Entry.Index, new LogEntry(Scene.OpeningOf(opening).RoundId, new TaskEvent.RoundOpened(Scene.OpeningOf(opening))).Encode(), scene.Consortium.Server.Key) }),
        Altered("opening-is-another-event", "C2", "threat-model.md, C2", ErrorCodes.ServerUntrusted, (scene, opening) =>
            opening with { Entry = scene.Entry(new TaskEvent.TaskFinished(""), opening.Entry.Index) }),
        new("round-replayed", "C5", "issue 3; So et al. 2021", Phase, ErrorCodes.RoundReplayed, scene =>
        {
            scene.Plan = scene.Plan with { Rounds = 2 };
            scene.Alter("opening", _ => scene.Published(scene.RoundOf(1), "opening").Encode(), number: 2);
        }),
        Rounded("round-number-beyond-the-schedule", "C5", "threat-model.md, R3", ErrorCodes.InvalidParameters, round => round with { Number = 1_000 }),
        Rounded("another-tasks-parameters", "C2", "DESIGN, section 3 (openDigest)", ErrorCodes.InvalidParameters, round => round with { TaskDigest = Elsewhere }),
        Rounded("another-roster", "C4", "DESIGN, section 2", ErrorCodes.RosterUntrusted, round => round with { RosterDigest = Elsewhere }),
        Enrolled("older-roster-brought-back", c => c.SignRoster(1, c.Entries())),
        Enrolled("second-roster-of-one-number", c => c.SignRoster(2, c.Entries().SkipLast(1))),
        Enrolled("roster-of-the-server-in-mid-task", c => Roster.Create(3, c.Entries(), c.Server.Key)),
        Rounded("tiny-cohort", "C4", "issue 3; Bonawitz et al. 2017, section 6.2", ErrorCodes.InvalidParameters, round => round with { Cohort = round.Cohort with { Least = 3, Greatest = 3 } }),
        Rounded("more-dropouts-allowed", "C4", "Pasquini et al. 2021", ErrorCodes.InvalidParameters, round => round with { Cohort = round.Cohort with { DeltaDrop = ExactDecimal.From(0.5m) } }),
        Rounded("fewer-corrupt-assumed", "C4", "Bell et al. 2020, section 3", ErrorCodes.InvalidParameters, round => round with { Cohort = round.Cohort with { Gamma = ExactDecimal.Zero } }),
        Rounded("fewer-organisations-claimed", "C4", "DESIGN, section 3 (c)", ErrorCodes.InvalidParameters, round => round with { Cohort = round.Cohort with { Organisations = 1 } }),
        Rounded("curious-class-claimed", "C4", "DESIGN, section 3 (class curious)", ErrorCodes.InvalidParameters, round => round with { Cohort = round.Cohort with { ServerClass = ServerClass.Curious } }),
        Rounded("clip-norm-changed-for-one", "C2", "issue 3; Pasquini et al. 2021", ErrorCodes.InvalidParameters, round => round with
        {
            Layout = new UpdateLayout([round.Layout.Segments[0] with { ClipNorm = 1_000 }, .. round.Layout.Segments.Skip(1)], round.Layout.RingBits),
        }),
        Rounded("scale-changed-for-one", "C2", "issue 3", ErrorCodes.InvalidParameters, round => round with
        {
            Layout = new UpdateLayout([round.Layout.Segments[0] with { ScaleExponent = 2 }, .. round.Layout.Segments.Skip(1)], round.Layout.RingBits),
        }),
        Rounded("ring-shrunk", "C3", "threat-model.md, C3", ErrorCodes.InvalidParameters, round => round with { Layout = new UpdateLayout(round.Layout.Segments, 31) }),
        Rounded("kind-not-in-the-schedule", "C2", "threat-model.md, C2", ErrorCodes.InvalidParameters, round => round with { Kind = RoundKind.Evaluate }),
        new("opening-truncated", "C6", "issue 3", Phase, ErrorCodes.InvalidMessage, scene => scene.Garble("opening", bytes => bytes[..^1])),
        new("opening-with-trailing-bytes", "C6", "issue 3 (non-canonical)", Phase, ErrorCodes.InvalidMessage, scene => scene.Garble("opening", bytes => [.. bytes, 0])),
        new("opening-claims-four-gigabytes", "C6", "issue 3 (oversized)", Phase, ErrorCodes.InvalidMessage, scene => scene.Garble("opening", bytes => [.. bytes[..^4], 255, 255, 255, 255])),
        new("opening-oversized", "C6", "issue 3 (oversized)", Phase, ErrorCodes.InvalidMessage, scene => scene.Garble("opening", bytes => [.. bytes, .. new byte[8 << 20]])),
        new("round-view-malformed", "C6", "issue 3", Phase, ErrorCodes.InvalidMessage, scene =>
            scene.Alter("task", bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("\"roundId\":\"", "\"roundId\":\"x", StringComparison.Ordinal)))),
    ];

    private static Deviation Altered(string name, string claim, string source, string expected, Func<Scene, Announcement, Announcement> alter) =>
        new(name, claim, source, Phase, expected, scene => scene.AlterAnnouncement("opening", opening => alter(scene, opening)));

    /// <summary>The round names a roster that the victim must not follow, and the server hands it out when the victim asks again.</summary>
    private static Deviation Enrolled(string name, Func<HostileConsortium, Roster> make) =>
        new(name, "C4", "DESIGN, section 2; Pasquini et al. 2021", Phase, ErrorCodes.RosterUntrusted, scene =>
        {
            Roster roster = make(scene.Consortium);
            scene.AlterAnnouncement("opening", opening =>
                opening with { Entry = scene.Entry(new TaskEvent.RoundOpened(Scene.OpeningOf(opening) with { RosterDigest = roster.Digest }), opening.Entry.Index) });
            scene.Alter("roster", _ => roster.Bytes.ToArray(), after: 1);
        });

    /// <summary>Another round than the one that the others are shown, signed by the genuine server.</summary>
    private static Deviation Rounded(string name, string claim, string source, string expected, Func<RoundParameters, RoundParameters> alter) =>
        Altered(name, claim, source, expected, (scene, opening) =>
            opening with { Entry = scene.Entry(new TaskEvent.RoundOpened(alter(Scene.OpeningOf(opening))), opening.Entry.Index) });
}
