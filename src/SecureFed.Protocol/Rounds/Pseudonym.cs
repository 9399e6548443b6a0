using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>A client's name in one round's log entries: unlinkable across rounds for who does not hold the salt.</summary>
public static class Pseudonym
{
    public const int SaltBytes = 32;

    private static ReadOnlySpan<byte> Label => "securefed/v1 pseudonym\n"u8;

    /// <summary>First 16 bytes of SHA-256(label ‖ salt ‖ identifier).</summary>
    public static Identifier Of(ReadOnlySpan<byte> salt, Identifier client) =>
        new(Digest.Of([.. Label, .. salt, .. client.ToArray()]).ToArray().AsSpan(0, Identifier.Bytes));
}
