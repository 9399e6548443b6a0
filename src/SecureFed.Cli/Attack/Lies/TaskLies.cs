using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lies before any round: the connection, the roster, the task and the model.</summary>
internal static class TaskLies
{
    public static IEnumerable<Deviation> All =>
    [
        new("impostor-certificate", "C7", "threat-model.md, E5", "connect", ErrorCodes.ServerUnreachable, scene => scene.Victim.CertificatePin = new string('0', 64))
        {
            Obstacle = "it ends in the TLS handshake, so nothing reaches the server that it could judge by",
        },
        new("redirected-elsewhere", "C7", "threat-model.md, E5", "connect", ErrorCodes.RosterUntrusted, scene =>
            scene.Add(new Lie(false, "roster", scene.IsVictim, _ => Task.FromResult<Reply?>(new Reply(307, [], "text/plain"))))),
        Roster("roster-signed-by-the-server", ErrorCodes.RosterUntrusted, c => Protocol.Identity.Roster.Create(3, c.Entries(), c.Server.Key).Bytes),
        Roster("roster-rolled-back", ErrorCodes.RosterUntrusted, c => c.SignRoster(1, c.Entries()).Bytes),
        Roster("roster-rekeys-the-victim", ErrorCodes.NotEnrolled, c =>
            c.SignRoster(2, c.Entries().Select(e => e.Id == c.Victim.Id ? e with { PublicKey = c.Stranger.Key.PublicKey } : e)).Bytes),
        Roster("roster-demotes-the-victim", ErrorCodes.NotEnrolled, c =>
            c.SignRoster(2, c.Entries().Select(e => e.Id == c.Victim.Id ? e with { Role = RosterRole.Auditor } : e)).Bytes),
        new("task-malformed", "C6", "issue 3", "task", ErrorCodes.InvalidParameters, scene => scene.Alter("parameters", bytes => [.. bytes, 0])),
        Parameters("task-of-another-name", ErrorCodes.InvalidParameters, (scene, task) => task with { TaskId = scene.VictimId }),
        Parameters("task-allows-tiny-cohorts", ErrorCodes.PolicyViolated, (_, task) => task with { Cohort = task.Cohort with { Least = 3, DeltaDrop = ExactDecimal.Zero } }),
        Parameters("task-raises-the-organisation-cap", ErrorCodes.PolicyViolated, (_, task) => task with { Cohort = task.Cohort with { OrganisationCap = 3, DeltaDrop = ExactDecimal.Zero } }),
        Parameters("task-assumes-nobody-corrupt", ErrorCodes.PolicyViolated, (_, task) => task with { Cohort = task.Cohort with { Gamma = ExactDecimal.Zero } }),
        Parameters("task-allows-mass-dropout", ErrorCodes.PolicyViolated, (_, task) => task with { Cohort = task.Cohort with { Least = 20, Greatest = 20, DeltaDrop = ExactDecimal.From(0.3m) } }),
        Parameters("task-trusts-the-server", ErrorCodes.PolicyViolated, (_, task) => task with { Cohort = task.Cohort with { ServerClass = ServerClass.Curious } }),
        Parameters("task-trains-another-model", ErrorCodes.PolicyViolated, (scene, task) => task with
        {
            Model = scene.Plan.IsLinear
                ? new ModelSpecification(TaskModelKind.Vector, 2, [], null, 0)
                : new ModelSpecification(TaskModelKind.Linear, 2, [new FeatureSpecification("x", 0, 1)], new FeatureSpecification("y", 0, 1), 0),
        }),
        new("task-without-noise", "C4", "Ngo et al. 2024", "task", ErrorCodes.PolicyViolated, scene =>
        {
            scene.Victim.Policy = policy => policy with { RequiresNoise = true };
            scene.Alter("parameters", bytes => bytes);
        }),
        new("task-without-cross-round-guard", "C4", "So et al. 2021; Lam et al. 2021", "task", ErrorCodes.PolicyViolated, scene =>
        {
            scene.Victim.Policy = policy => policy with { LeastDifference = 2 };
            scene.Alter("parameters", bytes => Decode(bytes, task => task with { Cohort = task.Cohort with { LeastDifference = 0 } }));
        }),
        Parameters("task-cuts-the-cohort-into-leaves", ErrorCodes.PolicyViolated, (_, task) => task with { Cohort = task.Cohort with { Least = 20, Greatest = 20, Leaves = 4, Gamma = ExactDecimal.From(0.01m), DeltaDrop = ExactDecimal.Zero } }),
        new("task-changed-after-the-check", "C2", "Pasquini et al. 2021", "advertise", ErrorCodes.InvalidParameters, scene =>
            scene.Alter("parameters", bytes => Decode(bytes, t => t with { Training = t.Training with { LocalEpochs = 1_000 } }))),
        new("model-does-not-hash", "C2", "Pasquini et al. 2021", "advertise", ErrorCodes.ModelMismatch, scene =>
            scene.Alter("model", _ => Poisoned(TaskPlan.Length).Encode())),
        new("model-of-another-length", "C6", "Pasquini et al. 2021", "advertise", ErrorCodes.ModelMismatch, scene =>
        {
            Publish(scene, Poisoned(TaskPlan.Length + 1));
            scene.Swallow("keys", scene.IsVictim);
        }),
        new("model-not-finite", "C6", "Pasquini et al. 2021", "advertise", ErrorCodes.ModelMismatch, scene =>
        {
            byte[] model = Poisoned(TaskPlan.Length).Encode();
            BitConverter.TryWriteBytes(model.AsSpan(5), 0xFF7FL); // 7FFF… big-endian: the first coordinate is no number.
            PublishBytes(scene, model);
        }),
    ];

    /// <summary>A model of the server's choice for the victim alone.</summary>
    public static ModelState Poisoned(int length) => new([.. Enumerable.Repeat(1e6, length)], [], [], 0, [], 0, [], []);

    /// <summary>The victim's opening names this model, and the server hands it out.</summary>
    public static void Publish(Scene scene, ModelState model) => PublishBytes(scene, model.Encode());

    private static void PublishBytes(Scene scene, byte[] model)
    {
        scene.AlterAnnouncement("opening", opening => opening with
        {
            Entry = scene.Entry(new TaskEvent.RoundOpened(Scene.OpeningOf(opening) with { ModelDigest = Digest.Of(model) }), opening.Entry.Index),
        });
        scene.Invent("model", _ => model);
    }

    private static Deviation Roster(string name, string expected, Func<HostileConsortium, ReadOnlyMemory<byte>> make) =>
        new(name, "C4", "DESIGN, section 2; Pasquini et al. 2021", "connect", expected, scene => scene.Alter("roster", _ => make(scene.Consortium).ToArray()));

    private static Deviation Parameters(string name, string expected, Func<Scene, TaskParameters, TaskParameters> alter) =>
        new(name, "C4", "DESIGN, section 2", "task", expected, scene => scene.Alter("parameters", bytes => Decode(bytes, task => alter(scene, task))));

    private static byte[] Decode(byte[] bytes, Func<TaskParameters, TaskParameters> alter) =>
        TaskParameters.TryDecode(bytes, out TaskParameters? task) ? alter(task!).Encode() : throw new InvalidOperationException("The genuine server sent no task.");
}
