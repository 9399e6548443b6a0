using Microsoft.Win32.SafeHandles;

namespace SecureFed.Shared;

/// <summary>One open file of <see cref="DurableFiles"/>. Reading goes on after a failure; writing does not.</summary>
/// <param name="files">Shares its failure.</param>
/// <param name="handle">Open for reading and writing; owned.</param>
internal sealed class DurableFile(DurableFiles files, SafeFileHandle handle) : IDisposable
{
    private const int GreatestWrite = 1 << 30;

    public long Length => RandomAccess.GetLength(handle);

    /// <summary>Writes all of the bytes, in as many calls as the operating system needs. Durable after <see cref="Flush"/>.</summary>
    public void Write(ReadOnlyMemory<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            int written = 0;
            files.Run(c =>
            {
                written = c.Write(handle, bytes.Span[..Math.Min(bytes.Length, GreatestWrite)], offset);
                if (written <= 0)
                    throw new FileCallException("write", FileCallException.InputOutput, "no byte was taken");
            });
            bytes = bytes[written..];
            offset += written;
        }
    }

    public void Truncate(long length) => files.Run(c => c.Truncate(handle, length), canBeFull: false);

    public void Flush() => files.Run(c => c.Flush(handle), canBeFull: false);

    /// <exception cref="EndOfStreamException">The file is shorter.</exception>
    public void ReadExactly(Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(handle, destination, offset);
            if (read == 0)
                throw new EndOfStreamException("The file ends before what was written to it.");
            destination = destination[read..];
            offset += read;
        }
    }

    public void Dispose() => handle.Dispose();
}
