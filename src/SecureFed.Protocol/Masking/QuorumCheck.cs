using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>Whether Q distinct cohort members signed one survivor list.</summary>
/// <remarks>Consistency check of Bonawitz et al. 2017, Figure 4, round 3, with Q = ⌊(n + c)/2⌋ + 1: two certified lists would share an honest signer.</remarks>
internal static class QuorumCheck
{
    public static bool IsCertified(UnmaskRequest request, MaskingCohort cohort, ClientContext context)
    {
        if (request.Certificate.Count < cohort.Thresholds.Quorum)
            return false;
        Confirmation confirmation = new(request.SurvivorListDigest, request.SurvivorEntryIndex);

        // Distinct because the decoder demands strictly ascending signers. Every signature must hold: an honest server includes no bad one.
        return request.Certificate.All(signature =>
            signature.Signer < cohort.Count
            && context.Roster.Find(cohort[signature.Signer], RosterRole.Client) is { } signer
            && SignedMessage.Verify(
                new MessageHeader(context.Task.TaskId, cohort.RoundId, signer.Id, cohort.Digest),
                confirmation,
                signature.Signature.Span,
                context.Roster));
    }
}
