using System.Runtime.CompilerServices;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>The resources of one round: what clients send, what the server publishes.</summary>
internal static class RoundEndpoints
{
    private const string Prefix = "/v1/tasks/{task}/rounds/{round}";

    private static readonly (string Part, MessageType Masked, MessageType Encrypted, string Summary)[] Messages =
    [
        ("keys", MessageType.Advertisement, MessageType.Advertisement, "A client's two public keys of this round."),
        ("shares", MessageType.ShareBundle, MessageType.ShareBundle, "A client's sealed shares for its neighbours."),
        ("uploads", MessageType.Upload, MessageType.EncryptedUpload, "A client's masked or encrypted vector; answers with the signed receipt."),
        ("checks", MessageType.ShareCheckAnswer, MessageType.ShareCheckAnswer, "A key holder's one answer to the challenge about all shares."),
        ("confirmations", MessageType.Confirmation, MessageType.ListSignature, "A client's, in an encrypted round a key holder's, signature over the survivor list."),
        ("unmask", MessageType.UnmaskAnswer, MessageType.KeySumAnswer, "A client's one answer to the unmask request, in an encrypted round a key holder's sum of shares, under a single key the decrypted sum."),
    ];

    private static readonly (string Part, EventType Kind, string Summary)[] Announcements =
    [
        ("opening", EventType.RoundOpened, "The ROUND_OPENED entry with its proof."),
        ("keys", EventType.CohortPublished, "The published cohort."),
        ("fixed-uploads", EventType.UploadsFixed, "Encrypted rounds: the uploads whose shares are checked."),
        ("survivors", EventType.SurvivorsListed, "The survivor list."),
        ("unmask-request", EventType.UnmaskRequested, "The unmask request with its quorum certificate."),
    ];

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Prefix, GetRound).WithName("GetRound").WithSummary("State of a round.").Produces<RoundView>();
        foreach ((string part, MessageType masked, MessageType encrypted, string summary) in Messages)
        {
            endpoints.MapPut($"{Prefix}/{part}/{{sender}}", (string task, string round, string sender, HttpContext context, TaskRegistry registry) =>
                    PutMessageAsync(task, round, sender, masked, encrypted, context, registry))
                .WithName("Put" + masked).WithSummary(summary).WithMetadata(masked);
        }

        foreach ((string part, EventType kind, string summary) in Announcements)
        {
            endpoints.MapGet($"{Prefix}/{part}", (string task, string round, HttpContext context, TaskRegistry registry, ServerOptions options, TimeProvider time) =>
                    GetAnnouncementAsync(task, round, kind, context, registry, options, time))
                .WithName("Get" + kind).WithSummary(summary + " Long poll with Prefer: wait; 202 while it is not out.");
        }

        endpoints.MapGet(Prefix + "/shares/{client}", GetInboxAsync)
            .WithName("GetInbox").WithSummary("The dealers list and the sealed shares addressed to a client, for itself. Long poll.");
        endpoints.MapGet(Prefix + "/receipt/{client}", GetReceiptAsync)
            .WithName("GetReceipt").WithSummary("Proof that a client's upload is in the log, for itself: .tlog-proof text, or with known=SIZE in binary form. Long poll; 202 until a checkpoint covers it.");
        endpoints.MapGet(Prefix + "/aggregate", GetAggregateAsync).WithName("GetAggregate").WithSummary("The sum of the survivors' updates.");
        endpoints.MapGet(Prefix + "/manifest", GetManifestAsync).WithName("GetManifest").WithSummary("What a round leaves for auditors.").Produces<ManifestView>();
        endpoints.MapGet(Prefix + "/events", GetEvents)
            .WithName("GetRoundEvents").WithSummary("The round's state at every change until it is over, as server-sent events.").Produces<RoundView>(contentType: "text/event-stream");
        endpoints.MapPost(Prefix + "/abort", AbortAsync).WithName("AbortRound").WithSummary("Ends the round in progress; operators only.");
    }

    private static async Task<IResult> PutMessageAsync(
        string task, string round, string sender, MessageType masked, MessageType encrypted, HttpContext context, TaskRegistry registry)
    {
        if (Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing)
            return missing;
        RequestIdentity requester = RequestIdentity.Of(context);
        if (!requester.Is(RosterRole.Client) && !requester.Is(RosterRole.KeyHolder))
            return ProblemResponses.Of(ErrorCodes.WrongRole, "Only clients and key holders take part in rounds.");
        if (!Identifier.TryParse(sender, out Identifier self) || !requester.Is(self))
            return ProblemResponses.Of(ErrorCodes.Forbidden, "A client or key holder sends under its own name only.");
        if (SignedMessage.TryAuthenticate(requester.Body, found!.Roster, out SignedMessage? message) is { } rejection)
            return ProblemResponses.Of(rejection);
        MessageType type = found.Parameters.Protection switch
        {
            ProtectionKind.Masking => masked,
            ProtectionKind.EncryptionSingleKey => UnderSingleKey(encrypted),
            _ => encrypted,
        };
        if (message!.Header.Sender != self || message.Body.Type != type || message.Header.RoundId != Identifier.Parse(round) || message.Header.TaskId != host!.Parameters.TaskId)
            return ProblemResponses.Of(ErrorCodes.RoundMismatch, "The message inside names another sender, kind, round or task than the path.");
        (SignedEntry? receipt, bool isRepeat, RoundRejection? refusal) = await host!.SubmitAsync(message, context.RequestAborted);
        return refusal is null ? BinaryResults.Receipt(context, receipt!, isRepeat) : ProblemResponses.Of(refusal);
    }

    private static async Task<IResult> GetAnnouncementAsync(
        string task, string round, EventType kind, HttpContext context, TaskRegistry registry, ServerOptions options, TimeProvider time)
    {
        if (Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing)
            return missing;
        ulong known = KnownSize(context);
        byte[]? announcement = await LongPoll.WaitAsync(
            context,
            host!,
            options.LongestWait,
            () => Task.FromResult(host!.FindAnnouncement(found!.Parameters.RoundId, kind, known)?.Encode() ?? (IsOver(host, found) ? [] : null)),
            time);
        return announcement switch
        {
            null => Results.Accepted(),
            { Length: 0 } => Aborted(host!, found!),
            _ => BinaryResults.Of("announcement", announcement),
        };
    }

    private static async Task<IResult> GetInboxAsync(
        string task, string round, string client, HttpContext context, TaskRegistry registry, ServerOptions options, TimeProvider time)
    {
        if (Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing)
            return missing;
        if (!Identifier.TryParse(client, out Identifier recipient) || !RequestIdentity.Of(context).Is(recipient))
            return ProblemResponses.Of(ErrorCodes.Forbidden, "An inbox is shown to its owner only.");
        ulong known = KnownSize(context);
        byte[]? inbox = await LongPoll.WaitAsync(
            context,
            host!,
            options.LongestWait,
            async () =>
            {
                if (host!.FindAnnouncement(found!.Parameters.RoundId, EventType.DealersListed, known) is not { } dealers)
                    return IsOver(host, found) ? [] : null;
                return CanonicalWriter.Write(writer => writer
                    .Opaque(dealers.Encode())
                    .List(host.FindRound(found.Parameters.RoundId)!.InboxOf(recipient), (w, item) => w.Count(item.Dealer).Opaque(item.Box.Span)));
            },
            time);
        return inbox switch
        {
            null => Results.Accepted(),
            { Length: 0 } => Aborted(host!, found!),
            _ => BinaryResults.Of("inbox", inbox),
        };
    }

    private static async Task<IResult> GetReceiptAsync(
        string task, string round, string client, HttpContext context, TaskRegistry registry, ServerOptions options, TimeProvider time)
    {
        if (Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing)
            return missing;
        if (!Identifier.TryParse(client, out Identifier owner) || !RequestIdentity.Of(context).Is(owner))
            return ProblemResponses.Of(ErrorCodes.Forbidden, "A receipt is shown to its owner only.");
        if (await host!.ReadAsync(_ => found!.IndexOf(EventType.UpdateUploaded, owner), context.RequestAborted) is not { } index)
            return ProblemResponses.Of(ErrorCodes.NotReady, "No upload of this client was accepted in this round.");
        ulong known = KnownSize(context);
        bool isForReader = context.Request.Query.ContainsKey(Routes.KnownSize);
        LogProof? proof = await LongPoll.WaitAsync(context, host, options.LongestWait, () => Task.FromResult(host.PublishedLog.ProofOf(index, known)), time);
        if (proof is null)
            return Results.Accepted();
        return isForReader
            ? BinaryResults.Of("receipt", new ProvenAnnouncement(new Announcement(host.EntryAt(index), default), proof).Encode())
            : Results.Bytes(new TlogProof(index, proof.Inclusion, proof.Checkpoint, host.EntryAt(index).Bytes.ToArray()).Encode(), "text/plain; charset=utf-8");
    }

    private static IResult GetRound(string task, string round, HttpContext context, TaskRegistry registry)
    {
        if (Find(task, round, registry, out _, out ServerRound? found) is { } missing)
            return missing;
        string tag = FormattableString.Invariant($"\"{found!.Phase}-{found.SurvivorCount}\"");
        context.Response.Headers.ETag = tag;
        return string.Equals(context.Request.Headers.IfNoneMatch, tag, StringComparison.Ordinal)
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : Results.Ok(TaskEndpoints.ViewOf(found));
    }

    private static IResult GetEvents(string task, string round, HttpContext context, TaskRegistry registry) =>
        Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing
            ? missing
            : TypedResults.ServerSentEvents(StagesAsync(host!, found!, context.RequestAborted), eventType: "round");

    private static async IAsyncEnumerable<RoundView> StagesAsync(TaskHost host, ServerRound round, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RoundView? last = null;
        while (last is not { Phase: RoundPhase.Closed or RoundPhase.Aborted })
        {
            Task stage = host.NextStage;
            RoundView current = TaskEndpoints.ViewOf(host.FindRound(round.Parameters.RoundId))!;
            if (current != last)
                yield return last = current;
            else
                await stage.WaitAsync(cancellationToken);
        }
    }

    private static async Task<IResult> GetAggregateAsync(string task, string round, TaskRegistry registry, CancellationToken cancellationToken)
    {
        if (Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing)
            return missing;
        return await host!.HoldsSumAsync(found!, cancellationToken) && host.TryGetBlob(found!.AggregateDigest!.Value, out ReadOnlyMemory<byte> sum)
            ? BinaryResults.Of("aggregate", sum)
            : ProblemResponses.Of(ErrorCodes.NotReady, "The round has no sum (yet).");
    }

    private static async Task<IResult> GetManifestAsync(string task, string round, TaskRegistry registry, CancellationToken cancellationToken)
    {
        if (Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing)
            return missing;
        return IsOver(found!) && (found!.AggregateDigest is null || await host!.HoldsSumAsync(found, cancellationToken))
            ? Results.Ok(new ManifestView(
                TaskEndpoints.ViewOf(found)!,
                found!.OpenDigest.ToString(),
                found.AggregateDigest?.ToString(),
                found.MaskTotalDigest?.ToString(),
                [.. found.Parameters.Layout.Segments.Select((s, i) => new SegmentView(s.Name, s.Length, s.ClipNorm, s.ScaleExponent, i == 0 ? found.Parameters.Layout.Flattening?.Length : null))],
                found.Parameters.Layout.RingBits,
                Math.Sqrt(found.NoiseVariance),
                ModelStep.TryEvaluate(host!.Parameters, found, host.PublishedLog),
                [.. found.Suspects.Select(s => s.ToString())],
                ModelStep.TryMeasureDrift(host.Parameters, found, host.PublishedLog),
                ModelStep.TryExplain(host.Parameters, found, host.PublishedLog)))
            : ProblemResponses.Of(ErrorCodes.NotReady, "The round is still in progress.");
    }

    private static async Task<IResult> AbortAsync(string task, string round, HttpContext context, TaskRegistry registry)
    {
        if (Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing)
            return missing;
        if (!RequestIdentity.Of(context).Is(RosterRole.Operator))
            return ProblemResponses.Of(ErrorCodes.WrongRole, "Rounds are aborted by an operator.");
        return await host!.TryAbortAsync(found!.Parameters.RoundId, context.RequestAborted)
            ? Results.Ok(TaskEndpoints.ViewOf(found))
            : ProblemResponses.Of(ErrorCodes.TooLate, "The round is over.");
    }

    private static MessageType UnderSingleKey(MessageType encrypted) => encrypted switch
    {
        MessageType.EncryptedUpload => MessageType.SingleKeyUpload,
        MessageType.KeySumAnswer => MessageType.SingleKeyAnswer,
        _ => encrypted,
    };

    private static bool IsOver(ServerRound round) => round.Phase is RoundPhase.Closed or RoundPhase.Aborted;

    /// <summary>Looked up again: a failed append makes the fold anew.</summary>
    private static bool IsOver(TaskHost host, ServerRound round) => IsOver(host.FindRound(round.Parameters.RoundId) ?? round);

    private static IResult Aborted(TaskHost host, ServerRound round) => ProblemResponses.Of(
        ErrorCodes.RoundAborted,
        $"The round ended without this step ({(host.FindRound(round.Parameters.RoundId) ?? round).AbortReason ?? "closed"}); wait for the next round.");

    /// <summary>How many entries the largest checkpoint of the reader covers; a proof shows that the log continues it.</summary>
    private static ulong KnownSize(HttpContext context) =>
        ulong.TryParse(context.Request.Query[Routes.KnownSize], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ulong size) ? size : 0;

    internal static IResult? Find(string task, string round, TaskRegistry registry, out TaskHost? host, out ServerRound? found)
    {
        found = null;
        host = TaskEndpoints.Find(task, registry);
        if (host is null)
            return TaskEndpoints.UnknownTask;
        found = Identifier.TryParse(round, out Identifier id) ? host.FindRound(id) : null;
        return found is null ? ProblemResponses.Of(ErrorCodes.UnknownRound, "No such round in this task; fetch the task to see the current one.") : null;
    }
}
