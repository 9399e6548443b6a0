using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.KeyDerivation;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sealing;
using SecureFed.Protocol.Wire;

namespace SecureFed.Client.Holding;

/// <summary>Bytes of one file, encrypted and bound to task, purpose and counter.</summary>
/// <remarks>
/// AES-256-GCM with a zero nonce (<see cref="SealedBox"/>) under a key that serves this one write: HKDF-SHA256 of the state key with 32 fresh random bytes as salt. Two writes share a
/// key only if their salts do. Form: version (1) || counter (8) || salt (32) || box.
/// </remarks>
internal static class SealedState
{
    private const byte Version = 1;
    private const int SaltBytes = 32;
    private const int HeaderBytes = 1 + 8 + SaltBytes;

    /// <param name="stateKey">Exactly 32 bytes.</param>
    /// <param name="purpose">What the file is: bytes of one purpose do not open as another's.</param>
    /// <param name="taskId">Task.</param>
    /// <param name="counter">Which write it is.</param>
    /// <param name="content">May be empty.</param>
    /// <param name="random">Strong: the salt.</param>
    public static byte[] Seal(ReadOnlySpan<byte> stateKey, string purpose, Identifier taskId, ulong counter, ReadOnlySpan<byte> content, IRandomSource random)
    {
        byte[] salt = new byte[SaltBytes];
        random.Fill(salt);
        byte[] header = CanonicalWriter.Write(w => w.UInt8(Version).UInt64(counter).Fixed(salt));
        byte[] file = new byte[HeaderBytes + content.Length + SealedBox.OverheadBytes];
        header.CopyTo(file, 0);
        Span<byte> key = stackalloc byte[SealedBox.KeyBytes];
        DeriveKey(stateKey, purpose, header, key);
        SealedBox.Seal(key, AssociatedData(purpose, taskId, header), content, file.AsSpan(HeaderBytes));
        CryptographicOperations.ZeroMemory(key);
        return file;
    }

    /// <returns>Null if the bytes were not sealed under this key for this purpose and task.</returns>
    public static (ulong Counter, byte[] Content)? TryOpen(ReadOnlySpan<byte> stateKey, string purpose, Identifier taskId, ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderBytes + SealedBox.OverheadBytes || file[0] != Version)
            return null;
        ReadOnlySpan<byte> header = file[..HeaderBytes];
        byte[] content = new byte[file.Length - HeaderBytes - SealedBox.OverheadBytes];
        Span<byte> key = stackalloc byte[SealedBox.KeyBytes];
        DeriveKey(stateKey, purpose, header, key);
        bool isOpen = SealedBox.TryOpen(key, AssociatedData(purpose, taskId, header), file[HeaderBytes..], content);
        CryptographicOperations.ZeroMemory(key);
        return isOpen ? (System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(header[1..]), content) : null;
    }

    private static void DeriveKey(ReadOnlySpan<byte> stateKey, string purpose, ReadOnlySpan<byte> header, Span<byte> key) =>
        HkdfSha256.DeriveKey(stateKey, header[^SaltBytes..], Encoding.UTF8.GetBytes($"securefed/v1 key holder {purpose}"), key);

    private static byte[] AssociatedData(string purpose, Identifier taskId, ReadOnlySpan<byte> header) =>
        [.. Encoding.UTF8.GetBytes(purpose), 0, .. taskId.ToArray(), .. header];
}
