using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Masking;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a client or key holder demands of the opening of an encrypted round, beyond what all rounds have in common.</summary>
/// <remarks>
/// The holder table is where a lying server would begin: with two tables for two clients, or one holder at two points, a linear combination of honest sums over one
/// list is one client's key. So points follow from the task, keys are the holders' own, and openDigest binds them (DESIGN section 3, Encryption).
/// </remarks>
internal static class EncryptionExamination
{
    /// <param name="context">Client or holder.</param>
    /// <param name="opening">Signed ROUND_OPENED entry and the list of invited clients.</param>
    /// <param name="lastRoundNumber">Highest round number of this task that this party ever joined, 0 if none.</param>
    /// <param name="round">The round if it is acceptable.</param>
    /// <returns>Null, or why the party abstains.</returns>
    public static RoundRejection? FindFault(ClientContext context, Announcement opening, int lastRoundNumber, out OpenedRound? round)
    {
        round = null;
        if (RoundExamination.FindFault(context, opening.Entry, lastRoundNumber, out RoundParameters? read) is { } fault)
            return fault;
        if (read!.Protection != context.Task.Protection || read.Encryption is not { } encryption || encryption.Specification != context.Task.Encryption)
            return Refuse(ErrorCodes.InvalidParameters, "The round's parameter set, key holders or threshold differ from the task's.");
        if (FindTableFault(context, encryption) is { } table)
            return Refuse(ErrorCodes.InvalidHolders, $"The round's table of key holders is refused: {table}. Nothing is encrypted to it.");
        if (Digest.Of(opening.Blob.Span) != encryption.InvitedDigest || !InvitedList.TryDecode(opening.Blob.Span, out InvitedList? list) || list!.Clients.Count != encryption.Invited)
            return InvalidInvitation("the list is malformed or not the one that the round was opened with");
        if (list.FindFault(context.Roster, read.Cohort) is { } invitation)
            return InvalidInvitation(invitation);
        if (CohortThresholds.TryDeriveEncrypted(read.Cohort, list.Clients.Count, out string reason) is not { } thresholds)
            return InvalidInvitation(reason.TrimEnd('.'));
        if (context.Policy.Check(thresholds) is { } violation)
            return violation;
        round = new OpenedRound(read, OpenDigest.Of(opening.Entry.Bytes.Span, opening.Entry.Index), list.Clients, thresholds);
        return null;
    }

    private static string? FindTableFault(ClientContext context, RoundEncryption encryption)
    {
        EncryptionSpecification specification = encryption.Specification;
        IReadOnlyList<HolderEntry> seats = encryption.Table.Entries;
        if (seats.Count < specification.Threshold)
            return $"{seats.Count} holders have a seat, {specification.Threshold} are needed for a sum";
        foreach (HolderEntry seat in seats)
        {
            if (seat.Point > specification.Holders.Count || specification.Holders[seat.Point - 1] != seat.Holder)
                return "a holder does not sit at its point of the task";
            if (HolderKeys.FindFault(context.Task, seat.RoundKey.Span) is { } key)
                return $"a round key cannot be used: {key}";
            if (seat.Number == 0 || !SignedHolderKey.Of(context.Task.TaskId, seat).Verify(context.Roster))
                return "a round key is not signed by its holder, or the holder is none of the roster";
        }

        return null;
    }

    private static RoundRejection InvalidInvitation(string what) =>
        Refuse(ErrorCodes.InvalidCohort, $"The round's invitation is refused: {what}. Report it to the roster authority if it happens again.");

    private static RoundRejection Refuse(string code, string detail) => new(code, detail);
}
