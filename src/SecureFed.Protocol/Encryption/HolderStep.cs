using SecureFed.Protocol.Errors;

namespace SecureFed.Protocol.Encryption;

/// <summary>Outcome of one step of a key holder: a message to send once the state is saved, or a refusal.</summary>
/// <param name="Message">Bytes to send; null after a refusal.</param>
/// <param name="Refusal">Why nothing is said; the holder's state is unchanged.</param>
public readonly record struct HolderStep(ReadOnlyMemory<byte>? Message, RoundRejection? Refusal)
{
    internal static HolderStep Send(ReadOnlyMemory<byte> message) => new(message, null);

    internal static HolderStep Refuse(string code, string detail) => new(null, new RoundRejection(code, detail));

    internal static HolderStep Refuse(RoundRejection refusal) => new(null, refusal);
}
