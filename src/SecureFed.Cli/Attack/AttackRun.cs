using System.Collections.Concurrent;

namespace SecureFed.Cli.Attack;

/// <summary>Tries deviations on a few hostile servers side by side.</summary>
internal static class AttackRun
{
    private const int Lanes = 3;

    /// <summary>Results in the order of the deviations.</summary>
    public static async Task<IReadOnlyList<DeviationResult>> ExecuteAsync(IReadOnlyList<Deviation> deviations, IProgress<DeviationResult>? progress, CancellationToken cancellationToken)
    {
        ConcurrentQueue<int> waiting = new(Enumerable.Range(0, deviations.Count));
        DeviationResult[] results = new DeviationResult[deviations.Count];
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Lanes, deviations.Count)).Select(_ => Task.Run(() => PlayAsync(stop.Token), stop.Token)));
        return results;

        async Task PlayAsync(CancellationToken token)
        {
            await using HostileServer server = await HostileServer.StartAsync(new HostileConsortium(), token);
            while (waiting.TryDequeue(out int next))
            {
                results[next] = await DeviationRun.ExecuteAsync(server, deviations[next], token);
                progress?.Report(results[next]);
            }
        }
    }
}
