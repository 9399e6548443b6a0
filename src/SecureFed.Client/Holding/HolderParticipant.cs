using SecureFed.Client.Rounds;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>Takes a key holder through one round: step, save, then send. Makes no decision of its own; <see cref="KeyHolder"/> does.</summary>
/// <remarks>Safe to begin again at any time: every step that was saved gives the same bytes, and the server takes them as a repetition.</remarks>
internal sealed class HolderParticipant(HolderMemory memory, RoundTransport transport, RoundView view)
{
    private bool hasChecked;
    private bool hasSigned;
    private bool hasSummed;

    /// <summary>Returns when this holder's part in the round is done, or the round is over.</summary>
    /// <exception cref="RoundRefusedException">The server or the round breaks the policy; nothing more was said.</exception>
    public async Task<HolderOutcome> TakePartAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Outcome(await StepThroughAsync(cancellationToken));
        }
        catch (SecureFedException exception) when (exception is not RoundRefusedException && IsEnd(exception.Code))
        {
            // No boxes are given out any more: enough others have summed.
            return Outcome(exception.Code is ErrorCodes.NotReady ? ErrorCodes.TooLate : exception.Code);
        }
    }

    /// <summary>No shares: nothing to check, and whole uploads to add.</summary>
    private bool IsUnderSingleKey => memory.Context.Task.Protection == ProtectionKind.EncryptionSingleKey;

    /// <returns>Why the holder has left the round early; null if it has done all.</returns>
    private async Task<string?> StepThroughAsync(CancellationToken cancellationToken)
    {
        Announcement opening = await transport.GetOpeningAsync(cancellationToken);
        if (!Names(opening))
            throw new RoundRefusedException(ErrorCodes.HistoryRewritten, "The server's view of the task names another round or kind of round than the signed opening; the key holder abstains.");
        await memory.FollowAsync(opening.Entry, cancellationToken);
        if (memory.Role.OnOpening(opening) is { } refusal)
            return LeaveOrThrow(refusal);
        await memory.SaveAsync(cancellationToken);

        if (!IsUnderSingleKey && await CheckAsync(await transport.GetFixedUploadsAsync(cancellationToken), cancellationToken) is { } reason)
            return reason;

        HolderStep signature = memory.Role.OnSurvivors(await transport.GetSurvivorsAsync(cancellationToken));
        if (signature.Refusal is { } unsigned)
            return LeaveOrThrow(unsigned);
        await SaveAndSendAsync(signature, transport.SendConfirmationAsync, cancellationToken);
        hasSigned = true;

        Announcement request = await transport.GetUnmaskRequestAsync(cancellationToken);
        HolderStep sum = await OnOwnThreadAsync(() => memory.Role.OnSumRequest(request, IsUnderSingleKey ? Whole(cancellationToken) : Listed(cancellationToken)));
        if (sum.Refusal is { } withheld)
            return LeaveOrThrow(withheld);
        await SaveAndSendAsync(sum, transport.SendUnmaskAnswerAsync, cancellationToken);
        hasSummed = true;
        return null;
    }

    /// <summary>Answers the challenge, or takes note of the list if it is too late for an answer.</summary>
    private async Task<string?> CheckAsync(Announcement uploads, CancellationToken cancellationToken)
    {
        if (!memory.Role.HasChecked && (await transport.GetRoundAsync(cancellationToken)).Phase != RoundPhase.Check)
        {
            if (memory.Role.AcceptFixedUploads(uploads) is { } late)
                return LeaveOrThrow(late);
            await memory.SaveAsync(cancellationToken);
            return null;
        }

        HolderStep check = await OnOwnThreadAsync(() => memory.Role.OnFixedUploads(uploads, Delivered(cancellationToken)));
        if (check.Refusal is { } refusal)
            return LeaveOrThrow(refusal);
        await SaveAndSendAsync(check, transport.SendCheckAsync, cancellationToken);
        hasChecked = true;
        return null;
    }

    private async Task SaveAndSendAsync(HolderStep step, Func<ReadOnlyMemory<byte>, CancellationToken, Task<SignedEntry>> send, CancellationToken cancellationToken)
    {
        await memory.SaveAsync(cancellationToken);
        try
        {
            await send(step.Message!.Value, cancellationToken);
        }
        catch (SecureFedException exception) when (exception.Code is ErrorCodes.TooLate)
        {
            // Enough others came before; later steps can still need this holder.
        }
    }

    /// <summary>What clients sealed to this holder, in the order of the fixed list: one page at a time.</summary>
    private IEnumerable<HolderDelivery> Delivered(CancellationToken cancellationToken)
    {
        int from = 0;
        while (transport.GetBoxesAsync(from, cancellationToken).GetAwaiter().GetResult() is { Count: > 0 } page)
        {
            from += page.Count;
            foreach (HolderDelivery delivery in page)
                yield return delivery;
        }
    }

    /// <summary>The same for the list that was signed.</summary>
    private IEnumerable<HolderDelivery> Listed(CancellationToken cancellationToken)
    {
        HashSet<Protocol.Encryption.Messages.ListedUpload> listed = [.. memory.Role.SignedUploads];
        return memory.Role.FixedUploads.Zip(Delivered(cancellationToken)).Where(pair => listed.Contains(pair.First)).Select(pair => pair.Second);
    }

    /// <summary>Under a single key: every upload of the list with all its ciphertexts, one at a time.</summary>
    private IEnumerable<HolderDelivery> Whole(CancellationToken cancellationToken) =>
        memory.Role.SignedUploads.Select(upload => transport.GetUploadAsync(upload.Client, cancellationToken).GetAwaiter().GetResult());

    /// <summary>The role reads deliveries as it goes, so that one page is held and not all; waiting for the network blocks a thread of its own.</summary>
    private static Task<HolderStep> OnOwnThreadAsync(Func<HolderStep> step) =>
        Task.Factory.StartNew(step, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private bool Names(Announcement opening) =>
        LogEntry.TryDecode(opening.Entry.Bytes.Span, out LogEntry? entry)
        && entry!.Event is TaskEvent.RoundOpened opened
        && opened.Round.RoundId == Identifier.Parse(view.RoundId)
        && opened.Round.Number == view.Number
        && opened.Round.Kind == view.Kind;

    private HolderOutcome Outcome(string? reason) => new(Identifier.Parse(view.RoundId), view.Number, view.Kind, hasChecked, hasSigned, hasSummed, reason);

    /// <summary>A refusal that honest parties can bring about ends this holder's part; any other ends the trust in the server.</summary>
    private static string LeaveOrThrow(RoundRejection refusal) => refusal.Code switch
    {
        // No key was on offer, or it is gone; a corrupt client's box or ciphertext; a list of a round that gave no sum.
        ErrorCodes.UnknownHolder or ErrorCodes.StateLost or ErrorCodes.InconsistentShares or ErrorCodes.InvalidAggregate or ErrorCodes.SurvivorsTooSimilar => refusal.Code,
        _ => throw new RoundRefusedException(refusal),
    };

    private static bool IsEnd(string code) =>
        code is ErrorCodes.RoundAborted or ErrorCodes.NotReady or ErrorCodes.UnknownRound or ErrorCodes.DeadlinePassed or ErrorCodes.TaskFinished;
}
