using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a key holder fetches of one listed upload: with one-time keys neither ciphertexts nor other holders' boxes, under a single key all ciphertexts.</summary>
/// <param name="Record">The upload's <see cref="SignedMessage.Record"/>: what its client signed.</param>
/// <param name="Box">The share that was sealed to this holder; under a single key <see cref="SingleKeyUpload.Ciphertexts"/>.</param>
public readonly record struct HolderDelivery(ReadOnlyMemory<byte> Record, ReadOnlyMemory<byte> Box)
{
    private const int GreatestPage = 1 << 16;
    private const int GreatestRecordBytes = 1 << 16;

    /// <summary>One of them as a body of its own.</summary>
    public byte[] Encode()
    {
        (ReadOnlyMemory<byte> record, ReadOnlyMemory<byte> box) = this;
        return CanonicalWriter.Write(writer => writer.Opaque(record.Span).Opaque(box.Span));
    }

    /// <returns>Null if the bytes are no such body.</returns>
    public static HolderDelivery? TryDecode(ReadOnlySpan<byte> bytes)
    {
        CanonicalReader reader = new(bytes);
        HolderDelivery read = new(reader.Opaque(int.MaxValue).ToArray(), reader.Opaque(int.MaxValue).ToArray());
        return reader.IsComplete ? read : null;
    }

    /// <summary>Several of them as one body.</summary>
    public static byte[] EncodePage(IReadOnlyList<HolderDelivery> page) =>
        CanonicalWriter.Write(writer => writer.List(page, (w, d) => w.Opaque(d.Record.Span).Opaque(d.Box.Span)));

    /// <returns>Null if the bytes are no such body.</returns>
    public static IReadOnlyList<HolderDelivery>? TryDecodePage(ReadOnlySpan<byte> bytes)
    {
        CanonicalReader reader = new(bytes);
        HolderDelivery[] page = reader.List(
            GreatestPage, 8, (ref CanonicalReader r) => new HolderDelivery(r.Opaque(GreatestRecordBytes).ToArray(), r.Opaque(EncryptedUpload.GreatestBoxBytes).ToArray()));
        return reader.IsComplete ? page : null;
    }
}
