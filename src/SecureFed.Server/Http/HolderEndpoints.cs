using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Resources;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;
using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>What key holders do besides the messages of a round: offer keys ahead, and fetch what clients have sealed for them.</summary>
internal static class HolderEndpoints
{
    /// <summary>Deliveries in one answer: some 3 MB.</summary>
    private const int GreatestPage = 200;

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPut("/v1/tasks/{task}/holder-keys/{holder}", OfferAsync)
            .WithName("OfferHolderKey").WithSummary("A key holder's signed offer of a key for a coming round; the same bytes again change nothing. Answers with the signed entry that records it.");
        endpoints.MapGet("/v1/tasks/{task}/holder-keys/{holder}", GetOffersAsync)
            .WithName("GetHolderKeys").WithSummary("How many keys a key holder has offered, and how many wait for their rounds; for itself.").Produces<HolderKeysView>();
        endpoints.MapGet("/v1/tasks/{task}/rounds/{round}/boxes/{holder}", GetBoxes)
            .WithName("GetBoxes").WithSummary("Signed statements of the fixed uploads, from one place on, each with the share sealed to this key holder; for itself. Empty after the last.");
        endpoints.MapGet("/v1/tasks/{task}/rounds/{round}/uploads/{client}", GetUpload)
            .WithName("GetUpload").WithSummary("Under a single key: a listed upload, its signed statement and all its ciphertexts, for the key holder that adds them itself. Not before the survivor list is out.");
    }

    private static async Task<IResult> OfferAsync(string task, string holder, HttpContext context, TaskRegistry registry)
    {
        if (TaskEndpoints.Find(task, registry) is not { } host)
            return TaskEndpoints.UnknownTask;
        RequestIdentity requester = RequestIdentity.Of(context);
        if (!requester.Is(RosterRole.KeyHolder))
            return ProblemResponses.Of(ErrorCodes.WrongRole, "Keys are offered by key holders.");
        if (SignedHolderKey.TryDecode(requester.Body.Span) is not { } offer)
            return ProblemResponses.Of(ErrorCodes.InvalidMessage, "The body is not one canonical offer of a holder's key; encode it as the protocol document says.");
        if (!Identifier.TryParse(holder, out Identifier named) || !requester.Is(named) || offer.Holder != named)
            return ProblemResponses.Of(ErrorCodes.Forbidden, "A key holder offers under its own name only.");
        (SignedEntry? entry, bool isRepeat, RoundRejection? rejection) = await host.OfferKeyAsync(requester.Body, context.RequestAborted);
        return rejection is null ? BinaryResults.Receipt(context, entry!, isRepeat) : ProblemResponses.Of(rejection);
    }

    private static async Task<IResult> GetOffersAsync(string task, string holder, HttpContext context, TaskRegistry registry)
    {
        if (TaskEndpoints.Find(task, registry) is not { } host)
            return TaskEndpoints.UnknownTask;
        if (!Identifier.TryParse(holder, out Identifier named) || !RequestIdentity.Of(context).Is(named))
            return ProblemResponses.Of(ErrorCodes.Forbidden, "Offers are shown to the key holder that made them.");
        (ulong last, int ahead) = await host.ReadAsync(state => state.OffersOf(named), context.RequestAborted);
        return Results.Ok(new HolderKeysView(last, ahead));
    }

    private static IResult GetUpload(string task, string round, string client, HttpContext context, TaskRegistry registry)
    {
        if (RoundEndpoints.Find(task, round, registry, out _, out ServerRound? found) is { } missing)
            return missing;
        RequestIdentity requester = RequestIdentity.Of(context);
        if (found!.Parameters.Protection != ProtectionKind.EncryptionSingleKey || !found.Parameters.Encryption!.Table.Entries.Any(seat => requester.Is(seat.Holder)))
            return ProblemResponses.Of(ErrorCodes.Forbidden, "Uploads are shown to nobody but the holder of a round's single key.");
        if (found.Phase is not (RoundPhase.Confirm or RoundPhase.Unmask))
            return ProblemResponses.Of(ErrorCodes.NotReady, "The survivors of this round are not listed yet, or the round is over.");
        return Identifier.TryParse(client, out Identifier named) && found.DeliveryOf(found.Parameters.Encryption.Table.Entries[0].Holder, named) is { } delivery
            ? BinaryResults.Of("upload", delivery.Encode())
            : ProblemResponses.Of(ErrorCodes.NotInCohort, "The survivor list of this round does not hold this client.");
    }

    private static IResult GetBoxes(string task, string round, string holder, HttpContext context, TaskRegistry registry, int from = 0)
    {
        if (RoundEndpoints.Find(task, round, registry, out TaskHost? host, out ServerRound? found) is { } missing)
            return missing;
        if (!Identifier.TryParse(holder, out Identifier named) || !RequestIdentity.Of(context).Is(named))
            return ProblemResponses.Of(ErrorCodes.Forbidden, "Sealed shares are shown to the holder for whom they are.");
        if (found!.Phase is not (RoundPhase.Check or RoundPhase.Confirm or RoundPhase.Unmask))
            return ProblemResponses.Of(ErrorCodes.NotReady, "The uploads of this round are not fixed yet, or the round is over.");
        IReadOnlyList<HolderDelivery> page = found.DeliveriesTo(named, Math.Max(0, from), GreatestPage);
        return BinaryResults.Of("boxes", HolderDelivery.EncodePage(page));
    }
}
