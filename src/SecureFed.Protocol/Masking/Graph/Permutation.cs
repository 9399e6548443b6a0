using System.Buffers.Binary;
using SecureFed.Cryptography.KeyDerivation;
using SecureFed.Cryptography.Masking;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Masking.Graph;

/// <summary>The public permutation that a digest determines: who stands where on the ring, who is in which leaf.</summary>
/// <remarks>
/// Fisher–Yates from the last place down (Knuth, TAOCP volume 2, algorithm 3.4.2P), with little-endian 32-bit words of the AES-256-CTR keystream under
/// HKDF-SHA256(digest, salt = digest, info = label); words that would favour some places are rejected. Whoever chooses what enters the digest can try many
/// permutations: the bounds allow for 2^64 tries (DESIGN section 3, σ = 104).
/// </remarks>
internal static class Permutation
{
    /// <summary>Index at each place.</summary>
    /// <param name="digest">Public.</param>
    /// <param name="label">Purpose; ends with a line feed.</param>
    /// <param name="count">n, at least 1.</param>
    public static int[] Create(Digest digest, ReadOnlySpan<byte> label, int count)
    {
        Span<byte> salt = stackalloc byte[Digest.Bytes];
        Span<byte> key = stackalloc byte[Aes256Ctr.KeyBytes];
        digest.CopyTo(salt);
        HkdfSha256.DeriveKey(salt, salt, label, key);
        using KeyedRandomSource words = new(key);
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
            order[i] = i;
        for (int place = count - 1; place > 0; place--)
        {
            int other = Below(words, (uint)place + 1);
            (order[place], order[other]) = (order[other], order[place]);
        }

        return order;
    }

    private static int Below(KeyedRandomSource words, uint bound)
    {
        ulong accepted = (1UL << 32) / bound * bound;
        Span<byte> word = stackalloc byte[sizeof(uint)];
        uint value;
        do
        {
            words.Fill(word);
            value = BinaryPrimitives.ReadUInt32LittleEndian(word);
        }
        while (value >= accepted);
        return (int)(value % bound);
    }
}
