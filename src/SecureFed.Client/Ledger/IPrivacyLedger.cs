using SecureFed.Protocol.Policy;

namespace SecureFed.Client.Ledger;

/// <summary>The client's own account of what its data has paid, independent of the server's.</summary>
/// <remarks>
/// Charged before the first byte of an update leaves and never given back: a client cannot know that a round revealed nothing, the server's word is no proof.
/// For that a task may cost a little more here than its own budget, see <see cref="PrivacyLimits.FailureAllowance"/>.
/// </remarks>
public interface IPrivacyLedger
{
    /// <summary>Asks without charging, before anything is computed for a round.</summary>
    /// <exception cref="Protocol.Errors.RoundRefusedException"><c>budget-exhausted</c> with what was requested, spent and left.</exception>
    Task RequireAsync(PrivacyCharge charge, PrivacyLimits limits, CancellationToken cancellationToken = default);

    /// <summary>Charges, and returns only when the charge survives a crash. The same part in a round again costs nothing.</summary>
    /// <exception cref="Protocol.Errors.RoundRefusedException"><c>budget-exhausted</c>; nothing was charged.</exception>
    Task ChargeAsync(PrivacyCharge charge, PrivacyLimits limits, CancellationToken cancellationToken = default);

    /// <summary>What each task has cost so far.</summary>
    Task<IReadOnlyList<TaskSpending>> ReadAsync(CancellationToken cancellationToken = default);
}
