using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Bfv;

/// <summary>The arithmetic under a single key, behind Microsoft SEAL's wire format, so that SEAL itself can take the place of ours.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Bytes in</term><description>One whole object each as <see cref="SealCiphertext.Write"/> and its siblings write it: header 4.1, uncompressed, nothing seeded, residues below q,
/// second component not zero, of one of the sets of <see cref="BfvSet"/>. <see cref="CheckedSingleKeyEngine"/> alone calls an engine and sees to that; an engine is not
/// handed foreign bytes.</description></item>
/// <item><term>Bytes out</term><description>One object that our parser reads (any 4.x header, any compression it knows); it is read before anything is done with it.</description></item>
/// <item><term>Sums</term><description>Not an engine's: both parties add residues in place (<see cref="SingleKeySum"/>), which a format of bytes would only slow down, and SEAL's evaluator
/// refuses an intermediate sum whose second components cancel where the whole sum is sound.</description></item>
/// <item><term>Assumed</term><description>Nothing is kept between calls but tables of parameters; may be called from several threads. An engine clears what it holds of secrets as far as it can.</description></item>
/// </list>
/// </remarks>
public interface ISingleKeyEngine
{
    /// <summary>For logs: library and version.</summary>
    string Name { get; }

    /// <summary>Draws a ternary secret key and a fresh public key of it.</summary>
    /// <param name="parameters">Of one of the sets.</param>
    /// <param name="random">Strong. An engine with a strong source of its own may ignore it.</param>
    /// <returns>Both as SEAL saves them; the secret one is the caller's to clear.</returns>
    (byte[] SecretKey, byte[] PublicKey) DrawKeys(SealParameters parameters, IRandomSource random);

    /// <summary>Encrypts a vector, N values in each ciphertext, the last one padded with zeros.</summary>
    /// <param name="parameters">Of the key.</param>
    /// <param name="publicKey">PublicKey::save.</param>
    /// <param name="values">L of them, each below t.</param>
    /// <param name="random">As for <see cref="DrawKeys"/>.</param>
    /// <returns>⌈L/N⌉ ciphertexts.</returns>
    IReadOnlyList<byte[]> Encrypt(SealParameters parameters, ReadOnlySpan<byte> publicKey, ReadOnlySpan<uint> values, IRandomSource random);

    /// <summary>Decrypts the ciphertexts of one vector. Says nothing of their noise.</summary>
    /// <param name="parameters">Of the key.</param>
    /// <param name="secretKey">SecretKey::save.</param>
    /// <param name="ciphertexts">⌈L/N⌉ of them.</param>
    /// <param name="values">L values, overwritten: coefficients that a plaintext does not have are zero.</param>
    void Decrypt(SealParameters parameters, ReadOnlySpan<byte> secretKey, IReadOnlyList<byte[]> ciphertexts, Span<uint> values);
}
