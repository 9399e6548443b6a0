using System.Security.Cryptography;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Wire;

namespace SecureFed.Server.Storage;

/// <summary>The first bytes of a journal: whose it is, and two random values that keep its frames apart from everything a client can send.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Marker">8 bytes with which every frame starts. Random, so that the search behind a damaged frame finds no forged ones inside blobs.</param>
/// <param name="Key">16 bytes that enter every check value.</param>
internal sealed record JournalHeader(Identifier TaskId, ReadOnlyMemory<byte> Marker, ReadOnlyMemory<byte> Key)
{
    public const int MarkerBytes = 8;
    public const int KeyBytes = 16;
    public const int CheckBytes = 16;
    public static readonly int Bytes = Title.Length + Identifier.Bytes + MarkerBytes + KeyBytes + CheckBytes;

    private static ReadOnlySpan<byte> Title => "securefed journal 1\n"u8;

    public static JournalHeader Create(Identifier taskId, IRandomSource random)
    {
        byte[] bytes = new byte[MarkerBytes + KeyBytes];
        random.Fill(bytes);
        return new JournalHeader(taskId, bytes.AsMemory(0, MarkerBytes), bytes.AsMemory(MarkerBytes));
    }

    /// <summary>The bytes; the last 16 are the check value that the first frame continues.</summary>
    public byte[] Encode()
    {
        byte[] content = CanonicalWriter.Write(w => w.Fixed(Title).Identifier(TaskId).Fixed(Marker.Span).Fixed(Key.Span));
        return [.. content, .. SHA256.HashData(content)[..CheckBytes]];
    }

    /// <summary>False for damaged bytes and other formats.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out JournalHeader? header)
    {
        CanonicalReader reader = new(bytes);
        reader.Require(reader.Fixed(Title.Length).SequenceEqual(Title));
        header = new JournalHeader(reader.Identifier(), reader.Fixed(MarkerBytes).ToArray(), reader.Fixed(KeyBytes).ToArray());
        reader.Fixed(CheckBytes);
        return reader.IsComplete && header.Encode().AsSpan().SequenceEqual(bytes);
    }
}
