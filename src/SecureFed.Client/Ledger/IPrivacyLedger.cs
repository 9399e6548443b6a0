using SecureFed.Protocol.Policy;

namespace SecureFed.Client.Ledger;

/// <summary>The client's own account of what its data has paid, independent of the server's.</summary>
/// <remarks>
/// Charged before the first byte of anything computed from the data leaves, and before a round looks at them; only a task with staleness computes ahead of rounds, and what it computes stays here until one is charged. Never given back: a client cannot know that a round revealed nothing, the server's word is no proof.
/// For that a task may cost a little more here than its own budget, see <see cref="PrivacyLimits.FailureAllowance"/>.
/// </remarks>
public interface IPrivacyLedger
{
    /// <summary>Charges, and returns only when the charge survives a crash. The same part in a round again costs nothing.</summary>
    /// <exception cref="Protocol.Errors.RoundRefusedException"><c>budget-exhausted</c>; nothing was charged.</exception>
    Task ChargeAsync(PrivacyCharge charge, PrivacyLimits limits, CancellationToken cancellationToken = default);

    /// <summary>What each task has cost so far.</summary>
    Task<IReadOnlyList<TaskSpending>> ReadAsync(CancellationToken cancellationToken = default);
}
