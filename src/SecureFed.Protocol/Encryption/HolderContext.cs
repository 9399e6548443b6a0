using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a key holder brings to every round of a task.</summary>
/// <param name="Self">Own roster identity.</param>
/// <param name="Signer">Own identity key.</param>
/// <param name="Roster">Roster accepted under the policy's authority.</param>
/// <param name="Task">Parameters of the task.</param>
/// <param name="Policy">What the holder demands; the same bounds as a client's.</param>
/// <param name="Changed">The task with the approved changes that this holder has verified; null while it knows of none.</param>
/// <param name="SingleKeys">Arithmetic of tasks under a single key; null is ours.</param>
public sealed record HolderContext(Identifier Self, ISigner Signer, Roster Roster, TaskParameters Task, ClientPolicy Policy, TaskParameters? Changed = null, ISingleKeyEngine? SingleKeys = null)
{
    /// <summary>The task as it stands now: what the policy judges.</summary>
    public TaskParameters InForce => Changed ?? Task;

    /// <summary>A holder examines an opening as a client does.</summary>
    internal ClientContext Examining => new(Self, Signer, Roster, Task, Policy, Changed: Changed);
}
