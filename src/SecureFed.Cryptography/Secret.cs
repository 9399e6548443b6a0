using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography;

/// <summary>Bytes that must not be printed, copied by the collector or left in memory: seeds, keys, shared secrets.</summary>
/// <remarks>The array is pinned, so the collector makes no copies, and it is zeroed on <see cref="Dispose"/>. Copies that a caller makes of <see cref="Span"/>
/// are the caller's to clear.</remarks>
public sealed class Secret : IDisposable
{
    private readonly byte[] bytes;
    private bool disposed;

    /// <summary>Copies <paramref name="value"/>; the original is the caller's to clear.</summary>
    public Secret(ReadOnlySpan<byte> value)
        : this(value.Length) => value.CopyTo(bytes);

    private Secret(int length) => bytes = GC.AllocateArray<byte>(length, pinned: true);

    public int Length => bytes.Length;

    /// <exception cref="ObjectDisposedException">The secret has been disposed.</exception>
    public ReadOnlySpan<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return bytes;
        }
    }

    /// <summary>Draws a fresh secret of <paramref name="bytes"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative.</exception>
    public static Secret Random(int bytes, IRandomSource random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var secret = new Secret(bytes);
        random.Fill(secret.bytes);
        return secret;
    }

    /// <summary>Compares in time that depends on the lengths only.</summary>
    /// <exception cref="ObjectDisposedException">The secret has been disposed.</exception>
    public bool FixedTimeEquals(ReadOnlySpan<byte> other) => CryptographicOperations.FixedTimeEquals(Span, other);

    /// <summary>The length and nothing else.</summary>
    public override string ToString() => $"Secret({bytes.Length} bytes)";

    public void Dispose()
    {
        disposed = true;
        CryptographicOperations.ZeroMemory(bytes);
    }
}
