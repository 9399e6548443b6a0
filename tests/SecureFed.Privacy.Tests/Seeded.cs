using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Privacy.Tests;

/// <summary>Randomness that a failing test can repeat: named by a string.</summary>
internal static class Seeded
{
    public static KeyedRandomSource Source(string name) => new(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    public static byte[] Bytes(this IRandomSource source, int count)
    {
        byte[] bytes = new byte[count];
        source.Fill(bytes);
        return bytes;
    }

    /// <summary>0 to limit − 1; the bias of the remainder does not matter to a test.</summary>
    public static int Below(this IRandomSource source, int limit) => (int)(BinaryPrimitives.ReadUInt32LittleEndian(source.Bytes(4)) % (uint)limit);

    /// <summary>Uniform in [−1, 1).</summary>
    public static double Symmetric(this IRandomSource source) => BinaryPrimitives.ReadInt32LittleEndian(source.Bytes(4)) / 2147483648.0;
}
