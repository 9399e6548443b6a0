using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Errors;

namespace SecureFed.Protocol.Masking;

/// <summary>Outcome of one client step: a message to send once the state is saved, or a refusal.</summary>
/// <param name="Message">Bytes to send; null after a refusal.</param>
/// <param name="Masked">The same message as a masked update, if that is what it is.</param>
/// <param name="Refusal">Why the client abstains from the rest of the round; its state is unchanged.</param>
/// <param name="Encrypted">The same message as an encrypted update, if that is what it is.</param>
public readonly record struct ClientStep(ReadOnlyMemory<byte>? Message, MaskedUpdate? Masked, RoundRejection? Refusal, EncryptedUpdate? Encrypted = null)
{
    internal static ClientStep Send(ReadOnlyMemory<byte> message) => new(message, null, null);

    internal static ClientStep Send(MaskedUpdate masked) => new(masked.Bytes, masked, null);

    internal static ClientStep Send(EncryptedUpdate encrypted) => new(encrypted.Bytes, null, null, encrypted);

    internal static ClientStep Refuse(string code, string detail) => new(null, null, new RoundRejection(code, detail));

    internal static ClientStep Refuse(RoundRejection refusal) => new(null, null, refusal);
}
