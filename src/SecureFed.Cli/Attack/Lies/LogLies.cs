using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lies in the log itself: what is announced does not stand in it, or it is not the one that the victim was shown before.</summary>
internal static class LogLies
{
    private const string Source = "RFC 9162, section 2.1; DESIGN, section 6";
    private const string Fork = "C2SP tlog-checkpoint; DESIGN, section 6";

    public static IEnumerable<Deviation> All =>
    [
        new("opening-without-a-proof", "C9", Source, "advertise", ErrorCodes.InvalidMessage, scene =>
            scene.Alter("opening", bytes => bytes, isProven: true)),
        Proven("shadow-round", "opening", "advertise", ErrorCodes.LogProofInvalid, Source, (scene, opening, known) =>
            scene.VictimLog.Prove(opening, known) with { Announcement = opening with { Entry = scene.Entry(RestartLies.Salted(opening), opening.Entry.Index) } }),
        Proven("proof-of-another-entry", "opening", "advertise", ErrorCodes.LogProofInvalid, Source, (scene, opening, known) =>
            scene.VictimLog.Prove(opening, known) with { Proof = scene.VictimLog.ProofOf(opening.Entry.Index - 1, known) }),
        Proven("checkpoint-of-another-key", "opening", "advertise", ErrorCodes.CheckpointUntrusted, Source, (scene, opening, known) =>
            new ShadowLog(scene.Logs.Origin, scene.Consortium.Accomplice.Key).Prove(opening, known)),
        Proven("checkpoint-of-another-task", "opening", "advertise", ErrorCodes.CheckpointUntrusted, Source, (scene, opening, known) =>
            new ShadowLog(LogOrigin.Of(scene.Consortium.Server.Key.PublicKey.Span, scene.VictimId), scene.Consortium.Server.Key).Prove(opening, known)),
        Proven("consistency-from-another-size", "keys", "share", ErrorCodes.HistoryRewritten, Source, (scene, cohort, known) =>
            scene.VictimLog.Prove(cohort, known - 1)) with { KeepsEvidence = true },
        Proven("two-trees-of-one-size", "survivors", "confirm", ErrorCodes.HistoryRewritten, Fork, (scene, list, known) =>
            scene.Logs.New().Prove(Moved(scene, list, known - 1), known)) with { KeepsEvidence = true },
        Proven("tree-that-does-not-continue", "survivors", "confirm", ErrorCodes.HistoryRewritten, Fork, (scene, list, known) =>
            scene.Logs.New().Prove(list, known)) with { KeepsEvidence = true },
        Proven("log-rolled-back", "survivors", "confirm", ErrorCodes.HistoryRewritten, Fork, (scene, list, known) =>
            scene.Logs.New().Prove(Moved(scene, list, known - 2), known)) with { KeepsEvidence = true },
        Proven("log-rolled-back-between-rounds", "opening", "advertise", ErrorCodes.HistoryRewritten, Fork, (scene, opening, known) =>
            scene.Logs.New().Prove(Moved(scene, opening, known - 2), known), number: 2) with { KeepsEvidence = true },
        Stalling("stalls-on-a-shorter-log", _ => 2),
        Stalling("stalls-on-another-tree-of-one-size", known => known),
        Stalling("stalls-on-a-longer-tree-that-does-not-continue", known => known + 1),
        new("upload-not-in-the-log", "C9", Source, "confirm", ErrorCodes.LogProofInvalid, scene =>
        {
            // Acknowledged, but what the victim is shown in its place is another entry.
            scene.Add(new Lie(true, "uploads", scene.IsVictim, async telling => await telling.Genuine() with { IsProven = true }) { IsDecisive = false });
            scene.Alter("receipt", bytes => bytes);
        }),
        Proven("upload-at-another-index", "receipt", "confirm", ErrorCodes.HistoryRewritten, Source, (scene, receipt, known) =>
            scene.VictimLog.Prove(Moved(scene, receipt, scene.VictimLog.NextFree), known)),
        Proven("unmask-request-not-in-the-log", "unmask-request", "unmask", ErrorCodes.LogProofInvalid, Source, (scene, request, known) =>
        {
            ulong survivors = scene.Published(scene.RoundOf(1), "survivors").Entry.Index;
            return new ProvenAnnouncement(Moved(scene, request, survivors), scene.VictimLog.ProofOf(survivors, known));
        }),
        Proven("history-forked-between-rounds", "opening", "advertise", ErrorCodes.HistoryRewritten, Fork, (scene, opening, known) =>
            scene.Logs.New().Prove(opening, known), number: 2) with { KeepsEvidence = true },
    ];

    private static Deviation Proven(
        string name, string part, string phase, string expected, string source, Func<Scene, Announcement, ulong, ProvenAnnouncement> prove, int number = 1) =>
        new(name, "C9", source, phase, expected, scene =>
        {
            scene.Plan = scene.Plan with { Rounds = number };
            scene.AlterProof(part, (announcement, known) => prove(scene, announcement, known), number);
        });

    /// <summary>The server does not answer, and shows another history meanwhile: checkpoint and tiles.</summary>
    /// <param name="name">Name.</param>
    /// <param name="size">Entries of that history, from those that the victim knows.</param>
    private static Deviation Stalling(string name, Func<ulong, ulong> size) => new(name, "C9", Fork, "confirm", ErrorCodes.HistoryRewritten, scene =>
    {
        ShadowLog other = scene.Logs.New();
        ulong known = 0;
        scene.Add(new Lie(false, "survivors", scene.IsVictim, telling =>
        {
            known = telling.Exchange.Known;
            return Task.FromResult<Reply?>(new Reply(202, []));
        })
        {
            IsDecisive = false,
        });

        // Not before the victim waits: what it asks for earlier is the history that it is held to.
        scene.Add(new Lie(false, "checkpoint", scene.IsVictim, _ => Task.FromResult(known == 0 ? null : Reply.Ok(other.ProofOf(size(known) - 1, 0).Checkpoint.ToArray()))));
        scene.Add(new Lie(false, "tile", scene.IsVictim, telling => Task.FromResult(telling.Exchange.Tile is { } tile && other.Tile(tile) is { } hashes ? Reply.Ok(hashes) : null)) { IsDecisive = false });
    })
    {
        KeepsEvidence = true,
    };

    /// <summary>The same entry, signed for another index.</summary>
    private static Announcement Moved(Scene scene, Announcement announcement, ulong index) => announcement with
    {
        Entry = SignedEntry.Sign(scene.TaskId, index, announcement.Entry.Bytes, scene.Consortium.Server.Key),
    };
}
