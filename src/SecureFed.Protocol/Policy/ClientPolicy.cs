using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Policy;

/// <summary>What a client demands of every task and round before it reveals anything. The client does not trust the server.</summary>
/// <remarks>Checked before training, when the cohort is published and again before any unmask answer.</remarks>
/// <param name="RosterAuthorityKey">P-256 public key, 65 bytes: the only signer of rosters that is believed.</param>
/// <param name="ServerKey">P-256 public key, 65 bytes: the only signer of log entries that is believed.</param>
/// <param name="SmallestCohort">Fewest clients in a cohort; smaller hides less.</param>
/// <param name="LeastSurvivors">Fewest survivors in a sum.</param>
/// <param name="GreatestClientsPerOrganisation">x: organisation cap that the client accepts at most.</param>
/// <param name="LeastGamma">The task must assume at least this fraction of colluding organisations.</param>
/// <param name="GreatestDeltaDrop">The task may allow at most this fraction of dropouts.</param>
/// <param name="AllowsCuriousServer">Opt-in to the weaker adversary class.</param>
/// <param name="RequiresNoise">True refuses rounds without differential-privacy noise.</param>
/// <param name="Protections">Allowed protections.</param>
/// <param name="Models">Allowed kinds of model.</param>
/// <param name="LeastDifference">m: without noise, the task's cross-round guard must demand at least this difference between the survivors of two rounds; 0 demands no guard.</param>
/// <param name="LeastRosterSequence">Oldest roster that is accepted; raise it when an identity was removed.</param>
/// <param name="Privacy">Limits of budgets and noise, also those that the client's own ledger enforces.</param>
/// <param name="Witnesses">Verifier keys of the witnesses that are believed (C2SP cosignature, type 0x04).</param>
/// <param name="WitnessQuorum">k: so many of them must have cosigned a checkpoint before it is accepted; 0 asks for none.</param>
/// <param name="KeyHolders">Roster identities of the key holders that are believed not to collude; an encrypted task is refused unless all of its holders are among them. None by default.</param>
/// <param name="LeastHolderThreshold">With one-time keys, t_h must be at least this: so many holders together read every update. A single key is one holder's in any case.</param>
/// <param name="LeastCorruptHolders">With one-time keys, the task must provide for at least so many corrupt holders, f.</param>
/// <param name="Statistics">Which statistics may be asked, if <paramref name="Models"/> allows such tasks; null = any of the columns that the client has.</param>
public sealed record ClientPolicy(
    ReadOnlyMemory<byte> RosterAuthorityKey,
    ReadOnlyMemory<byte> ServerKey,
    int SmallestCohort,
    int LeastSurvivors,
    int GreatestClientsPerOrganisation,
    ExactDecimal LeastGamma,
    ExactDecimal GreatestDeltaDrop,
    bool AllowsCuriousServer,
    bool RequiresNoise,
    IReadOnlyList<ProtectionKind> Protections,
    IReadOnlyList<TaskModelKind> Models,
    ulong LeastRosterSequence = 0,
    int LeastDifference = 0,
    PrivacyLimits? Privacy = null,
    IReadOnlyList<NoteVerifier>? Witnesses = null,
    int WitnessQuorum = 0,
    IReadOnlyList<Identifier>? KeyHolders = null,
    int LeastHolderThreshold = ClientPolicy.UsualLeastHolderThreshold,
    int LeastCorruptHolders = 0,
    StatisticsPolicy? Statistics = null)
{
    /// <summary>What a policy demands of t_h unless it says otherwise: no holder reads updates alone.</summary>
    public const int UsualLeastHolderThreshold = 2;

    /// <summary>Whose checkpoints of the log with that name are believed.</summary>
    public TlogPolicy LogPolicy(string origin) => TlogPolicy.Of(NoteVerifier.ForEcdsa(origin, ServerKey.Span), WitnessQuorum, Witnesses ?? []);

    /// <summary>The limits in force.</summary>
    public PrivacyLimits Limits => Privacy ?? PrivacyLimits.Default;

    /// <summary>Null if the task is acceptable; otherwise what breaks the policy and what to do.</summary>
    public RoundRejection? Check(TaskParameters task)
    {
        CohortBounds cohort = task.Cohort;
        if (cohort.Least / Math.Max(cohort.Leaves, 1) < SmallestCohort)
            return Violation($"the task allows cohorts of {cohort.Least / cohort.Leaves}, the policy demands {SmallestCohort} clients");
        if (cohort.OrganisationCap > GreatestClientsPerOrganisation)
            return Violation($"the task allows {cohort.OrganisationCap} clients of one organisation, the policy {GreatestClientsPerOrganisation}");
        if (cohort.Gamma.Millionths < LeastGamma.Millionths)
            return Violation($"the task assumes gamma {cohort.Gamma}, the policy demands {LeastGamma}");
        if (cohort.DeltaDrop.Millionths > GreatestDeltaDrop.Millionths)
            return Violation($"the task allows delta_drop {cohort.DeltaDrop}, the policy {GreatestDeltaDrop}");
        if (cohort.ServerClass == ServerClass.Curious && !AllowsCuriousServer)
            return Violation("the task trusts the server to follow the protocol (class curious), the policy does not");
        if (!task.Privacy.HasNoise && cohort.LeastDifference < LeastDifference)
            return Violation($"the task's rounds may differ by {Math.Max(cohort.LeastDifference, 1)} client(s), the policy demands {LeastDifference} while updates carry no noise");
        if (!task.Privacy.HasNoise && RequiresNoise)
            return Violation("the task adds no differential-privacy noise, the policy demands it");
        if (Limits.FindViolation(task.Privacy) is { } excess)
            return Violation(excess);
        if (!Protections.Contains(task.Protection))
            return Violation($"protection {task.Protection} is not allowed");
        if (FindViolation(task.Protection, task.Encryption) is { } encryption)
            return Violation(encryption);
        if (Statistics?.FindViolation(task.Model) is { } question)
            return Violation(question);
        return Models.Contains(task.Model.Kind) ? null : Violation($"models of kind {task.Model.Kind} are not allowed");
    }

    /// <summary>Null if the cohort of a round is acceptable.</summary>
    public RoundRejection? Check(CohortThresholds thresholds)
    {
        if (thresholds.Clients < SmallestCohort)
            return Violation($"the cohort has {thresholds.Clients} clients, the policy demands {SmallestCohort}");
        if (thresholds.LeastSurvivors < LeastSurvivors)
            return Violation($"the round could sum {thresholds.LeastSurvivors} updates, the policy demands {LeastSurvivors}");
        return thresholds.HonestSurvivors >= 2 ? null : Violation("fewer than two honest survivors could remain");
    }

    private string? FindViolation(ProtectionKind protection, EncryptionSpecification? encryption)
    {
        if (encryption is null)
            return null;
        int strangers = encryption.Holders.Count(h => KeyHolders?.Contains(h) != true);
        if (strangers > 0)
            return $"{strangers} of the task's {encryption.Holders.Count} key holders are none of those that the policy names";
        if (protection == ProtectionKind.EncryptionSingleKey)
            return null;
        if (encryption.Threshold < LeastHolderThreshold)
            return $"{encryption.Threshold} key holder(s) together could read updates, the policy demands {LeastHolderThreshold}";
        return encryption.CorruptHolders < LeastCorruptHolders
            ? $"the task provides for {encryption.CorruptHolders} corrupt key holder(s), the policy demands {LeastCorruptHolders}"
            : null;
    }

    private static RoundRejection Violation(string what) =>
        new(ErrorCodes.PolicyViolated, $"Refused before anything was revealed: {what}. Change the task, or the client policy file if its owner agrees.");
}
