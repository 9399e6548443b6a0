using SecureFed.Client.Http;
using SecureFed.Client.Ledger;
using SecureFed.Client.Log;
using SecureFed.Client.Rounds;
using SecureFed.Client.State;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Policy;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Client;

/// <summary>Takes part in a federated task: protects an application's updates and contributes them, round by round.</summary>
/// <remarks>
/// <para>Before anything is computed or sent, the task and each round are checked against the client policy; the server is not trusted.</para>
/// <para>One instance per task and identity; calls do not overlap.</para>
/// </remarks>
public sealed class SecureFedClient
{
    private readonly SecureFedClientOptions options;
    private readonly ServiceConnection connection;
    private readonly TaskFollower follower;
    private readonly TimeProvider time;
    private readonly UpdatePipeline pipeline;
    private readonly IPrivacyLedger ledger;
    private readonly ILogMemory logMemory;
    private ClientContext? context;
    private LeafSums? leaves;

    /// <summary>Made by <see cref="ServiceCollectionExtensions.AddSecureFedClient"/>; or directly with an <see cref="HttpClient"/> that signs and pins.</summary>
    public SecureFedClient(HttpClient http, SecureFedClientOptions options, TimeProvider time)
    {
        options.Validate();
        this.options = options;
        this.time = time;
        connection = new ServiceConnection(http, options.GreatestAttempts, options.FirstRetryDelay, time);
        follower = new TaskFollower(connection, options.TaskId, options.ClientId, RosterRole.Client, options.Signer!, options.Policy!, time);
        pipeline = new UpdatePipeline(options.Random);
        ledger = options.FindLedger();
        logMemory = options.FindLogMemory();
    }

    /// <summary>Bytes of all request bodies sent so far.</summary>
    public long BytesUp => connection.BytesUp;

    /// <summary>Bytes of all response bodies received so far.</summary>
    public long BytesDown => connection.BytesDown;

    /// <summary>Contributes one update to the next training round and returns when this client's part in it is done.</summary>
    /// <param name="update">The update (for FedAvg the difference to the global model, for FedSGD the gradient): as long as the task's model, finite.</param>
    /// <param name="weight">w in (0, 1], hidden inside the protected vector: the share of the public maximum of rows. FedAvg only.</param>
    /// <param name="cancellationToken">Leaves the round.</param>
    /// <returns>Status <see cref="RoundStatus.Resumed"/> if a restart interrupted an earlier call: then that call's update is in, and this one was not used.</returns>
    /// <exception cref="InvalidUpdateException">Wrong length, NaN or infinity; nothing was sent.</exception>
    /// <exception cref="RoundRefusedException">The task, the round or the server breaks the client policy; nothing more was revealed.</exception>
    /// <exception cref="SecureFedException">The server is down, the task is over, the round was aborted or missed (transient: contribute again), or <c>outcome-unknown</c>.</exception>
    public async Task<RoundOutcome> ContributeAsync(ReadOnlyMemory<double> update, double weight = 1, CancellationToken cancellationToken = default)
    {
        TaskParameters task = (await GetContextAsync(cancellationToken)).Task;
        double[] values = ToVector(task, update.Span, weight);
        ModelUpdate.Create(task.LayoutOf(RoundKind.Train), values); // Length and finite values; the clip norm of the round is not known yet.
        RoundView round = await WaitForRoundAsync(cancellationToken)
            ?? throw new SecureFedException(ErrorCodes.TaskFinished, "The task is complete and takes no further updates; fetch its model.");
        if (round.Kind != RoundKind.Train)
            throw new SecureFedException(ErrorCodes.WrongPhase, $"The task is in a {round.Kind} round, which needs the client's rows: take part with RunAsync.");
        if (task.Privacy.Unit == PrivacyUnit.Record)
            throw NeedsRecords();
        RoundOutcome outcome = await JoinAsync(round, (_, _) => ValueTask.FromResult(new RoundInput(values, null)), cancellationToken);
        return outcome.Status switch
        {
            RoundStatus.Contributed or RoundStatus.Resumed => outcome,
            RoundStatus.Unknown => throw new SecureFedException(
                ErrorCodes.OutcomeUnknown,
                $"The server ended round {outcome.Number} ({outcome.Reason}) after the masked update had left. If that is true nothing was revealed; if not, the update is in a sum. Contribute a fresh update to the next round rather than this one again: the same numbers in two sums can be compared."),
            _ => throw new SecureFedException(
                outcome.Reason ?? ErrorCodes.RoundAborted,
                $"Round {outcome.Number} ended without this update ({outcome.Reason}). Nothing of it was revealed and nothing is lost: contribute it again to the next round.",
                isTransient: true),
        };
    }

    /// <summary>Takes part in every round until the task's schedule is complete.</summary>
    /// <param name="trainer">Computes the vector of each round; implements <see cref="IRecordTrainer"/> too if the task protects single records.</param>
    /// <param name="progress">Told after each round that this client took part in, aborted ones included.</param>
    /// <param name="cancellationToken">Stops; a later call continues with the round in progress if its state was kept, else with the next.</param>
    /// <returns>The final global model.</returns>
    /// <exception cref="RoundRefusedException">See <see cref="ContributeAsync"/>.</exception>
    /// <exception cref="SecureFedException">The task was given up (its reason is the code), or the server is down.</exception>
    public async Task<ModelState> RunAsync(ILocalTrainer trainer, IProgress<RoundOutcome>? progress = null, CancellationToken cancellationToken = default)
    {
        if ((await GetContextAsync(cancellationToken)).Task.Privacy.Unit == PrivacyUnit.Record && trainer is not IRecordTrainer)
            throw NeedsRecords();
        StaleUpdate? ahead = null;
        while (await WaitForRoundAsync(cancellationToken) is { } round)
        {
            if (round.Kind == RoundKind.Train && context!.Task.Schedule.GreatestStaleness > 0 && ahead is null)
            {
                ahead = await ComputeAheadAsync(round, trainer, cancellationToken);
                continue; // The round may be over by now; the update goes to the next that is open.
            }

            bool isComputed = false;
            RoundOutcome outcome = await JoinAsync(
                round,
                (assignment, saved) =>
                {
                    isComputed = true;
                    return ComputeAsync(trainer, Interlocked.Exchange(ref ahead, null), assignment, saved, cancellationToken);
                },
                cancellationToken);
            progress?.Report(isComputed && trainer is DataSetTrainer rows ? outcome with { RowsFault = rows.RowsFault } : outcome);
        }

        TaskView task = await follower.GetTaskAsync(cancellationToken);
        return task.FinishReason.Length == 0
            ? await GetModelAsync(ParseDigest(task.ModelDigest), cancellationToken)
            : throw new SecureFedException(task.FinishReason, $"The task was given up after round {task.Round?.Number} ({task.FinishReason}). Ask its operator; {Advice(task.FinishReason)}");
    }

    /// <summary>The current global model.</summary>
    public async Task<ModelState> GetCurrentModelAsync(CancellationToken cancellationToken = default)
    {
        TaskView task = await follower.GetTaskAsync(cancellationToken);
        return await GetModelAsync(ParseDigest(task.ModelDigest), cancellationToken);
    }

    /// <summary>Task parameters and roster, checked against the policy, fetched once.</summary>
    public async Task<TaskParameters> GetTaskParametersAsync(CancellationToken cancellationToken = default) =>
        (await GetContextAsync(cancellationToken)).Task;

    private async Task<RoundOutcome> JoinAsync(RoundView view, Func<RoundAssignment, SavedRounds, ValueTask<RoundInput>> compute, CancellationToken cancellationToken)
    {
        await using IAsyncDisposable lease = await options.StateStore.LeaseAsync(options.TaskId, cancellationToken);
        SavedRounds saved = await options.StateStore.LoadAsync(options.TaskId, cancellationToken) ?? new SavedRounds(0, default);
        bool isResuming = !saved.ActiveRound.IsEmpty && saved.LastRoundNumber == view.Number;
        LogFollower log = await LogFollower.OpenAsync(logMemory, options.Policy!, options.TaskId, cancellationToken);
        ExaminedRound examined = await ExamineAsync(view, saved, log, cancellationToken);
        (ClientContext client, RoundTransport transport, Announcement opening, RoundAssignment assignment) = examined;
        (RoundParameters round, ModelState model) = (assignment.Round, assignment.Model);
        PrivacyCharge? charge = PrivacyCharge.For(client, round, model);
        RoundParticipant participant = client.Task.Protection == ProtectionKind.Masking
            ? new MaskedParticipant(client, transport, options.StateStore, options.Random, pipeline, ledger)
            : new EncryptedParticipant(client, transport, options.StateStore, options.Random, pipeline, ledger);
        return await participant.TakePartAsync(opening, saved, isResuming, ComputeForAsync, charge, cancellationToken);

        async ValueTask<RoundInput> ComputeForAsync()
        {
            RoundInput input = await compute(assignment, saved);
            return charge?.Node > 0
                ? input with { Leaves = leaves ??= new LeafSums(client.Task.Privacy.TreeLeaves), TrainRound = model.CompletedTrainRounds }
                : input;
        }
    }

    /// <summary>Fetches what a round is about, and whether it follows from the task, the roster and the policy.</summary>
    /// <exception cref="RoundRefusedException">It does not; nothing was sent.</exception>
    private async Task<ExaminedRound> ExamineAsync(RoundView view, SavedRounds saved, LogFollower log, CancellationToken cancellationToken)
    {
        ClientContext client = await GetChangedContextAsync(cancellationToken);
        bool isResuming = !saved.ActiveRound.IsEmpty && saved.LastRoundNumber == view.Number;
        RoundTransport transport = new(connection, log, options.TaskId, TaskFollower.ParseIdentifier(view.RoundId), options.ClientId, TaskFollower.LongestWait(client.Task), time);
        Announcement opening = await transport.GetOpeningAsync(cancellationToken);
        client = await FollowRosterAsync(client, opening.Entry, saved, cancellationToken);
        int lastRound = saved.LastRoundNumber - (isResuming ? 1 : 0);
        bool isMasked = client.Task.Protection == ProtectionKind.Masking;
        RoundRejection? refusal = isMasked ? MaskingClient.Examine(client, opening.Entry, lastRound, out RoundParameters? round) : EncryptionClient.Examine(client, opening, lastRound, out round);
        if (refusal is not null)
            throw new RoundRefusedException(refusal);
        if (round!.RoundId != TaskFollower.ParseIdentifier(view.RoundId) || round.Number != view.Number || round.Kind != view.Kind)
            throw new RoundRefusedException(ErrorCodes.HistoryRewritten, "The server's view of the task names another round or kind of round than the signed opening; the client abstains.");
        if (!isResuming && round.Noise is null && saved.Answered?.Contains(RoundRepetition.DigestOf(round)) == true)
        {
            throw new RoundRefusedException(
                ErrorCodes.RoundRepeated,
                $"Round {round.Number} repeats a {round.Kind} round on a model for which this client has given its numbers before: the two sums could be subtracted. The client abstains; the operator starts a new task if the first round really failed.");
        }

        ModelState model = await GetModelAsync(round.ModelDigest, cancellationToken);
        if (!new LearningTask(client.Task).Fits(model))
            throw new RoundRefusedException(ErrorCodes.ModelMismatch, $"The round's model ({model.Parameters.Count} parameters) does not have the task's form; the client does not train on it.");
        if (MaskingClient.ExamineModel(client.InForce, round, model) is { } mismatch)
            throw new RoundRefusedException(mismatch);
        return new ExaminedRound(client, transport, opening, new RoundAssignment(client.InForce, round, model));
    }

    /// <summary>An update that was computed ahead is used once, if it is not too old and no sum without noise may hold the same numbers already; then a fresh one is due.</summary>
    private static async ValueTask<RoundInput> ComputeAsync(ILocalTrainer trainer, StaleUpdate? ahead, RoundAssignment assignment, SavedRounds saved, CancellationToken cancellationToken)
    {
        if (assignment.Task.Privacy.Unit == PrivacyUnit.Record)
            return new RoundInput(default, await ((IRecordTrainer)trainer).OpenRecordsAsync(assignment, cancellationToken));
        bool isGiven = ahead is not null && assignment.Round.Noise is null && saved.Answered?.Contains(ahead.ComputedOn) == true;
        if (isGiven || ahead?.For(assignment) is not { } values)
            return new RoundInput(await trainer.ComputeAsync(assignment, cancellationToken), null);
        return new RoundInput(values, null, ComputedOn: ahead.ComputedOn == RoundRepetition.DigestOf(assignment.Round) ? null : ahead.ComputedOn);
    }

    /// <summary>Computes on the model of a round without joining it, however long that takes: nobody waits for this client.</summary>
    /// <remarks>Ahead of any charge: nothing of it leaves before a round that takes it is paid for.</remarks>
    private async Task<StaleUpdate?> ComputeAheadAsync(RoundView view, ILocalTrainer trainer, CancellationToken cancellationToken)
    {
        SavedRounds saved = await options.StateStore.LoadAsync(options.TaskId, cancellationToken) ?? new SavedRounds(0, default);
        LogFollower log = await LogFollower.OpenAsync(logMemory, options.Policy!, options.TaskId, cancellationToken);
        ExaminedRound examined;
        try
        {
            examined = await ExamineAsync(view, saved, log, cancellationToken);
        }
        catch (SecureFedException exception) when (exception is not RoundRefusedException && exception.IsTransient)
        {
            return null; // The round ended meanwhile.
        }

        int trainRounds = examined.Assignment.Model.CompletedTrainRounds;
        Digest computedOn = RoundRepetition.DigestOf(examined.Assignment.Round);
        try
        {
            return new StaleUpdate(trainRounds, computedOn, await trainer.ComputeAsync(examined.Assignment, cancellationToken));
        }
        catch (Exception exception) when (examined.Assignment.Round.Noise is not null && !cancellationToken.IsCancellationRequested)
        {
            return new StaleUpdate(trainRounds, computedOn, [], exception); // Staying away because of the data would tell something without noise.
        }
    }

    private static SecureFedException NeedsRecords() => new(
        ErrorCodes.RecordsNeeded,
        "The task protects single records, so it needs the vector of each record instead of one finished update: call RunAsync with a trainer that implements IRecordTrainer.");

    /// <summary>The next round that this client has not joined and that still advertises, or the one to resume; null when the task is over.</summary>
    private async Task<RoundView?> WaitForRoundAsync(CancellationToken cancellationToken)
    {
        TaskWatch watch = new(follower, time);
        while (true)
        {
            TaskView task = await watch.NextAsync(cancellationToken);
            SavedRounds? saved = await options.StateStore.LoadAsync(options.TaskId, cancellationToken);
            if (IsOver(saved, task))
                saved = await EraseUnlessBusyAsync(saved, task, cancellationToken);

            if (task.Finished)
                return null;
            if (task.Round is { } round && round.Phase is not (RoundPhase.Closed or RoundPhase.Aborted))
            {
                bool canJoin = round.Phase == (context?.Task.Protection is null or ProtectionKind.Masking ? RoundPhase.Advertise : RoundPhase.Upload) && round.Number > (saved?.LastRoundNumber ?? 0);
                bool canResume = saved is { ActiveRound.IsEmpty: false } && saved.LastRoundNumber == round.Number;
                if (canJoin || canResume)
                    return round;
            }
        }
    }

    private static bool IsOver(SavedRounds? saved, TaskView task) =>
        saved is { ActiveRound.IsEmpty: false }
        && (task.Finished || task.Round?.Number != saved.LastRoundNumber || task.Round.Phase is RoundPhase.Closed or RoundPhase.Aborted);

    /// <summary>The round ended while this client was away: its secrets are of no use any more.</summary>
    /// <remarks>Looked at again under the lease: another call may have gone on to a later round since, and erasing would forget that it was joined.</remarks>
    private async Task<SavedRounds?> EraseUnlessBusyAsync(SavedRounds? saved, TaskView task, CancellationToken cancellationToken)
    {
        try
        {
            await using IAsyncDisposable lease = await options.StateStore.LeaseAsync(options.TaskId, cancellationToken);
            saved = await options.StateStore.LoadAsync(options.TaskId, cancellationToken);
            if (!IsOver(saved, task))
                return saved;
            await options.StateStore.EraseRoundAsync(options.TaskId, saved!.LastRoundNumber, cancellationToken);
            return saved with { ActiveRound = default };
        }
        catch (SecureFedException exception) when (string.Equals(exception.Code, ErrorCodes.ClientBusy, StringComparison.Ordinal))
        {
            return saved;
        }
    }

    private async Task<ClientContext> GetContextAsync(CancellationToken cancellationToken)
    {
        if (context is not null)
            return context;
        RememberedTask remembered = RememberedTask.Of(await options.StateStore.LoadAsync(options.TaskId, cancellationToken));
        Roster roster = await follower.WaitForEnrolmentAsync(remembered, cancellationToken);
        TaskParameters task = await follower.GetParametersAsync(remembered, cancellationToken);
        return context = new ClientContext(options.ClientId, options.Signer!, roster, task, options.Policy!, options.PeerKeys, options.Cohorts, SingleKeys: options.SingleKeys);
    }

    private async Task<ClientContext> GetChangedContextAsync(CancellationToken cancellationToken)
    {
        ClientContext client = await GetContextAsync(cancellationToken);
        return await follower.TryGetChangedAsync(client.Task, client.Roster, cancellationToken) is { } changed ? context = client with { Changed = changed } : client;
    }

    private async Task<ClientContext> FollowRosterAsync(ClientContext held, SignedEntry opening, SavedRounds saved, CancellationToken cancellationToken)
    {
        Roster roster = await follower.FollowRosterAsync(held.Roster, opening, RememberedTask.Of(saved), cancellationToken);
        return roster == held.Roster ? held : context = held with { Roster = roster };
    }

    private async Task<ModelState> GetModelAsync(Digest digest, CancellationToken cancellationToken)
    {
        ServiceResponse response = await connection.GetAsync(Routes.Model(digest), cancellationToken: cancellationToken);
        return Digest.Of(response.Body) == digest && ModelState.TryDecode(response.Body, out ModelState? model)
            ? model!
            : throw new RoundRefusedException(ErrorCodes.ModelMismatch, "The server's model has another digest than the round names; the client does not train on it.");
    }

    private static double[] ToVector(TaskParameters task, ReadOnlySpan<double> update, double weight)
    {
        if (task.Training.ServerOptimizer == ServerOptimizerKind.FedSgd)
            return update.ToArray();
        if (!(weight is > 0 and <= 1))
            throw new InvalidUpdateException(InvalidUpdateException.NotFinite, "The weight lies in (0, 1]: rows divided by the task's public maximum of rows.");
        double[] values = new double[update.Length + 1];
        for (int i = 0; i < update.Length; i++)
            values[i] = weight * update[i];
        values[^1] = weight;
        return values;
    }

    private static Digest ParseDigest(string text) =>
        Digest.TryParse(text, out Digest digest) ? digest : throw new SecureFedException(ErrorCodes.InvalidMessage, "The server's answer holds a malformed digest.");

    private static string Advice(string reason) => reason switch
    {
        ErrorCodes.TrainingDiverged => "the server's step would have made the model infinite: the next task needs a lower server learning rate (a tenth is a good next try), or a warm-up.",
        ErrorCodes.InvalidAggregate => "no model followed from the sums: clients need rows, and all of them the task's clip norms.",
        ErrorCodes.CohortTooSmall => "more clients must take part, or the task needs a smaller least cohort.",
        ErrorCodes.TooFewSurvivors or ErrorCodes.TooFewDealers or ErrorCodes.QuorumMissing or ErrorCodes.TooFewAnswers =>
            "too many clients dropped out: the task needs a larger delta_drop with more clients, or longer deadlines.",
        ErrorCodes.BudgetExhausted => "its privacy budget is spent, by rounds that failed after they were paid for; the model so far stands. The operator can have a raise approved, and this client go on then if its policy allows it; more spareRounds help the next task.",
        _ => "the reason is in the task's log.",
    };

    private sealed record ExaminedRound(ClientContext Client, RoundTransport Transport, Announcement Opening, RoundAssignment Assignment);
}
