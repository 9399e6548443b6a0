using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Masking;

/// <summary>The keystream of AES-256 in counter mode.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>NIST SP 800-38A, section 6.5; the counter is the whole block, 128 bits, big-endian, mod 2^128.</description></item>
/// <item><term>Key</term><description>32 bytes, uniform.</description></item>
/// <item><term>Assumes</term><description>No counter block is used twice under one key; at most 2^48 blocks per key keep the PRP/PRF distance below
/// 2^-33.</description></item>
/// <item><term>Not provided</term><description>Integrity.</description></item>
/// </list>
/// </remarks>
public static class Aes256Ctr
{
    public const int KeyBytes = 32;
    public const int BlockBytes = 16;

    private const int ChunkBlocks = 1024;

    /// <summary>Overwrites <paramref name="output"/> with the keystream that begins at <paramref name="initialCounter16"/>.</summary>
    /// <param name="key32">Exactly 32 bytes.</param>
    /// <param name="initialCounter16">Exactly 16 bytes.</param>
    /// <param name="output">Any length; a last partial block is cut.</param>
    /// <exception cref="ArgumentException">Key or counter has another length.</exception>
    public static void Keystream(ReadOnlySpan<byte> key32, ReadOnlySpan<byte> initialCounter16, Span<byte> output)
    {
        if (initialCounter16.Length != BlockBytes) throw new ArgumentException($"The counter block has {BlockBytes} bytes.", nameof(initialCounter16));
        using var keystream = new CounterKeystream(key32, BinaryPrimitives.ReadUInt128BigEndian(initialCounter16));

        int chunkBytes = Math.Min(Blocks(output.Length), ChunkBlocks) * BlockBytes;
        byte[] counters = ArrayPool<byte>.Shared.Rent(chunkBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(chunkBytes);
        try
        {
            while (!output.IsEmpty)
            {
                int count = Math.Min(output.Length, chunkBytes);
                keystream.Next(counters, buffer, Blocks(count));
                buffer.AsSpan(0, count).CopyTo(output);
                output = output[count..];
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer.AsSpan(0, chunkBytes));
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<byte>.Shared.Return(counters);
        }
    }

    /// <summary>Blocks that hold <paramref name="bytes"/> bytes; at least one, so that no buffer is empty.</summary>
    internal static int Blocks(int bytes) => Math.Max(1, bytes / BlockBytes + (bytes % BlockBytes == 0 ? 0 : 1));
}
