using SecureFed.Client.Ledger;
using SecureFed.Protocol.Policy;

namespace SecureFed.Service.Tests.Budgets;

/// <summary>A ledger whose charges a test watches, or interrupts once they are durable.</summary>
internal sealed class WatchedLedger(IPrivacyLedger inner) : IPrivacyLedger
{
    public Action BeforeCharge { get; init; } = () => { };

    public Action AfterCharge { get; init; } = () => { };

    public Task RequireAsync(PrivacyCharge charge, PrivacyLimits limits, CancellationToken cancellationToken = default) =>
        inner.RequireAsync(charge, limits, cancellationToken);

    public async Task ChargeAsync(PrivacyCharge charge, PrivacyLimits limits, CancellationToken cancellationToken = default)
    {
        BeforeCharge();
        await inner.ChargeAsync(charge, limits, cancellationToken);
        AfterCharge();
    }

    public Task<IReadOnlyList<TaskSpending>> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);
}
