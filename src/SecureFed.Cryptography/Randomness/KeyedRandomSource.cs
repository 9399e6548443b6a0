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
    private const int BufferBlocks = 32;

    private readonly CounterKeystream keystream;
    private readonly byte[] counters = new byte[BufferBlocks * Aes256Ctr.BlockBytes];
    private readonly byte[] buffer = GC.AllocateArray<byte>(BufferBlocks * Aes256Ctr.BlockBytes, pinned: true);
    private int used = BufferBlocks * Aes256Ctr.BlockBytes;
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
            if (used == buffer.Length)
            {
                keystream.Next(counters, buffer, BufferBlocks);
                used = 0;
            }

            int count = Math.Min(destination.Length, buffer.Length - used);
            Span<byte> source = buffer.AsSpan(used, count);
            source.CopyTo(destination);
            // Bytes given out must not be found here later.
            CryptographicOperations.ZeroMemory(source);
            destination = destination[count..];
            used += count;
        }
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        CryptographicOperations.ZeroMemory(buffer);
        keystream.Dispose();
    }
}
