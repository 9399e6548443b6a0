using SecureFed.Client.State;
using SecureFed.Protocol.Wire;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.Clients;

/// <summary>Something on the way drops the headers that make a long poll long.</summary>
public class PollPauseTests(TestConsortium consortium)
{
    [Theory]
    [InlineData(true, "Prefer")]
    [InlineData(false, "Prefer")]
    [InlineData(true, "Prefer", "If-None-Match")]
    public async Task A_waiting_client_does_not_become_a_busy_loop(bool waitsForARound, params string[] dropped)
    {
        Identifier task = await consortium.CreateTaskAsync(Definitions.Vector(length: 1));
        MemoryRoundStateStore store = new();
        if (waitsForARound)
            await store.EraseRoundAsync(task, 1);
        int waits = 0;
        RecordingHandler wire = new()
        {
            Before = request =>
            {
                if (request.Headers.Contains("Prefer"))
                    waits++;
                foreach (string header in dropped)
                    request.Headers.Remove(header);
            },
        };
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => consortium.ClientFor(0, task, o => o.StateStore = store, wire).ContributeAsync(new double[] { 1 }, cancellationToken: stop.Token));
        Assert.InRange(waits, 2, 11);
    }
}
