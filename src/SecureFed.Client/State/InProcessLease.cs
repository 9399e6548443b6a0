using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.State;

/// <summary>Exclusive use of one task's state in one store within this process.</summary>
internal sealed class InProcessLease : IAsyncDisposable
{
    private static readonly ConditionalWeakTable<IRoundStateStore, ConcurrentDictionary<Identifier, bool>> Held = [];
    private readonly ConcurrentDictionary<Identifier, bool> leases;
    private readonly Identifier taskId;

    private InProcessLease(ConcurrentDictionary<Identifier, bool> leases, Identifier taskId)
    {
        this.leases = leases;
        this.taskId = taskId;
    }

    public static IAsyncDisposable Take(IRoundStateStore store, Identifier taskId)
    {
        ConcurrentDictionary<Identifier, bool> held = Held.GetOrCreateValue(store);
        return held.TryAdd(taskId, true) ? new InProcessLease(held, taskId) : throw Busy(null);
    }

    public static SecureFedException Busy(Exception? cause) => new(
        ErrorCodes.ClientBusy,
        "Another call or process takes part in this task with the same state; one client masks one vector per round. Wait for it to end, or give each client its own identity and state.",
        isTransient: true,
        cause);

    public ValueTask DisposeAsync()
    {
        leases.TryRemove(taskId, out _);
        return ValueTask.CompletedTask;
    }
}
