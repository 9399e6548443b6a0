using System.Security.Cryptography;
using SecureFed.Cryptography.Masking;

namespace SecureFed.Cryptography.Randomness;

/// <summary>A deterministic source: the same key gives the same bytes, however they are asked for.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Construction</term><description>AES-256-CTR keystream, SP 800-38A section 6.5, counter from zero; see
/// <see cref="Aes256Ctr"/>.</description></item>
/// <item><term>Assumes</term><description>The key is uniform, secret, and used for nothing else.</description></item>
/// <item><term>Not provided</term><description>Backtracking resistance: whoever learns the key knows all output, past and future. Thread
/// safety.</description></item>
/// </list>
/// </remarks>
public sealed class KeyedRandomSource : IRandomSource, IDisposable
{
    private const int SmallBytes = 32 * Aes256Ctr.BlockBytes;
    private const int LargeBytes = 1024 * Aes256Ctr.BlockBytes;

    private readonly CounterKeystream keystream;
    private byte[] counters = new byte[SmallBytes];
    private byte[] buffer = GC.AllocateArray<byte>(SmallBytes, pinned: true);
    private int used = SmallBytes;
    private int refills;
    private bool disposed;

    /// <param name="key32">Exactly 32 bytes.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public KeyedRandomSource(ReadOnlySpan<byte> key32) => keystream = new CounterKeystream(key32, UInt128.Zero);

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The source has been disposed.</exception>
    public void Fill(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        while (!destination.IsEmpty)
        {
            if (used == buffer.Length) Refill();
            int count = Math.Min(destination.Length, buffer.Length - used);
            Span<byte> source = buffer.AsSpan(used, count);
            source.CopyTo(destination);
            // Bytes given out must not be found here later.
            CryptographicOperations.ZeroMemory(source);
            destination = destination[count..];
            used += count;
        }
    }

    /// <summary>A source asked for a key or two keeps a small buffer; one that feeds a sampler gets one that costs a third of the time per byte.</summary>
    private void Refill()
    {
        // All of the small buffer has been given out and zeroed when it is let go.
        if (buffer.Length == SmallBytes && ++refills > LargeBytes / SmallBytes)
        {
            counters = new byte[LargeBytes];
            buffer = GC.AllocateArray<byte>(LargeBytes, pinned: true);
        }

        keystream.Next(counters, buffer, buffer.Length / Aes256Ctr.BlockBytes);
        used = 0;
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        CryptographicOperations.ZeroMemory(buffer);
        keystream.Dispose();
    }
}
