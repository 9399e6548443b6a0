using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a key holder fetches of one listed upload: neither ciphertexts nor other holders' boxes.</summary>
/// <param name="Record">The upload's <see cref="SignedMessage.Record"/>: what its client signed.</param>
/// <param name="Box">The share that was sealed to this holder.</param>
public readonly record struct HolderDelivery(ReadOnlyMemory<byte> Record, ReadOnlyMemory<byte> Box)
{
    private const int GreatestPage = 1 << 16;
    private const int GreatestRecordBytes = 1 << 16;

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
