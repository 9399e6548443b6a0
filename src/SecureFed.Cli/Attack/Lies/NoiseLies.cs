using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Cli.Attack.Lies;

/// <summary>Lies about noise and budget: what a sum may tell.</summary>
internal static class NoiseLies
{
    private const string Claim = "C10";
    private const string Kairouz = "Kairouz et al. 2021, section 5";

    public static IEnumerable<Deviation> All =>
    [
        Opening("noise-left-out", Kairouz, _ => null),
        Opening("noise-lowered", Kairouz, noise => noise with { NoiseMultiplier = noise.NoiseMultiplier / 10 }),
        Opening("round-charged-too-little", "Rogers et al. 2016", noise => noise with { Charge = 0 }),
        Task("task-noise-below-its-charge", ErrorCodes.InvalidParameters, privacy => privacy with { Releases = [privacy.Releases[0] with { NoiseMultiplier = privacy.Releases[0].NoiseMultiplier / 2 }] }),
        Task("task-overspends-its-budget", ErrorCodes.InvalidParameters, privacy => privacy with { Epsilon = privacy.Epsilon / 2 }),
        Task("task-switches-noise-off", ErrorCodes.PolicyViolated, _ => PrivacySpecification.None),
        Limited("task-epsilon-above-the-policy", ErrorCodes.PolicyViolated, limits => limits with { GreatestEpsilon = 1 }),
        Limited("task-noise-below-the-policy", ErrorCodes.PolicyViolated, limits => limits with { LeastNoiseMultiplier = 1_000 }),
        Limited("data-set-overspent", ErrorCodes.BudgetExhausted, limits => limits with { ClientTotalEpsilon = 1 }) with { Phase = "advertise" },
    ];

    /// <summary>Another noise than the task's, signed by the genuine server for the victim alone.</summary>
    private static Deviation Opening(string name, string source, Func<RoundNoise, RoundNoise?> alter) =>
        new(name, Claim, source, "advertise", ErrorCodes.InvalidParameters, scene =>
        {
            SwitchOn(scene);
            scene.AlterAnnouncement("opening", opening =>
            {
                RoundParameters round = Scene.OpeningOf(opening);
                return opening with { Entry = scene.Entry(new TaskEvent.RoundOpened(round with { Noise = alter(round.Noise!) }), opening.Entry.Index) };
            });
        });

    private static Deviation Task(string name, string expected, Func<PrivacySpecification, PrivacySpecification> alter) =>
        new(name, Claim, "DESIGN, section 5", "task", expected, scene =>
        {
            SwitchOn(scene);
            scene.Alter("parameters", bytes => TaskParameters.TryDecode(bytes, out TaskParameters? task)
                ? (task! with { Privacy = alter(task.Privacy) }).Encode()
                : throw new InvalidOperationException("The genuine server's parameters are malformed."));
        });

    /// <summary>The task is honest about asking for more than this client gives.</summary>
    private static Deviation Limited(string name, string expected, Func<PrivacyLimits, PrivacyLimits> limit) =>
        new(name, Claim, "DESIGN, section 5", "task", expected, scene =>
        {
            SwitchOn(scene);
            scene.Victim.Policy = policy => policy with { RequiresNoise = true, Privacy = limit(PrivacyLimits.Default) };
            scene.Alter("parameters", bytes => bytes);
        });

    private static void SwitchOn(Scene scene)
    {
        scene.Plan = scene.Plan with { Privacy = new PrivacyDefinition { Unit = PrivacyUnit.Client, Epsilon = 4 } };
        scene.Victim.Policy = policy => policy with { RequiresNoise = true };
    }
}
