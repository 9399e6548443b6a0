using SecureFed.Protocol.Policy;

namespace SecureFed.Client.Ledger;

/// <summary>Forgets everything when the process ends: for trials. Use <see cref="FilePrivacyLedger"/> in production.</summary>
public sealed class MemoryPrivacyLedger : IPrivacyLedger
{
    private readonly PrivacyAccount account = new();
    private readonly Lock gate = new();

    public Task ChargeAsync(PrivacyCharge charge, PrivacyLimits limits, CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            if (account.Decide(charge, limits) is { } line)
                account.Apply(line);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<TaskSpending>> ReadAsync(CancellationToken cancellationToken = default)
    {
        lock (gate)
            return Task.FromResult(account.Read());
    }
}
