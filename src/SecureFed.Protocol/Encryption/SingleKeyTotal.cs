using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>The running sum of all ciphertexts of uploads under a single key, one polynomial after the other, in place. Server and holder each make their own.</summary>
internal sealed class SingleKeyTotal
{
    private readonly SingleKeySum[] sums;

    /// <param name="round">Its dimension, and as many clients as it invites.</param>
    public SingleKeyTotal(RoundParameters round)
    {
        BfvParameters arithmetic = EncryptedRound.ParametersOf(round);
        sums = [.. Enumerable.Range(0, SingleKeyRound.CountOf(round)).Select(_ => new SingleKeySum(arithmetic))];
    }

    /// <summary>Adds one upload.</summary>
    /// <exception cref="InvalidOperationException">More uploads than clients are invited.</exception>
    public void Add(IReadOnlyList<SealCiphertext> upload)
    {
        for (int i = 0; i < sums.Length; i++) sums[i].Add(upload[i]);
    }

    /// <summary>The sums; null if second components cancel, so that one of them would hide nothing.</summary>
    public IReadOnlyList<SealCiphertext>? TryFinish()
    {
        try
        {
            return [.. sums.Select(sum => sum.ToCiphertext())];
        }
        catch (SealFormatException)
        {
            return null;
        }
    }

    /// <summary>What the log keeps of a sum, and what its holder signs the digest of: SHA-256 of each of its ciphertexts as SEAL 4.1 saves it.</summary>
    public static byte[] Name(IReadOnlyList<SealCiphertext> sum) => [.. sum.SelectMany(ciphertext => Digest.Of(ciphertext.Write()).ToArray())];
}
