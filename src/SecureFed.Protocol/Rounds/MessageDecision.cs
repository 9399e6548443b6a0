using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Rounds;

/// <summary>What the round makes of one message: exactly one of the three is set.</summary>
/// <param name="Accepted">To be made durable before it is acknowledged.</param>
/// <param name="RepeatedIndex">The same bytes were accepted before under this log index; acknowledge again.</param>
/// <param name="Rejection">Refused, state unchanged.</param>
public sealed record MessageDecision(PendingEvent? Accepted, ulong? RepeatedIndex, RoundRejection? Rejection)
{
    internal static MessageDecision Accept(PendingEvent accepted) => new(accepted, null, null);

    internal static MessageDecision Repeat(ulong index) => new(null, index, null);

    internal static MessageDecision Refuse(string code, string detail) => new(null, null, new RoundRejection(code, detail));

    internal static MessageDecision Refuse(RoundRejection rejection) => new(null, null, rejection);
}
