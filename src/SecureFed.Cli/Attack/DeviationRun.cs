using SecureFed.Protocol.Errors;

namespace SecureFed.Cli.Attack;

/// <summary>Tries one deviation on a real client over HTTP and says what the client did.</summary>
internal static class DeviationRun
{
    /// <summary>Far longer than any step takes; a victim that neither refuses nor finishes is a failure.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What the library says without being a refusal of the round by policy.</summary>
    private static readonly string[] OwnCodes = [ErrorCodes.InvalidMessage, ErrorCodes.ServerUnreachable, ErrorCodes.OutcomeUnknown];

    public static async Task<DeviationResult> ExecuteAsync(HostileServer server, Deviation deviation, CancellationToken cancellationToken)
    {
        if (deviation.Enrolled > server.Consortium.Clients.Count)
        {
            await using HostileServer larger = await HostileServer.StartAsync(new HostileConsortium(deviation.Enrolled), cancellationToken);
            return await ExecuteAsync(larger, deviation, cancellationToken);
        }

        Scene scene = new(server);
        deviation.Arrange(scene);
        server.Play(scene);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await server.Operator.CreateTaskAsync(scene.Plan.ToDefinition(scene.TaskId), cancellationToken);
        Task[] others = [.. Enumerable.Range(0, scene.Plan.Clients)
            .Where(i => i != HostileConsortium.VictimIndex && !scene.Absent.Contains(i))
            .Select(i => scene.Participants[i].RunAsync(server, scene.TaskId, scene.Plan.Rounds, stop.Token))];
        try
        {
            string observed = await ObserveAsync(scene, deviation, others, stop.Token);
            return new DeviationResult(deviation, scene.IsUntold ? $"before the lie: {observed}" : observed, scene.MessagesAfterLie);
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)Task.WhenAll(others)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            server.Play(null);
        }
    }

    private static async Task<string> ObserveAsync(Scene scene, Deviation deviation, Task[] others, CancellationToken cancellationToken)
    {
        try
        {
            await scene.Victim.RunAsync(scene.Server, scene.TaskId, scene.Plan.Rounds, cancellationToken).WaitAsync(Patience, cancellationToken);
        }
        catch (SecureFedException exception)
        {
            // A refusal of the library's own; a code that merely came over the wire is the server's word.
            if (exception is not RoundRefusedException && !OwnCodes.Contains(exception.Code))
                return $"gave up: {exception.Code}";
            return deviation.KeepsEvidence && !scene.HasEvidence ? $"{exception.Code} without evidence" : exception.Code;
        }
        catch (TimeoutException)
        {
            return "no-answer";
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // The library threw something that no application is told to expect.
            return exception.GetType().Name;
        }

        if (deviation.Proof is null)
            return "not-refused";
        await Task.WhenAll(others).WaitAsync(Patience, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await deviation.Proof(scene) is { } leak ? leak : Deviation.Harmless;
    }
}
