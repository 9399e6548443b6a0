using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SecureFed.Protocol.Wire;

/// <summary>A SHA-256 digest: 32 bytes; lower-case hexadecimal in text.</summary>
public readonly record struct Digest
{
    public const int Bytes = 32;

    private readonly UInt128 high;
    private readonly UInt128 low;

    /// <param name="bytes">Exactly 32 bytes.</param>
    public Digest(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Bytes);
        high = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    public static Digest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        SHA256.HashData(content, bytes);
        return new Digest(bytes);
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, high);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], low);
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Bytes];
        CopyTo(bytes);
        return bytes;
    }

    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Reads 64 lower-case hexadecimal characters.</summary>
    public static bool TryParse(string? text, out Digest digest)
    {
        digest = default;
        if (text is not { Length: 64 } || text.Any(c => c is not ((>= '0' and <= '9') or (>= 'a' and <= 'f'))))
            return false;
        digest = new Digest(Convert.FromHexString(text));
        return true;
    }
}
