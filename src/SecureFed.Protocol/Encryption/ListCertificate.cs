using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Tasks;

namespace SecureFed.Protocol.Encryption;

/// <summary>Whether t_h distinct holders of a round signed one list.</summary>
/// <remarks>2·t_h &gt; K + f: two certified lists would share an honest holder, who signs one (DESIGN section 3, Encryption, step 4).</remarks>
internal static class ListCertificate
{
    public static bool IsValid(KeySumRequest request, OpenedRound round, TaskParameters task, Roster roster)
    {
        if (request.Certificate.Count < round.Encryption.Specification.Threshold)
            return false;
        ListSignature signed = new(request.ListDigest, request.ListEntryIndex);

        // Distinct because the decoder demands strictly ascending points, and no holder sits at two. Every signature must hold: an honest server includes no bad one.
        return request.Certificate.All(signature =>
            round.Encryption.Table.Entries.FirstOrDefault(e => e.Point == signature.Point) is { } seat
            && roster.Find(seat.Holder, RosterRole.KeyHolder) is not null
            && SignedMessage.Verify(
                new MessageHeader(task.TaskId, round.Parameters.RoundId, seat.Holder, round.OpenDigest), signed, signature.Signature.Span, roster));
    }
}
