using System.Buffers.Binary;

namespace SecureFed.Protocol.Rounds;

/// <summary>A vector over Z mod 2^b as a blob: 32-bit big-endian words.</summary>
public static class RingVector
{
    public static byte[] Encode(ReadOnlySpan<uint> words)
    {
        byte[] bytes = new byte[4 * words.Length];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 * i), words[i]);
        return bytes;
    }

    /// <returns>False if the length is not 4·d.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, Span<uint> words)
    {
        if (bytes.Length != 4 * words.Length)
            return false;
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes[(4 * i)..]);
        return true;
    }
}
