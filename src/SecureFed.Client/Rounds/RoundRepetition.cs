using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Rounds;

/// <summary>What makes two rounds ask a client for the same numbers: the kind and the model they refer to.</summary>
/// <remarks>
/// Two sums over nearly the same clients and the same numbers differ by what one client gave. A client that has answered for one refuses the other, also when
/// the server says that the first failed: its word is no proof. A server that changes the model a little gets past this; noise and the cross-round guard are
/// the answer to that (threat-model.md, R3). An update that was computed ahead and went to a round on a later model counts for the model that it was computed on too.
/// </remarks>
internal static class RoundRepetition
{
    public static Digest DigestOf(RoundParameters round) =>
        Digest.Of(CanonicalWriter.Write(writer => writer.UInt8((byte)round.Kind).Digest(round.ModelDigest)));
}
