using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace SecureFed.Cryptography.Seal;

/// <summary>What stands behind the outer header of a SEAL object, inflated if need be.</summary>
/// <remarks>
/// The size after inflation is bounded by what the object may hold, and by 1032 times the stream (RFC 1951 allows no more), before anything is allocated.
/// Uncompressed, the format has no checksum; a zlib stream carries Adler-32, which finds accidents and no attacks.
/// Inflated bytes are cleared on disposal, since they may be a secret key; the window inside the platform's zlib is not.
/// </remarks>
internal readonly ref struct SealMembers : IDisposable
{
    private const int GreatestExpansion = 1032;
    private const int ChecksumBytes = 4;
    private readonly byte[]? inflated;

    private SealMembers(ReadOnlySpan<byte> span, byte[]? inflated)
    {
        Span = span;
        this.inflated = inflated;
    }

    public ReadOnlySpan<byte> Span { get; }

    /// <param name="file">Header and members; exactly one object.</param>
    /// <param name="greatestBytes">Most that the members may have.</param>
    /// <exception cref="SealFormatException">Another size, a larger one, or a stream that is damaged or not available here.</exception>
    public static SealMembers Open(ReadOnlySpan<byte> file, int greatestBytes)
    {
        SealHeader header = SealHeader.Read(file);
        if (header.SizeBytes > (ulong)file.Length) throw SealFormatException.Truncated();
        if (header.SizeBytes != (ulong)file.Length) throw SealFormatException.Length("The file is longer than its header says.");
        ReadOnlySpan<byte> body = file[SealHeader.Bytes..];
        switch (header.Compression)
        {
            case SealCompression.None:
                if (body.Length > greatestBytes) throw TooLong();
                return new SealMembers(body, null);
            case SealCompression.Zlib:
                // Deflate adds little to what it cannot compress: nine bits for eight in the worst of known encoders.
                if (body.Length > greatestBytes + (greatestBytes / 8) + 64) throw TooLong();
                byte[] buffer = new byte[(int)Math.Min(greatestBytes, (long)body.Length * GreatestExpansion)];
                int length = Inflate(body, buffer);
                return new SealMembers(buffer.AsSpan(0, length), buffer);
            default:
                throw new SealFormatException(
                    SealErrorCodes.Compression, "The object is compressed with Zstandard, for which this runtime has no decoder.", "Save it with compr_mode_type none or zlib.");
        }
    }

    /// <summary>Header and members as one file.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A compression that is not written.</exception>
    public static byte[] Close(ReadOnlySpan<byte> members, SealCompression compression)
    {
        if (compression == SealCompression.None)
        {
            byte[] plain = new byte[SealHeader.Bytes + members.Length];
            SealHeader.Write(plain, compression, plain.Length);
            members.CopyTo(plain.AsSpan(SealHeader.Bytes));
            return plain;
        }

        if (compression != SealCompression.Zlib)
            throw new ArgumentOutOfRangeException(nameof(compression), compression, "Objects are written uncompressed or with zlib.");
        // Never grown, so that no piece of a secret stays behind in an outgrown buffer.
        using var deflated = new MemoryStream(SealHeader.Bytes + members.Length + (members.Length / 8) + 256);
        deflated.Position = SealHeader.Bytes;
        using (var zlib = new ZLibStream(deflated, CompressionLevel.Optimal, leaveOpen: true)) zlib.Write(members);
        byte[] file = deflated.ToArray();
        SealHeader.Write(file, compression, file.Length);
        CryptographicOperations.ZeroMemory(deflated.GetBuffer());
        return file;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(inflated);

    /// <summary>Bytes that <paramref name="body"/> inflates to; refuses more than <paramref name="buffer"/> holds and any byte after the stream.</summary>
    private static int Inflate(ReadOnlySpan<byte> body, byte[] buffer)
    {
        using var source = new DripStream(body.ToArray());
        int length = 0;
        try
        {
            using var zlib = new ZLibStream(source, CompressionMode.Decompress, leaveOpen: true);
            int read;
            while (length < buffer.Length && (read = zlib.Read(buffer, length, buffer.Length - length)) > 0) length += read;
            if (zlib.ReadByte() >= 0) throw TooLong();
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            throw Damaged(exception);
        }

        if (source.Remaining > 0) throw SealFormatException.Length("Bytes follow the end of the compressed stream.");
        // Whether a stream cut short is an error differs between versions of the platform; its checksum tells.
        if (body.Length < ChecksumBytes || Adler32(buffer.AsSpan(0, length)) != BinaryPrimitives.ReadUInt32BigEndian(body[^ChecksumBytes..]))
            throw Damaged(null);
        return length;
    }

    /// <summary>RFC 1950, section 8.2.</summary>
    private static uint Adler32(ReadOnlySpan<byte> bytes)
    {
        const uint Modulus = 65521;
        uint a = 1;
        uint b = 0;
        foreach (byte value in bytes)
        {
            a = (a + value) % Modulus;
            b = (b + a) % Modulus;
        }

        return (b << 16) | a;
    }

    private static SealFormatException TooLong() => SealFormatException.Length("The object is longer than its parameters allow.");

    private static SealFormatException Damaged(Exception? cause) =>
        new(SealErrorCodes.Compression, "The compressed stream is damaged.", "Transfer the file again, or save it without compression.", cause);

    /// <summary>Gives out the last bytes one by one, so that the decoder takes none beyond the end of its stream and what follows can be seen.</summary>
    private sealed class DripStream(byte[] bytes) : Stream
    {
        private const int Tail = 64;
        private int position;

        public int Remaining => bytes.Length - position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, Remaining > Tail ? Remaining - Tail : Math.Min(Remaining, 1));
            bytes.AsSpan(position, count).CopyTo(buffer);
            position += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
