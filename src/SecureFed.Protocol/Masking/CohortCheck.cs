using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>A client's examination of a published cohort. Everything the server claims is recomputed or verified against the roster.</summary>
/// <remarks>What is checked here is the same for every client of the cohort; whether its own advertisement stands there each client looks up itself.</remarks>
internal static class CohortCheck
{
    /// <returns>Null, or why the client abstains.</returns>
    public static RoundRejection? FindFault(CohortList list, ClientContext context, RoundParameters round, Digest openDigest)
    {
        int n = list.Advertisements.Count;
        if (list.OpenDigest != openDigest)
            return Fault("it belongs to another opening of the round");
        if (n < round.Cohort.Least || n > round.Cohort.Greatest)
            return Fault($"it has {n} members, the round allows {round.Cohort.Least} to {round.Cohort.Greatest}");
        if (CohortThresholds.TryDerive(round.Cohort, n, out _) is not { } thresholds || thresholds != list.Thresholds)
            return Fault("its thresholds are not those that follow from the round's parameters");

        HashSet<string> keys = new(StringComparer.Ordinal);
        Dictionary<string, int> organisations = new(StringComparer.Ordinal);
        Identifier? previous = null;
        foreach (ReadOnlyMemory<byte> bytes in list.Advertisements)
        {
            if (SignedMessage.TryAuthenticate(bytes, context.Roster, out SignedMessage? message) is { } rejection)
                return Fault($"an advertisement is refused ({rejection.Code})");
            MessageHeader header = message!.Header;
            if (message.Body is not Advertisement advertisement || header.TaskId != context.Task.TaskId || header.RoundId != round.RoundId || header.Binding != openDigest)
                return Fault("an advertisement was made for another round");
            if (previous is { } before && header.Sender <= before)
                return Fault("its members are not distinct and in ascending order");
            previous = header.Sender;
            if (!P256.IsValidPublicKey(advertisement.MaskKey.Span) || !P256.IsValidPublicKey(advertisement.SealingKey.Span))
                return Fault("a key is no point on P-256");
            if (!keys.Add(Convert.ToHexString(advertisement.MaskKey.Span)) || !keys.Add(Convert.ToHexString(advertisement.SealingKey.Span)))
                return Fault("two keys are equal");
            string organisation = context.Roster.Find(header.Sender)!.Organisation;
            if ((organisations[organisation] = organisations.GetValueOrDefault(organisation) + 1) > round.Cohort.OrganisationCap)
                return Fault($"an organisation has more than {round.Cohort.OrganisationCap} members");
        }

        return null;
    }

    public static RoundRejection Fault(string what) =>
        new(ErrorCodes.InvalidCohort, $"The published cohort is refused: {what}. The client abstains from this round; report it to the roster authority if it happens again.");
}
