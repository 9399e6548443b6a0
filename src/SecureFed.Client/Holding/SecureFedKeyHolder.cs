using SecureFed.Client.Http;
using SecureFed.Client.Log;
using SecureFed.Client.Rounds;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;

namespace SecureFed.Client.Holding;

/// <summary>Holds shares of the one-time keys of an encrypted task: checks everybody's shares, signs one list per round, and gives the sum of the shares over it.</summary>
/// <remarks>
/// <para>Under a single key it holds that key alone: nothing is to check, it fetches every listed upload, adds the ciphertexts itself, and gives what their sum decrypts to.</para>
/// <para>Neither the task nor any round nor the server is trusted: the policy is the same as a client's. What decides is <see cref="Protocol.Encryption.KeyHolder"/>.</para>
/// <para>It may be away: rounds take its keys from those on offer, one that it missed it skips, and into one under way it comes late. One instance per task and identity.</para>
/// <para>Does not protect against as many colluding holders as the task's threshold. The state is worth as much as the keys: see <see cref="IHolderStateStore"/>.</para>
/// </remarks>
public sealed class SecureFedKeyHolder
{
    private readonly SecureFedKeyHolderOptions options;
    private readonly ServiceConnection connection;
    private readonly TaskFollower follower;
    private readonly HolderOffers offers;
    private readonly TimeProvider time;

    /// <param name="http">Signs every request and pins the server: <see cref="SignedHttpClient.Create"/>.</param>
    /// <param name="options">Holder.</param>
    /// <param name="time">Clock.</param>
    public SecureFedKeyHolder(HttpClient http, SecureFedKeyHolderOptions options, TimeProvider time)
    {
        options.Validate();
        this.options = options;
        this.time = time;
        connection = new ServiceConnection(http, options.GreatestAttempts, options.FirstRetryDelay, time);
        follower = new TaskFollower(connection, options.TaskId, options.HolderId, RosterRole.KeyHolder, options.Signer!, options.Policy!, time);
        offers = new HolderOffers(connection, options.TaskId, options.HolderId, options.KeysAhead, options.Random);
    }

    /// <summary>Bytes of all request bodies sent so far.</summary>
    public long BytesUp => connection.BytesUp;

    /// <summary>Bytes of all response bodies received so far.</summary>
    public long BytesDown => connection.BytesDown;

    /// <summary>Takes part in every round until the task is over.</summary>
    /// <param name="progress">Told after each round that this holder took part in or was kept from.</param>
    /// <param name="cancellationToken">Stops; a later call goes on where this one stopped, if the state was kept.</param>
    /// <returns>The task as it ended.</returns>
    /// <exception cref="RoundRefusedException">The task, a round or the server breaks the policy; nothing more was said.</exception>
    /// <exception cref="SecureFedException">The server is down; <c>client-busy</c>: the state is in use; <c>state-lost</c>: it is not the newest.</exception>
    public async Task<TaskView> RunAsync(IProgress<HolderOutcome>? progress = null, CancellationToken cancellationToken = default)
    {
        await using IAsyncDisposable lease = await options.StateStore.LeaseAsync(options.TaskId, cancellationToken);
        using HolderMemory memory = await HolderMemory.OpenAsync(follower, options, async token => (await offers.GetAsync(token)).LastNumber, cancellationToken);
        LogFollower log = await LogFollower.OpenAsync(options.FindLogMemory(), options.Policy!, options.TaskId, cancellationToken);
        TaskWatch watch = new(follower, time);
        string? attended = null;
        int? offeredIn = null;
        while (true)
        {
            TaskView task = await watch.NextAsync(cancellationToken);
            await EraseIfOverAsync(memory, task, cancellationToken);
            if (task.Finished)
                return task;
            if (offeredIn != (task.Round?.Number ?? 0))
            {
                await offers.KeepAsync(memory, cancellationToken);
                offeredIn = task.Round?.Number ?? 0;
            }

            if (task.Round is { } round && IsToAttend(memory, round) && !string.Equals(attended, round.RoundId, StringComparison.Ordinal))
            {
                RoundTransport transport = new(connection, log, options.TaskId, TaskFollower.ParseIdentifier(round.RoundId), options.HolderId, TaskFollower.LongestWait(memory.Context.Task), time);
                HolderOutcome outcome = await new HolderParticipant(memory, transport, round).TakePartAsync(cancellationToken);
                progress?.Report(outcome);
                attended = round.RoundId;
                watch.Forget();
            }
        }
    }

    /// <summary>A round that has a sum to come, and was not left before.</summary>
    private static bool IsToAttend(HolderMemory memory, RoundView round) =>
        round.Phase is not (RoundPhase.Closed or RoundPhase.Aborted)
        && (memory.Role.Round is { } active ? round.Number >= active.Number : round.Number > memory.Role.LastRoundNumber);

    /// <summary>The round under way is over: its key is of no use any more.</summary>
    private static async Task EraseIfOverAsync(HolderMemory memory, TaskView task, CancellationToken cancellationToken)
    {
        if (memory.Role.Round is not { } active)
            return;
        if (!task.Finished && string.Equals(task.Round?.RoundId, active.RoundId.ToString(), StringComparison.Ordinal) && task.Round!.Phase is not (RoundPhase.Closed or RoundPhase.Aborted))
            return;
        memory.Role.EndRound(active.RoundId);
        await memory.SaveAsync(cancellationToken);
    }
}
