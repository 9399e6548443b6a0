using System.Collections.Concurrent;
using SecureFed.Protocol.Changes;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Enrolment;
using SecureFed.Server.Storage;

namespace SecureFed.Server.Tasks;

/// <summary>The tasks of this server; each runs until its schedule is complete or the server stops.</summary>
internal sealed class TaskRegistry(ServerOptions options, RosterDesk rosters, TimeProvider time, IHostEnvironment environment, ILogger<TaskRegistry> logger) : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<Identifier, TaskHost> hosts = new();
    private readonly ConcurrentBag<Task> runs = [];
    private readonly DataSetBudgets budgets = new(options);
    private readonly SemaphoreSlim creation = new(1, 1);
    private readonly CancellationTokenSource stopping = new();
    private static readonly TimeSpan DiscoveryPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan GreatestLag = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LagPause = TimeSpan.FromMilliseconds(20);
    private readonly LogWitnesses witnesses = new(options, logger);
    private IStorage? storage;

    public TaskHost? Find(Identifier task) => hosts.GetValueOrDefault(task);

    public IEnumerable<TaskHost> All => hosts.Values;

    /// <summary>Whether the storage was opened and every task of it can be written.</summary>
    public bool IsReady => storage is not null && hosts.Values.All(h => !h.IsUnwritable);

    /// <summary>Notes the nonce of a request that must not be executed again, not even after a restart or by another replica.</summary>
    /// <returns>False if it was used before.</returns>
    public Task<bool> TryUseNonceAsync(Identifier keyId, string nonce, DateTimeOffset expires, CancellationToken cancellationToken = default) =>
        storage!.TryUseNonceAsync(keyId, nonce, expires, time.GetUtcNow(), cancellationToken);

    /// <summary>Creates and starts a task; the same parameters again return the existing one.</summary>
    /// <param name="parameters">The task.</param>
    /// <param name="roster">The one whose organisations the parameters count.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Null host with the reason: the identifier belongs to a task with other parameters, or the data set's privacy budget does not allow the task.</returns>
    public async Task<(TaskHost? Host, bool IsNew, RoundRejection? Rejection)> CreateAsync(TaskParameters parameters, Roster roster, CancellationToken cancellationToken = default)
    {
        await creation.WaitAsync(cancellationToken);
        try
        {
            if (hosts.TryGetValue(parameters.TaskId, out TaskHost? existing))
            {
                return Digest.Of(existing.Parameters.Encode()) == Digest.Of(parameters.Encode())
                    ? (existing, false, null)
                    : (null, false, Conflicting);
            }

            ObserveRaises();
            if (budgets.TryReserve(parameters) is { } excess)
                return (null, false, new RoundRejection(ErrorCodes.BudgetExhausted, excess));
            TaskHost host = await CreateHostAsync(parameters, roster, cancellationToken);
            hosts[parameters.TaskId] = host;
            runs.Add(RunAsync(host));
            return Digest.Of(host.Parameters.Encode()) == Digest.Of(parameters.Encode())
                ? (host, true, null)
                : (null, false, Conflicting); // An earlier attempt, of which the operator was not told that it had gone far enough.
        }
        finally
        {
            creation.Release();
        }
    }

    /// <summary>Takes an operator's request for a change of a task. Nothing changes before somebody else approves it.</summary>
    /// <exception cref="StorageException">Nothing was accepted; the same request may be sent again.</exception>
    public async Task<(ChangeRecord? Change, bool IsRepeat, RoundRejection? Rejection)> RequestChangeAsync(TaskHost host, SignedChangeRequest request, CancellationToken cancellationToken = default)
    {
        TimeSpan left = DateTimeOffset.UnixEpoch.AddSeconds(Math.Min(request.Request.ExpiresAt, int.MaxValue * 64UL)) - time.GetUtcNow();
        return await host.ChangeAsync(Decide, request.Request.ChangeId, cancellationToken);

        MessageDecision Decide(TaskState state)
        {
            MessageDecision decision = state.RequestChange(request.Bytes);
            if (decision.Accepted is null || (left > TimeSpan.Zero && left <= ChangeRequest.GreatestLifetime + options.RequestLifetime))
                return decision;
            return Refuse(left > TimeSpan.Zero ? $"A request expires within {ChangeRequest.GreatestLifetime.TotalHours:0} hours. Sign it again with an earlier expiry." : "The request has expired. Sign it again with a later expiry.");
        }
    }

    /// <summary>Takes an approval: the data set's budget is asked first, then the log, and what is logged is in force.</summary>
    /// <exception cref="StorageException">Nothing is in force; the same approval may be sent again.</exception>
    public async Task<(ChangeRecord? Change, bool IsRepeat, RoundRejection? Rejection)> ApproveChangeAsync(TaskHost host, Identifier change, SignedApproval approval, CancellationToken cancellationToken = default)
    {
        await creation.WaitAsync(cancellationToken); // No task is admitted to the data set between the two.
        try
        {
            ObserveRaises();
            return await host.ChangeAsync(Decide, change, cancellationToken);
        }
        finally
        {
            creation.Release();
        }

        MessageDecision Decide(TaskState state)
        {
            if (state.Changes.Find(change) is not { } record)
                return new MessageDecision(null, null, new RoundRejection(ErrorCodes.UnknownResource, "The task has no request for a change with this identifier; 'securefed task changes' lists them."));
            if (record.Request.Digest != approval.RequestDigest)
                return Refuse("The approval names another request than the path. Nothing changed; approve the request that you have read.");
            MessageDecision decision = state.ApproveChange(approval.Bytes);
            if (decision.Accepted is null)
                return decision;
            ChangeRequest request = record.Request.Request;
            if (request.ExpiresAt <= (ulong)time.GetUtcNow().ToUnixTimeSeconds())
                return Refuse("The request has expired before anybody approved it. Nothing changed; its operator may ask again.");
            return request.Kind == ChangeKind.RaiseBudget && budgets.TryRaise(state.Parameters, request.Epsilon) is { } excess
                ? new MessageDecision(null, null, new RoundRejection(ErrorCodes.BudgetExhausted, excess))
                : decision;
        }
    }

    private static MessageDecision Refuse(string why) => new(null, null, new RoundRejection(ErrorCodes.ApprovalInvalid, why));

    /// <summary>Raises that another replica has logged count for the data set too.</summary>
    private void ObserveRaises()
    {
        foreach (TaskHost host in hosts.Values)
            budgets.RestoreRaise(host.InForce);
    }

    /// <summary>Waits while another replica may know the task and round, and this one does not yet. With a store of its own a server knows all there are.</summary>
    public async Task CatchUpAsync(string? task, string? round, CancellationToken cancellationToken = default)
    {
        long started = time.GetTimestamp();
        while (storage is { IsShared: true } && !Knows(task, round) && time.GetElapsedTime(started) < GreatestLag)
            await Task.Delay(LagPause, time, cancellationToken);
    }

    private bool Knows(string? task, string? round) =>
        !Identifier.TryParse(task ?? "", out Identifier taskId)
        || (Find(taskId) is { } host && (!Identifier.TryParse(round ?? "", out Identifier roundId) || host.FindRound(roundId) is not null));

    private static RoundRejection Conflicting => new(ErrorCodes.ConflictingTask, "A task with this identifier and other parameters exists; choose a fresh identifier.");

    /// <summary>A task of which surely nothing was stored has touched nothing of its budget. Any other may be there after a restart, so it keeps its budget and the same request goes on with it.</summary>
    private async Task<TaskHost> CreateHostAsync(TaskParameters parameters, Roster roster, CancellationToken cancellationToken)
    {
        ITaskStore? store = null;
        try
        {
            store = await CreateStoreAsync(parameters.TaskId, cancellationToken);
            return await TaskOpening.CreateAsync(parameters, roster, store, rosters, options, witnesses, time, logger, cancellationToken);
        }
        catch (Exception exception)
        {
            bool isUndone = exception is OperationCanceledException or StorageException { IsFull: true };
            if (isUndone && store is not { EntryCount: > 0 })
                budgets.Close(parameters, hasReleased: false);
            if (store is not null)
                await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>An earlier attempt may have stored the task's first entry without being able to say so, or another replica creates it at this moment: then that entry decides.</summary>
    private async Task<ITaskStore> CreateStoreAsync(Identifier task, CancellationToken cancellationToken)
    {
        if ((await storage!.ListAsync(cancellationToken)).Contains(task))
            return await storage.OpenAsync(task, cancellationToken);
        try
        {
            return await storage.CreateAsync(task, cancellationToken);
        }
        catch (InvalidOperationException) when (storage.IsShared)
        {
            return await storage.OpenAsync(task, cancellationToken);
        }
    }

    /// <summary>Opens the storage and continues every task in it.</summary>
    /// <exception cref="SecureFedException">The server's key is a published sample key and the environment is not Development; or the storage is in use, damaged or not accessible.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        SampleKeys.RefuseOutsideDevelopment(options.Signer.PublicKey.Span, environment.EnvironmentName);
        storage = await StorageLocation.OpenAsync(options, logger, cancellationToken);
        try
        {
            await rosters.OpenAsync(storage, cancellationToken);
            List<TaskHost> opened = [];
            foreach (Identifier task in await storage.ListAsync(cancellationToken))
            {
                if (await OpenTaskAsync(task, cancellationToken) is { } host)
                    opened.Add(host);
            }

            foreach (TaskHost host in opened) // Only when every task can be trusted: a start that is refused changes nothing.
                await ContinueAsync(host, cancellationToken);
            await rosters.KeepGivenAsync(cancellationToken);
            if (storage.IsShared)
                runs.Add(DiscoverAsync());
        }
        catch
        {
            await stopping.CancelAsync(); // Nothing runs, and nothing holds the store, after a start that failed.
            await Task.WhenAll(runs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await storage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Rosters that were published and tasks that were created through another replica.</summary>
    private async Task DiscoverAsync()
    {
        while (true)
        {
            try
            {
                await Task.Delay(DiscoveryPause, time, stopping.Token);
                await rosters.RefreshAsync(stopping.Token);
                foreach (Identifier task in await storage!.ListAsync(stopping.Token))
                {
                    await creation.WaitAsync(stopping.Token);
                    try
                    {
                        if (!hosts.ContainsKey(task) && await OpenTaskAsync(task, stopping.Token) is { } host)
                            await ContinueAsync(host, stopping.Token);
                    }
                    finally
                    {
                        creation.Release();
                    }
                }
            }
            catch (StorageException)
            {
                // The database is away; whoever writes says so.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Checks a task that is in the storage; changes nothing.</summary>
    /// <returns>Null if its creation was interrupted before it was acknowledged; the same request creates it again.</returns>
    private async Task<TaskHost?> OpenTaskAsync(Identifier task, CancellationToken cancellationToken)
    {
        ITaskStore store = await storage!.OpenAsync(task, cancellationToken);
        if (store.EntryCount > 0 || store.ReadGuard() is not null || store.ReadFile(TaskLog.CheckpointPath) is not null)
            return TaskOpening.Open(task, store, rosters, options, witnesses, time, logger);
        await store.DisposeAsync();
        return null;
    }

    private async Task ContinueAsync(TaskHost host, CancellationToken cancellationToken)
    {
        hosts[host.Parameters.TaskId] = host;
        await host.BeginAsync(cancellationToken);
        Log.TaskOpened(logger, host.Parameters.TaskId, host.PublishedLog.EntryCount);
        budgets.Restore(host.InForce);
        runs.Add(RunAsync(host));
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(runs).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (storage is not null)
            await storage.DisposeAsync();
    }

    public void Dispose()
    {
        foreach (TaskHost host in hosts.Values)
            host.Dispose();
        witnesses.Dispose();
        creation.Dispose();
        stopping.Dispose();
    }

    private async Task RunAsync(TaskHost host)
    {
        await Task.Yield();
        try
        {
            await host.RunAsync(stopping.Token);
            budgets.Close(host.Parameters, await host.ReadAsync(state => state.Budget?.Spent > 0, stopping.Token));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server is stopping.
        }
        catch (Exception exception)
        {
            host.Fail();
            Log.TaskStopped(logger, host.Parameters.TaskId, ErrorCodes.InternalError, exception);
            throw;
        }
    }
}
