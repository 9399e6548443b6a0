using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking;

/// <summary>Whether every upload of a survivor list was signed for one and the same dealers list.</summary>
internal static class UploadCheck
{
    public static bool FollowOneDealersList(SurvivorList list, MaskingCohort cohort, ClientContext context, RoundParameters round) =>
        list.Uploads.All(upload => SignedMessage.Verify(
            new MessageHeader(context.Task.TaskId, cohort.RoundId, cohort[upload.Index], cohort.Digest),
            new UploadStatement(list.DealersDigest, round.Layout.Dimension, round.Layout.RingBits, upload.WordsDigest),
            upload.Signature.Span,
            context.Roster));
}
