using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Sampling;

/// <summary>Uniform 64-bit words and single bits, fetched from a source in batches.</summary>
/// <remarks>The buffer is the caller's and holds secrets until <see cref="Clear"/>. A copy would hand out the same words twice: pass it by
/// reference.</remarks>
internal ref struct RandomWords
{
    /// <summary>Four KiB: a source pays its call once in 512 words, and the buffer stays in the first-level cache.</summary>
    private const int BufferWords = 512;

    private readonly IRandomSource random;
    private Span<ulong> buffer;
    private int next;
    private ulong bits;

    public RandomWords(IRandomSource random, Span<ulong> buffer)
    {
        this.random = random;
        this.buffer = buffer;
        next = buffer.Length;
    }

    /// <summary>Buffer size for a call that wants this many samples: not four KiB for three of them.</summary>
    public static int BatchFor(int samples, int wordsPerSample) => (int)Math.Min(BufferWords, 8 + (long)samples * wordsPerSample);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Next()
    {
        if ((uint)next >= (uint)buffer.Length) Refill();
        return buffer[next++];
    }

    /// <summary>One bit; a word serves 63 of them.</summary>
    public bool NextBit()
    {
        // The highest one is a marker, never handed out: when it is all that is left, the word is used up.
        if (bits <= 1) bits = Next() | 1UL << 63;
        bool bit = (bits & 1) == 1;
        bits >>= 1;
        return bit;
    }

    /// <summary>Zeroes what was not used.</summary>
    public void Clear()
    {
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(buffer));
        bits = 0;
        next = buffer.Length;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Refill()
    {
        random.Fill(MemoryMarshal.AsBytes(buffer));
        if (!BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(buffer, buffer);
        next = 0;
    }
}
