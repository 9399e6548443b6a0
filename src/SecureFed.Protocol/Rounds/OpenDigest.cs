using System.Buffers.Binary;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Rounds;

/// <summary>openDigest = SHA-256(canonical bytes of the ROUND_OPENED entry ‖ its log index as 64-bit big-endian).</summary>
public static class OpenDigest
{
    public static Digest Of(ReadOnlySpan<byte> entry, ulong index)
    {
        byte[] content = new byte[entry.Length + 8];
        entry.CopyTo(content);
        BinaryPrimitives.WriteUInt64BigEndian(content.AsSpan(entry.Length), index);
        return Digest.Of(content);
    }
}
