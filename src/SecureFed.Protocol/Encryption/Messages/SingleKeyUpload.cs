using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption.Messages;

/// <summary>A client's only message of a round under a single key: one SEAL ciphertext for every N values.</summary>
/// <param name="CiphertextBytes">Of each; all have one length.</param>
/// <param name="Ciphertexts">⌈d/N⌉ whole objects, one after the other, header 4.1, uncompressed.</param>
public sealed record SingleKeyUpload(int CiphertextBytes, ReadOnlyMemory<byte> Ciphertexts) : IMessageBody
{
    private const int GreatestCiphertextBytes = 1 << 20;

    /// <summary>The longest that any round of a task under a single key takes.</summary>
    public static int GreatestBytes(TaskParameters task)
    {
        SealParameters parameters = SingleKeyRound.ParametersOf(task);
        int count = CheckedSingleKeyEngine.CountOf(parameters, task.Schedule.Kinds.Max(kind => task.LayoutOf(kind).Dimension));
        return checked((count * SingleKeyRound.CiphertextBytes(parameters)) + (2 * sizeof(int)));
    }

    public MessageType Type => MessageType.SingleKeyUpload;

    public IReadOnlyList<ReadOnlyMemory<byte>> Vectors => [Ciphertexts];

    /// <summary>How many ciphertexts there are.</summary>
    public int Count => Ciphertexts.Length / CiphertextBytes;

    /// <summary>What the sender signs of this upload.</summary>
    public SingleKeyUploadStatement Statement =>
        new(Digest.Of(Ciphertexts.Span), [.. Enumerable.Range(0, Count).Select(i => Digest.Of(Ciphertext(i).Span))]);

    public ReadOnlyMemory<byte> Ciphertext(int index) => Ciphertexts.Slice(index * CiphertextBytes, CiphertextBytes);

    public void WriteSigned(CanonicalWriter writer) => Statement.Write(writer);

    public byte[] Encode() => CanonicalWriter.Write(Write);

    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SingleKeyUpload? upload)
    {
        CanonicalReader reader = new(bytes);
        SingleKeyUpload read = Read(ref reader);
        upload = reader.IsComplete ? read : null;
        return upload is not null;
    }

    public void Write(CanonicalWriter writer) => writer.Count(CiphertextBytes).Opaque(Ciphertexts.Span);

    internal static SingleKeyUpload Read(ref CanonicalReader reader)
    {
        int ciphertextBytes = reader.Count(GreatestCiphertextBytes);
        byte[] ciphertexts = reader.Opaque(int.MaxValue).ToArray();
        reader.Require(ciphertextBytes > 0 && ciphertexts.Length > 0 && ciphertexts.Length % ciphertextBytes == 0);
        return new SingleKeyUpload(ciphertextBytes, ciphertexts);
    }
}
