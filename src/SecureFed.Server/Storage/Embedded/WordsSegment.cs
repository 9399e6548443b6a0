using System.Buffers;
using System.Collections.Concurrent;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>The blobs of one round that retention deletes together: bare bytes one after the other; the journal's entries say where each is.</summary>
/// <remarks>What lies behind <see cref="End"/> was never acknowledged and is overwritten.</remarks>
internal sealed class WordsSegment(DurableFiles files, string path) : IDisposable
{
    private const int GreatestStagedBytes = 1 << 20;
    private readonly ConcurrentDictionary<Digest, (Extent Extent, ulong Entry)> blobs = new();
    private readonly ArrayBufferWriter<byte> staged = new();
    private DurableFile? file;
    private long written;

    /// <summary>Behind the last blob that an entry names.</summary>
    public long End { get; private set; }

    public string Path => path;

    public bool IsOpen => file is not null;

    /// <summary>A durable entry names this blob.</summary>
    public void Add(Digest digest, Extent extent, ulong entry)
    {
        blobs.TryAdd(digest, (extent, entry));
        End = Math.Max(End, extent.End);
        written = Math.Max(written, End);
    }

    /// <summary>The first entry that names a blob which the file does not hold; null if it holds all.</summary>
    public ulong? FindEntryWithoutBlob()
    {
        FileInfo info = new(path);
        long length = info.Exists ? info.Length : -1;
        return blobs.Values.Where(blob => blob.Extent.End > length).Select(blob => (ulong?)blob.Entry).Min();
    }

    /// <summary>Writes a blob that no entry names yet. Not durable before <see cref="Flush"/>.</summary>
    public Extent Write(Digest digest, ReadOnlyMemory<byte> bytes)
    {
        if (blobs.TryGetValue(digest, out (Extent Extent, ulong) held))
            return held.Extent;
        file ??= files.Open(path);
        if (staged.WrittenCount + bytes.Length > GreatestStagedBytes)
            WriteStaged();
        if (bytes.Length > GreatestStagedBytes)
            file.Write(bytes, written);
        else
            staged.Write(bytes.Span);
        Extent extent = new(written, bytes.Length);
        written = extent.End;
        return extent;
    }

    public void Flush()
    {
        WriteStaged();
        file?.Flush();
    }

    /// <summary>Gives up what was written and is named by no entry.</summary>
    public void Undo()
    {
        written = End;
        staged.ResetWrittenCount();
        if (file is null || file.Length == End)
            return;
        file.Truncate(End);
        file.Flush();
    }

    public bool TryRead(Digest digest, out byte[]? bytes)
    {
        bytes = null;
        if (!blobs.TryGetValue(digest, out (Extent Extent, ulong) held))
            return false;
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using DurableFile reading = new(files, handle);
            bytes = new byte[held.Extent.Length];
            reading.ReadExactly(bytes, held.Extent.Offset);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false; // Deleted by retention since it was looked up.
        }
    }

    private void WriteStaged()
    {
        if (staged.WrittenCount > 0)
            file!.Write(staged.WrittenMemory, written - staged.WrittenCount);
        staged.ResetWrittenCount();
    }

    /// <summary>Closes the file; the next write opens it again.</summary>
    public void Dispose()
    {
        file?.Dispose();
        file = null;
    }
}
