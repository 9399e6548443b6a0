using SecureFed.Protocol.Errors;

namespace SecureFed.Protocol.Masking;

/// <summary>Outcome of one client step: a message to send once the state is saved, or a refusal.</summary>
/// <param name="Message">Bytes to send; null after a refusal.</param>
/// <param name="Refusal">Why the client abstains from the rest of the round; its state is unchanged.</param>
public readonly record struct ClientStep(ReadOnlyMemory<byte>? Message, RoundRejection? Refusal)
{
    internal static ClientStep Send(ReadOnlyMemory<byte> message) => new(message, null);

    internal static ClientStep Refuse(string code, string detail) => new(null, new RoundRejection(code, detail));

    internal static ClientStep Refuse(RoundRejection refusal) => new(null, refusal);
}
