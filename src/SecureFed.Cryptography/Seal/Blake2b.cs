using System.Buffers.Binary;
using System.Numerics;

namespace SecureFed.Cryptography.Seal;

/// <summary>The hash BLAKE2b, with or without a key. SEAL names parameter sets by it; the platform does not offer it.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>RFC 7693, sections 2 and 3; the parameter block with its tree fields: Aumasson, Neves, Wilcox-O'Hearn and
/// Winnerlein 2013, section 2.8.</description></item>
/// <item><term>Sizes</term><description>Digest 1 to 64 bytes, key 0 to 64 bytes, input below 2^31 bytes.</description></item>
/// <item><term>Assumes</term><description>Inputs are public: working memory is not cleared. Everything that SEAL hashes here is.</description></item>
/// </list>
/// </remarks>
internal static class Blake2b
{
    public const int GreatestDigestBytes = 64;
    public const int GreatestKeyBytes = 64;
    public const int ParameterWords = 8;

    private const int BlockBytes = 128;
    private const int Rounds = 12;

    private static ReadOnlySpan<ulong> InitialVector =>
    [
        0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
        0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
    ];

    /// <summary>SIGMA of RFC 7693, section 2.7; rounds 10 and 11 use rows 0 and 1.</summary>
    private static ReadOnlySpan<byte> Schedule =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
        11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
        7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
        9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
        2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
        12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
        13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
        6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
        10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
    ];

    /// <param name="input">Any length.</param>
    /// <param name="digest">1 to 64 bytes, overwritten; its length is part of what is hashed.</param>
    /// <param name="key">At most 64 bytes; empty for the hash without a key.</param>
    /// <exception cref="ArgumentException">Digest or key has another length.</exception>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> digest, ReadOnlySpan<byte> key = default)
    {
        Span<ulong> parameters = stackalloc ulong[ParameterWords];
        parameters.Clear();
        parameters[0] = Sequential(digest.Length, key.Length);
        Hash(parameters, input, digest, key);
    }

    /// <summary>The first word of the parameter block outside a tree: digest and key length, fan-out 1, depth 1.</summary>
    public static ulong Sequential(int digestBytes, int keyBytes) => (uint)digestBytes | ((ulong)(uint)keyBytes << 8) | (1UL << 16) | (1UL << 24);

    /// <summary>The same with every field of the parameter block in the caller's hands.</summary>
    /// <param name="parameters">8 words; the first names the lengths of digest and key.</param>
    /// <param name="input">Any length.</param>
    /// <param name="digest">1 to 64 bytes, overwritten.</param>
    /// <param name="key">At most 64 bytes.</param>
    /// <exception cref="ArgumentException">Digest or key has another length.</exception>
    public static void Hash(ReadOnlySpan<ulong> parameters, ReadOnlySpan<byte> input, Span<byte> digest, ReadOnlySpan<byte> key)
    {
        if (digest.Length is 0 or > GreatestDigestBytes) throw new ArgumentException("A digest has 1 to 64 bytes.", nameof(digest));
        if (key.Length > GreatestKeyBytes) throw new ArgumentException("A key has at most 64 bytes.", nameof(key));

        Span<ulong> state = stackalloc ulong[ParameterWords];
        for (int i = 0; i < state.Length; i++) state[i] = InitialVector[i] ^ parameters[i];

        Span<byte> block = stackalloc byte[BlockBytes];
        ulong hashed = 0;
        if (!key.IsEmpty)
        {
            // The padded key is the first block, and the last one if there is no input.
            block.Clear();
            key.CopyTo(block);
            hashed = BlockBytes;
            Compress(state, block, hashed, isLast: input.IsEmpty);
        }

        for (; input.Length > BlockBytes; input = input[BlockBytes..])
        {
            hashed += BlockBytes;
            Compress(state, input[..BlockBytes], hashed, isLast: false);
        }

        if (!input.IsEmpty || key.IsEmpty)
        {
            block.Clear();
            input.CopyTo(block);
            Compress(state, block, hashed + (uint)input.Length, isLast: true);
        }

        Span<byte> full = stackalloc byte[GreatestDigestBytes];
        for (int i = 0; i < state.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(full[(i * sizeof(ulong))..], state[i]);
        full[..digest.Length].CopyTo(digest);
    }

    /// <summary>F of RFC 7693, section 3.2.</summary>
    private static void Compress(Span<ulong> state, ReadOnlySpan<byte> block, ulong hashedBytes, bool isLast)
    {
        Span<ulong> m = stackalloc ulong[16];
        for (int i = 0; i < m.Length; i++) m[i] = BinaryPrimitives.ReadUInt64LittleEndian(block[(i * sizeof(ulong))..]);

        Span<ulong> v = stackalloc ulong[16];
        state.CopyTo(v);
        InitialVector.CopyTo(v[8..]);
        v[12] ^= hashedBytes;
        if (isLast) v[14] = ~v[14];

        for (int round = 0; round < Rounds; round++)
        {
            ReadOnlySpan<byte> s = Schedule.Slice(round % 10 * 16, 16);
            Mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
            Mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
            Mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
            Mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
            Mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
            Mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
            Mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
            Mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
        }

        for (int i = 0; i < state.Length; i++) state[i] ^= v[i] ^ v[i + 8];
    }

    /// <summary>G of RFC 7693, section 3.1.</summary>
    private static void Mix(Span<ulong> v, int a, int b, int c, int d, ulong x, ulong y)
    {
        unchecked
        {
            v[a] += v[b] + x;
            v[d] = BitOperations.RotateRight(v[d] ^ v[a], 32);
            v[c] += v[d];
            v[b] = BitOperations.RotateRight(v[b] ^ v[c], 24);
            v[a] += v[b] + y;
            v[d] = BitOperations.RotateRight(v[d] ^ v[a], 16);
            v[c] += v[d];
            v[b] = BitOperations.RotateRight(v[b] ^ v[c], 63);
        }
    }
}
