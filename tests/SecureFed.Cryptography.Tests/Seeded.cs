using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Cryptography.Tests;

/// <summary>Randomness that a failing test can repeat: named by a string.</summary>
internal static class Seeded
{
    public static KeyedRandomSource Source(string name) => new(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    public static byte[] Bytes(this IRandomSource source, int count)
    {
        var bytes = new byte[count];
        source.Fill(bytes);
        return bytes;
    }

    public static uint[] Words(this IRandomSource source, int count)
    {
        byte[] bytes = source.Bytes(count * sizeof(uint));
        var words = new uint[count];
        for (int i = 0; i < count; i++) words[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(i * sizeof(uint)));
        return words;
    }

    /// <summary>0 to limit - 1; the bias of the remainder does not matter to a test.</summary>
    public static int Below(this IRandomSource source, int limit) => (int)(source.Words(1)[0] % (uint)limit);
}
