using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption.Messages;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a client computes in a round under a single key. Decides nothing: <see cref="EncryptionClient"/> does, and calls this once.</summary>
internal static class SingleKeyUploadEncryption
{
    /// <param name="round">Examined: its key has been read.</param>
    /// <param name="engine">Null is ours.</param>
    /// <param name="update">The update, consumed.</param>
    /// <param name="random">Strong.</param>
    public static SingleKeyUpload Create(OpenedRound round, ISingleKeyEngine? engine, NoisedUpdate update, IRandomSource random)
    {
        SealParameters parameters = SingleKeyRound.ParametersOf(round.Parameters);
        if (SingleKeyRound.FindFault(round.Encryption.Table.Entries[0].RoundKey.Span, parameters, out SealPublicKey? key) is { } fault)
            throw new InvalidOperationException($"A round key that passed the examination cannot be used: {fault}.");
        uint[] values = GC.AllocateArray<uint>(update.Layout.Dimension, pinned: true);
        try
        {
            update.CopyTo(values);
            IReadOnlyList<SealCiphertext> ciphertexts = new CheckedSingleKeyEngine(engine).Encrypt(key!, values, random);
            return new SingleKeyUpload(SingleKeyRound.CiphertextBytes(parameters), (byte[])[.. ciphertexts.SelectMany(ciphertext => ciphertext.Write())]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }
}
