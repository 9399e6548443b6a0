using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>What a client brings to every round of a task.</summary>
/// <param name="Self">Own roster identity.</param>
/// <param name="Signer">Own identity key.</param>
/// <param name="Roster">Roster accepted under the policy's authority.</param>
/// <param name="Task">Parameters of the task.</param>
/// <param name="Policy">What the client demands.</param>
/// <param name="PeerKeys">Key agreement that several clients of one process share; null imports each peer's key for one use.</param>
/// <param name="Cohorts">Cohorts that another client of this process has checked; null checks each by itself.</param>
/// <param name="Changed">The task with the approved changes that this client has verified; null while it knows of none.</param>
/// <param name="SingleKeys">Arithmetic of tasks under a single key; null is ours.</param>
public sealed record ClientContext(
    Identifier Self, ISigner Signer, Roster Roster, TaskParameters Task, ClientPolicy Policy, IKeyAgreement? PeerKeys = null, CohortMemory? Cohorts = null, TaskParameters? Changed = null, ISingleKeyEngine? SingleKeys = null)
{
    /// <summary>The task as it stands now: what the client's policy and ledger judge. Digests and signatures refer to <see cref="Task"/>.</summary>
    public TaskParameters InForce => Changed ?? Task;
}
