using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using SecureFed.Protocol.Wire;
using SecureFed.Shared;

namespace SecureFed.Server.Storage;

/// <summary>Where every entry and blob of a task is: a fold over the frames of its journal, at opening and after every flush alike.</summary>
/// <remarks>A payload is a list of records: kind (1), length (4, big endian), body. One thread applies; any number read.</remarks>
internal sealed class TaskIndex(DurableFiles files, string directory)
{
    private const int FrontBytes = 1 + sizeof(uint);
    private const int GreatestReferences = 1 << 20;
    private const int ReferenceBytes = Identifier.Bytes + Digest.Bytes + sizeof(ulong) + sizeof(uint);
    private readonly Lock gate = new();
    private readonly List<Extent> entries = [];

    private enum RecordKind : byte
    {
        Blob = 1,
        Entry = 2,
        BlobsDeleted = 3,
    }

    public ConcurrentDictionary<Digest, Extent> Permanent { get; } = new();

    /// <summary>Rounds with blobs that retention has not deleted yet.</summary>
    public ConcurrentDictionary<Identifier, WordsSegment> Segments { get; } = new();

    public ConcurrentDictionary<Identifier, bool> DeletedRounds { get; } = new();

    public ulong EntryCount
    {
        get
        {
            lock (gate)
                return (ulong)entries.Count;
        }
    }

    public WordsSegment SegmentOf(Identifier round) => Segments.GetOrAdd(round, r => new WordsSegment(files, PathOf(r)));

    public string PathOf(Identifier round) => Path.Combine(directory, $"words-{round}");

    public Extent this[ulong index]
    {
        get
        {
            lock (gate)
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, (ulong)entries.Count);
                return entries[(int)index];
            }
        }
    }

    public static void WriteBlob(CanonicalWriter payload, Digest digest, ReadOnlySpan<byte> bytes) =>
        payload.UInt8((byte)RecordKind.Blob).Count(Digest.Bytes + bytes.Length).Digest(digest).Fixed(bytes);

    public static void WriteEntry(CanonicalWriter payload, ulong index, StoredEntry entry, IReadOnlyCollection<(Identifier Round, Digest Digest, Extent Extent)> references) =>
        payload.UInt8((byte)RecordKind.Entry).Opaque(CanonicalWriter.Write(w => w
            .UInt64(index).Opaque(entry.Signature.Span).Opaque(entry.Bytes.Span)
            .List(references, (item, reference) => item.Identifier(reference.Round).Digest(reference.Digest).UInt64((ulong)reference.Extent.Offset).Count(reference.Extent.Length))));

    public static void WriteBlobsDeleted(CanonicalWriter payload, Identifier round) =>
        payload.UInt8((byte)RecordKind.BlobsDeleted).Opaque(round.ToArray());

    /// <summary>The entry of a record's body.</summary>
    public static StoredEntry ReadEntry(ReadOnlySpan<byte> body, ulong index)
    {
        CanonicalReader reader = new(body);
        reader.Require(reader.UInt64() == index);
        ReadOnlyMemory<byte> signature = reader.Opaque(byte.MaxValue).ToArray();
        StoredEntry entry = new(reader.Opaque(ushort.MaxValue).ToArray(), signature);
        return reader.HasFailed ? throw new StorageException($"Entry {index} can no longer be read as it was written. Stop the server and check the disk.") : entry;
    }

    /// <param name="offset">Of the payload in the journal.</param>
    /// <param name="payload">One frame's.</param>
    /// <exception cref="UnreachableException">The payload does not follow the format though its check value is right.</exception>
    public void Apply(long offset, ReadOnlySpan<byte> payload)
    {
        while (!payload.IsEmpty)
        {
            int length = (int)BinaryPrimitives.ReadUInt32BigEndian(payload[1..]);
            Apply((RecordKind)payload[0], new Extent(offset + FrontBytes, length), payload.Slice(FrontBytes, length));
            payload = payload[(FrontBytes + length)..];
            offset += FrontBytes + length;
        }
    }

    private void Apply(RecordKind kind, Extent place, ReadOnlySpan<byte> body)
    {
        switch (kind)
        {
            case RecordKind.Blob:
                Permanent[new Digest(body[..Digest.Bytes])] = new Extent(place.Offset + Digest.Bytes, place.Length - Digest.Bytes);
                break;
            case RecordKind.Entry:
                ApplyEntry(place, body);
                break;
            case RecordKind.BlobsDeleted:
                Identifier round = new(body);
                DeletedRounds[round] = true;
                if (Segments.TryRemove(round, out WordsSegment? segment))
                    segment.Dispose();
                break;
            default:
                throw new UnreachableException($"A record of kind {kind} in a frame with the right check value.");
        }
    }

    private void ApplyEntry(Extent place, ReadOnlySpan<byte> body)
    {
        CanonicalReader reader = new(body);
        ulong index = reader.UInt64();
        reader.Opaque(byte.MaxValue);
        reader.Opaque(ushort.MaxValue);
        foreach ((Identifier round, Digest digest, Extent extent) in reader.List(GreatestReferences, ReferenceBytes, (ref CanonicalReader r) => (r.Identifier(), r.Digest(), new Extent((long)r.UInt64(), r.Count(int.MaxValue)))))
            SegmentOf(round).Add(digest, extent, index);
        lock (gate)
        {
            if (!reader.IsComplete || index != (ulong)entries.Count)
                throw new UnreachableException($"Entry {index} as number {entries.Count} in a frame with the right check value.");
            entries.Add(place);
        }
    }
}
