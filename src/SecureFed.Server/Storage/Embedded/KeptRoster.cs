using System.Buffers.Binary;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>The file <c>roster</c> of a data directory: sequence number (64 bits, big-endian), then the signed roster with the greatest one.</summary>
/// <remarks>Replaced as a whole, so it holds the old roster or the new one after any failure. Callers take turns.</remarks>
internal sealed class KeptRoster(string directory, IFileCalls calls)
{
    private readonly string path = Path.Combine(directory, "roster");
    private (ulong Sequence, ReadOnlyMemory<byte> Bytes)? durable;
    private bool isRead;

    /// <exception cref="StorageException">The file cannot be read.</exception>
    public (ulong Sequence, ReadOnlyMemory<byte> Bytes)? Read()
    {
        if (!isRead)
            durable = Run(ReadFile);
        isRead = true;
        return durable;
    }

    /// <returns>Whether this roster is kept: false if another with its number, or one with a greater number, is.</returns>
    /// <exception cref="StorageException">It could not be made durable; nothing is known to have changed.</exception>
    public bool Keep(ulong sequence, ReadOnlyMemory<byte> bytes)
    {
        if (Read() is { } kept && kept.Sequence >= sequence)
            return kept.Sequence == sequence && kept.Bytes.Span.SequenceEqual(bytes.Span);
        byte[] content = new byte[sizeof(ulong) + bytes.Length];
        BinaryPrimitives.WriteUInt64BigEndian(content, sequence);
        bytes.CopyTo(content.AsMemory(sizeof(ulong)));
        Run(() =>
        {
            new DurableFiles(calls, directory).Replace(path, content);
            return true;
        });
        durable = (sequence, bytes);
        return true;
    }

    private (ulong Sequence, ReadOnlyMemory<byte> Bytes)? ReadFile()
    {
        if (!File.Exists(path))
            return null;
        new DurableFiles(calls, directory).Open(path).Dispose(); // A process that was killed may have renamed it and no more.
        byte[] content = File.ReadAllBytes(path);
        return content.Length > sizeof(ulong)
            ? (BinaryPrimitives.ReadUInt64BigEndian(content), content.AsMemory(sizeof(ulong)))
            : throw new StorageException($"'{path}' is damaged. Nothing was changed; restore it from a backup, or remove it and publish the newest signed roster again.");
    }

    private T Run<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"The roster file '{path}' cannot be used ({exception.Message}). Check the disk, its owner, mode and free space.", exception is FileCallException { IsFull: true }, exception);
        }
    }
}
