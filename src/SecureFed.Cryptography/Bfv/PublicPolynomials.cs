using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SecureFed.Cryptography.KeyDerivation;
using SecureFed.Cryptography.Masking;

namespace SecureFed.Cryptography.Bfv;

/// <summary>The public polynomials a_j of one round, j = 0, 1, …, that all its clients encrypt under.</summary>
/// <remarks>
/// <para>AES-256 key: HKDF-SHA256 of openDigest without salt, info "a". Counter block (j, block), each a big-endian 64-bit word, block from 0. The keystream is
/// read as little-endian 64-bit words, whose low bits(q) bits are a candidate; candidates of q or more are skipped. The first N left are the values of a_j
/// in the order of <see cref="Rings.NumberTheoreticTransform"/>: uniform values are uniform coefficients, and a transform is saved. Expansion as in
/// FrodoKEM-AES (Alkim et al., FrodoKEM, generation of A with AES).</para>
/// <para>Nothing here is secret. Not thread safe.</para>
/// </remarks>
public sealed class PublicPolynomials : IDisposable
{
    public const int DigestBytes = 32;
    private const int WordsPerBlock = Aes256Ctr.BlockBytes / sizeof(ulong);

    private readonly CounterKeystream keystream;
    private readonly byte[] counters;
    private readonly byte[] buffer;

    /// <param name="set">N and q.</param>
    /// <param name="openDigest">32 bytes: what the round was opened with.</param>
    /// <exception cref="ArgumentException">The digest has another length.</exception>
    public PublicPolynomials(BfvSet set, ReadOnlySpan<byte> openDigest)
    {
        if (openDigest.Length != DigestBytes) throw new ArgumentException($"The round's digest has {DigestBytes} bytes.", nameof(openDigest));
        Set = set;
        counters = new byte[set.Degree * sizeof(ulong)];
        buffer = new byte[counters.Length];
        Span<byte> key = stackalloc byte[Aes256Ctr.KeyBytes];
        HkdfSha256.DeriveKey(openDigest, [], "a"u8, key);
        keystream = new CounterKeystream(key, UInt128.Zero);
    }

    public BfvSet Set { get; }

    /// <summary>Overwrites <paramref name="values"/> with a_j, as values.</summary>
    /// <param name="index">j, from 0.</param>
    /// <param name="values">Length N.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">j is negative.</exception>
    public void Expand(int index, Span<ulong> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        if (values.Length != Set.Degree) throw new ArgumentException($"A polynomial has {Set.Degree} values.", nameof(values));
        keystream.Seek((UInt128)(uint)index << 64);
        Span<ulong> words = NextWords(buffer.Length / Aes256Ctr.BlockBytes);
        ulong q = Set.Modulus.Value;
        ulong mask = ulong.MaxValue >> (64 - Set.Modulus.Bits);
        if (TryTakeAll(words, values, q, mask)) return;

        int taken = 0;
        while (true)
        {
            foreach (ulong word in words)
            {
                if ((word & mask) >= q) continue;
                values[taken++] = word & mask;
                if (taken == values.Length) return;
            }

            words = NextWords(1);
        }
    }

    public void Dispose() => keystream.Dispose();

    /// <summary>The usual case: no candidate is rejected (of A1's, one in 2^36 is).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryTakeAll(ReadOnlySpan<ulong> words, Span<ulong> values, ulong q, ulong mask)
    {
        ReadOnlySpan<Vector<ulong>> wide = MemoryMarshal.Cast<ulong, Vector<ulong>>(words);
        Span<Vector<ulong>> wideValues = MemoryMarshal.Cast<ulong, Vector<ulong>>(values)[..wide.Length];
        var wideMask = new Vector<ulong>(mask);
        var greatest = new Vector<long>((long)q - 1);
        Vector<long> rejected = default;
        for (int i = 0; i < wide.Length; i++)
        {
            Vector<ulong> candidates = wide[i] & wideMask;
            rejected |= Vector.GreaterThan(candidates.As<ulong, long>(), greatest);
            wideValues[i] = candidates;
        }

        return rejected == Vector<long>.Zero;
    }

    private Span<ulong> NextWords(int blocks)
    {
        keystream.Next(counters, buffer, blocks);
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(buffer.AsSpan())[..(blocks * WordsPerBlock)];
        if (!BitConverter.IsLittleEndian) System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(words, words);
        return words;
    }
}
