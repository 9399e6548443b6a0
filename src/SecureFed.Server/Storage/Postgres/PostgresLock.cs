using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>Keys of advisory locks, which are 64-bit numbers: the start of a hash, so that tasks and purposes do not meet.</summary>
internal static class PostgresLock
{
    /// <summary>Of the replica that leads the task.</summary>
    public static long Leadership(Identifier taskId) => Key("securefed leadership"u8, taskId);

    /// <summary>Shared while entries are written; exclusive for the moment in which a round's blobs become deleted.</summary>
    public static long Blobs(Identifier taskId) => Key("securefed blobs"u8, taskId);

    private static long Key(ReadOnlySpan<byte> purpose, Identifier taskId) =>
        BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData([.. purpose, .. taskId.ToArray()]));
}
