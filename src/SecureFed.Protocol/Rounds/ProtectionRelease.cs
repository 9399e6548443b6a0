using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>Where the end of a round stands: the sum with what was taken away for it, a failure, or neither while answers are missing.</summary>
/// <param name="Sum">d ring elements, reduced; null without one.</param>
/// <param name="Removed">What the log keeps, so that an auditor can check the sum: the total of the masks, or the sum of keys; under a single key, the digests of the ciphertexts that its holder has decrypted. Null without a sum.</param>
/// <param name="Failure">Error code of the round that cannot be summed any more.</param>
/// <param name="Suspects">Distinct participants against whom the answers speak, the gravest first.</param>
internal sealed record ProtectionRelease(uint[]? Sum, byte[]? Removed, string? Failure, IReadOnlyList<Identifier> Suspects)
{
    public static ProtectionRelease Waiting { get; } = new(null, null, null, []);

    public static ProtectionRelease Failed(string code, IReadOnlyList<Identifier> suspects) => new(null, null, code, suspects);
}
