using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>An append-only file of frames, one for each flush, so that whatever a power cut tears lies in the last frame.</summary>
/// <remarks>
/// Frame: marker (8), payload length (4, big endian), check value of the frame before (16), payload, check value (16) = SHA-256(key, offset of the frame, all of
/// the frame before it) cut to 16 bytes. The stored predecessor lets a frame be recognised behind a damaged one; the offset and the chain show reordering,
/// removal and old content. A check value detects damage; it is no authentication.
/// </remarks>
internal sealed class Journal : IDisposable
{
    private const int LengthBytes = 4;
    private const int FrontBytes = JournalHeader.MarkerBytes + LengthBytes + JournalHeader.CheckBytes;
    private const int FrameBytes = FrontBytes + JournalHeader.CheckBytes;
    private const int WindowBytes = 1 << 20;
    private readonly DurableFile file;
    private readonly JournalHeader header;
    private byte[] lastCheck;
    private long lastFrame;
    private ReadOnlyMemory<byte> window;
    private long windowOffset;

    private Journal(DurableFile file, JournalHeader header)
    {
        this.file = file;
        this.header = header;
        lastCheck = header.Encode()[^JournalHeader.CheckBytes..];
        End = lastFrame = JournalHeader.Bytes;
    }

    /// <summary>Behind the last frame that is valid and, when this object wrote it, durable.</summary>
    public long End { get; private set; }

    public static void Create(DurableFiles files, string path, Identifier taskId, IRandomSource random) =>
        files.Replace(path, JournalHeader.Create(taskId, random).Encode());

    /// <exception cref="StorageException">The header is not that of this task's journal.</exception>
    public static Journal Open(DurableFiles files, string path, Identifier taskId)
    {
        DurableFile opened = files.Open(path);
        try
        {
            byte[] start = new byte[Math.Min(opened.Length, JournalHeader.Bytes)];
            opened.ReadExactly(start, 0);
            if (!JournalHeader.TryDecode(start, out JournalHeader? header) || header!.TaskId != taskId)
                throw new StorageException($"'{path}' does not start as the journal of task {taskId}: it is damaged, of another task or of a newer version. Nothing was changed; restore it from a backup.");
            return new Journal(opened, header);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Reads the valid frames from the start; afterwards <see cref="End"/> is behind them. A payload is valid until the next one is asked for.</summary>
    public IEnumerable<(long Offset, ReadOnlyMemory<byte> Payload)> ReadFrames()
    {
        while (TryReadFrame(End, out ReadOnlyMemory<byte> frame) && PredecessorOf(frame).SequenceEqual(lastCheck))
        {
            yield return (End + FrontBytes, frame[FrontBytes..^JournalHeader.CheckBytes]);
            lastCheck = frame[^JournalHeader.CheckBytes..].ToArray();
            lastFrame = End;
            End += frame.Length;
        }
    }

    /// <summary>Bytes behind the last valid frame.</summary>
    public long TailBytes => file.Length - End;

    /// <summary>Whether a valid frame lies in the tail. Then it was not torn by a power cut, because the next frame is only begun when the last is durable.</summary>
    public bool HasFrameInTail()
    {
        for (long offset = End; offset < file.Length; offset++)
        {
            ReadOnlySpan<byte> next = Read(offset, (int)Math.Min(WindowBytes, file.Length - offset)).Span;
            int place = next.IndexOf(header.Marker.Span);
            if (place < 0 && offset + next.Length < file.Length)
                offset += next.Length - JournalHeader.MarkerBytes; // A marker may lie across the border.
            else if (place < 0)
                return false;
            else if (TryReadFrame(offset += place, out _))
                return true;
        }

        return false;
    }

    /// <summary>Cuts off what lies behind <see cref="End"/>, and makes the rest durable although nothing is known of the process that wrote it.</summary>
    /// <remarks>
    /// A process that was killed may not have flushed the last frame; that needs a flush. If its flush failed, the kernel may have marked the pages clean, and then they are
    /// read back from memory, but no later flush writes them (Rebello et al. 2020, section 3.3): so the last frame is written again, with the same bytes, before anybody
    /// believes it. The frames before it are durable, because a frame is only begun when the flush of the last one has succeeded.
    /// </remarks>
    /// <param name="isLastDurable">Something that came after the flush of the last frame proves it, so that a full disk does not keep the log from being opened.</param>
    public void Confirm(bool isLastDurable)
    {
        window = default;
        if (TailBytes > 0)
            file.Truncate(End);
        if (!isLastDurable && lastFrame < End)
            file.Write(Read(new Extent(lastFrame, (int)(End - lastFrame))), lastFrame);
        file.Flush();
    }

    /// <summary>Undoes a write that failed for lack of room.</summary>
    public void CutTail()
    {
        if (TailBytes > 0)
            file.Truncate(End);
        file.Flush();
    }

    /// <summary>Writes one frame and flushes it.</summary>
    /// <returns>Offset of the payload.</returns>
    public long Append(ReadOnlySpan<byte> payload)
    {
        window = default;
        byte[] frame = new byte[FrameBytes + payload.Length];
        header.Marker.Span.CopyTo(frame);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(JournalHeader.MarkerBytes), (uint)payload.Length);
        lastCheck.CopyTo(frame.AsSpan(JournalHeader.MarkerBytes + LengthBytes));
        payload.CopyTo(frame.AsSpan(FrontBytes));
        byte[] check = CheckOf(End, frame.AsSpan(0, FrontBytes + payload.Length));
        check.CopyTo(frame.AsSpan(FrontBytes + payload.Length));

        file.Write(frame, End);
        file.Flush();
        long offset = End + FrontBytes;
        lastCheck = check;
        End += frame.Length;
        return offset;
    }

    /// <summary>Reads a part of a payload. Safe beside <see cref="Append"/>.</summary>
    public byte[] Read(Extent extent)
    {
        byte[] bytes = new byte[extent.Length];
        file.ReadExactly(bytes, extent.Offset);
        return bytes;
    }

    public void Dispose() => file.Dispose();

    private static ReadOnlySpan<byte> PredecessorOf(ReadOnlyMemory<byte> frame) =>
        frame.Span.Slice(JournalHeader.MarkerBytes + LengthBytes, JournalHeader.CheckBytes);

    private bool TryReadFrame(long offset, out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        long rest = file.Length - offset;
        if (rest < FrameBytes)
            return false;
        ReadOnlySpan<byte> front = Read(offset, FrontBytes).Span;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(front[JournalHeader.MarkerBytes..]);
        if (!front.StartsWith(header.Marker.Span) || length > Math.Min(rest - FrameBytes, int.MaxValue - FrameBytes))
            return false;
        frame = Read(offset, FrameBytes + (int)length);
        return CheckOf(offset, frame.Span[..^JournalHeader.CheckBytes]).AsSpan().SequenceEqual(frame.Span[^JournalHeader.CheckBytes..]);
    }

    private byte[] CheckOf(long offset, ReadOnlySpan<byte> frame)
    {
        Span<byte> place = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(place, offset);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header.Key.Span);
        hash.AppendData(place);
        hash.AppendData(frame);
        return hash.GetHashAndReset()[..JournalHeader.CheckBytes];
    }

    /// <summary>Bytes of the file that exist, through a window that is read ahead.</summary>
    private ReadOnlyMemory<byte> Read(long offset, int count)
    {
        if (offset < windowOffset || offset + count > windowOffset + window.Length)
        {
            window = Read(new Extent(offset, (int)Math.Max(count, Math.Min(WindowBytes, file.Length - offset))));
            windowOffset = offset;
        }

        return window.Slice((int)(offset - windowOffset), count);
    }
}
