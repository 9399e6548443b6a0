using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Sharing;

/// <summary>Uniform elements of Z_q by rejection.</summary>
/// <remarks>
/// Candidates are consecutive little-endian 64-bit words of the source with all but the low ⌈log₂ q⌉ bits cleared; those of q and more are left out. The result
/// depends on the source's bytes alone, not on how they are asked for, so a public vector expanded from a digest is the same everywhere. Which candidates are
/// left out says nothing about those that stay; with the 50-bit prime of set A1 one in 2^36 is.
/// </remarks>
public static class UniformResidues
{
    private const int BatchWords = 64;

    /// <summary>Overwrites all of <paramref name="residues"/>.</summary>
    public static void Fill(PrimeModulus q, IRandomSource random, Span<ulong> residues)
    {
        Span<byte> candidates = stackalloc byte[BatchWords * sizeof(ulong)];
        ulong mask = ulong.MaxValue >> (64 - q.Bits);
        while (!residues.IsEmpty)
        {
            Span<byte> batch = candidates[..(Math.Min(residues.Length, BatchWords) * sizeof(ulong))];
            random.Fill(batch);
            for (; !batch.IsEmpty; batch = batch[sizeof(ulong)..])
            {
                ulong candidate = BinaryPrimitives.ReadUInt64LittleEndian(batch) & mask;
                if (candidate >= q.Value)
                    continue;
                residues[0] = candidate;
                residues = residues[1..];
            }
        }

        CryptographicOperations.ZeroMemory(candidates);
    }
}
