using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Masking;

/// <summary>One mask: a vector over Z mod 2^32 expanded from a 256-bit key and added to, or taken from, an update in place.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>References</term><description>PRG of Bonawitz et al. 2017, section 3.2 and Fig. 4; NIST SP 800-38A, section 6.5.</description></item>
/// <item><term>Construction</term><description>AES-256-CTR, counter block from zero, read as little-endian 32-bit words. A ring Z mod 2^b, b below 32, is this
/// vector mod 2^b.</description></item>
/// <item><term>Assumes</term><description>The key comes from HKDF over this round's secret and digest and belongs to this mask alone.</description></item>
/// <item><term>Not provided</term><description>Protection of an update masked twice with one key: the stream is therefore consumed by its first
/// use.</description></item>
/// </list>
/// Key alone fixes the mask; a shorter vector takes a prefix. Measured on one Zen 4 core: 0.67 ns per word for 10^6 words, of which the cipher takes 0.47,
/// the counters 0.1 and the addition 0.08; 1.5 us for a stream of 32 words, set-up included.
/// </remarks>
public sealed class MaskStream : IDisposable
{
    // 2048 blocks: two buffers of 32 KiB stay in the second-level cache beside the vector; see CounterKeystream for the rate per size.
    private const int ChunkBlocks = 2048;
    private const int WordsPerBlock = Aes256Ctr.BlockBytes / sizeof(uint);

    private readonly CounterKeystream keystream;
    private bool consumed;
    private bool disposed;

    /// <param name="key32">Exactly 32 bytes; copied into the platform's cipher and not kept here.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public MaskStream(ReadOnlySpan<byte> key32) => keystream = new CounterKeystream(key32, UInt128.Zero);

    /// <summary>Adds the mask, in place, mod 2^32.</summary>
    /// <param name="vector">Any length; overwritten.</param>
    /// <exception cref="InvalidOperationException">The stream has been used before.</exception>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    public void AddTo(Span<uint> vector) => Apply(vector, subtract: false);

    /// <summary>Subtracts the mask, in place, mod 2^32.</summary>
    /// <param name="vector">Any length; overwritten.</param>
    /// <exception cref="InvalidOperationException">The stream has been used before.</exception>
    /// <exception cref="ObjectDisposedException">The stream has been disposed.</exception>
    public void SubtractFrom(Span<uint> vector) => Apply(vector, subtract: true);

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        keystream.Dispose();
    }

    private void Apply(Span<uint> vector, bool subtract)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (consumed) throw new InvalidOperationException("A mask stream is used once; derive a fresh key for another vector.");
        consumed = true;
        if (vector.IsEmpty) return;

        int chunkWords = Math.Min(vector.Length, ChunkBlocks * WordsPerBlock);
        int chunkBytes = Aes256Ctr.Blocks(chunkWords * sizeof(uint)) * Aes256Ctr.BlockBytes;
        byte[] counters = ArrayPool<byte>.Shared.Rent(chunkBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(chunkBytes);
        try
        {
            while (!vector.IsEmpty)
            {
                int count = Math.Min(vector.Length, chunkWords);
                keystream.Next(counters, buffer, Aes256Ctr.Blocks(count * sizeof(uint)));
                ReadOnlySpan<uint> mask = LittleEndianWords(buffer.AsSpan(0, count * sizeof(uint)));
                if (subtract) Ring.Subtract(vector[..count], mask);
                else Ring.Add(vector[..count], mask);
                vector = vector[count..];
            }
        }
        finally
        {
            // Returned to a pool that others share; a mask left there would unmask the upload.
            CryptographicOperations.ZeroMemory(buffer.AsSpan(0, chunkBytes));
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<byte>.Shared.Return(counters);
        }
    }

    private static Span<uint> LittleEndianWords(Span<byte> bytes)
    {
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
        if (!BitConverter.IsLittleEndian) System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(words, words);
        return words;
    }
}
