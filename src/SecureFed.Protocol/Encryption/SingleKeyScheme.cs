using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>A single key: a SEAL key pair for one round, and what the sum of the listed ciphertexts decrypts to.</summary>
/// <remarks>
/// The holder adds the ciphertexts itself, so a server cannot have it decrypt one client's upload as if it were a sum. It cannot see whether a ciphertext is well formed: whoever sends
/// c₁ + ⌊2^26·q/t⌋ learns the round's secret key from the decrypted sum.
/// </remarks>
internal sealed class SingleKeyScheme(HolderContext context) : IHolderScheme
{
    private readonly CheckedSingleKeyEngine engine = new(context.SingleKeys);
    private readonly SealParameters parameters = SingleKeyRound.ParametersOf(context.Task);

    public bool HasCheck => false;

    public (byte[] PrivateKey, ReadOnlyMemory<byte> PublicKey) Draw(IRandomSource random)
    {
        (SealSecretKey secretKey, SealPublicKey publicKey) = engine.DrawKeys(parameters, random);
        using (secretKey)
            return (secretKey.Write(), publicKey.Write());
    }

    public bool Matches(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey)
    {
        if (SingleKeyRound.FindFault(publicKey, parameters, out SealPublicKey? key) is not null)
            return false;
        try
        {
            using SealSecretKey secretKey = SealSecretKey.Read(privateKey, parameters);
            return SingleKeys.Matches(secretKey, key!);
        }
        catch (SealFormatException)
        {
            return false;
        }
    }

    public RoundRejection? TryAnswer(
        OpenedRound round, byte[] privateKey, Digest listDigest, IReadOnlyList<ListedUpload> uploads, IEnumerable<HolderDelivery> deliveries, out IMessageBody? answer)
    {
        answer = null;
        if (TrySum(round, uploads, deliveries, out SingleKeyTotal total) is { } refusal)
            return refusal;
        if (total.TryFinish() is not { } sum)
            return new RoundRejection(ErrorCodes.InvalidAggregate, "The second components of the listed ciphertexts cancel: the sum hides nothing and is not decrypted.");
        answer = new SingleKeyAnswer(listDigest, Digest.Of(SingleKeyTotal.Name(sum)), Decrypt(round, privateKey, sum));
        return null;
    }

    private RoundRejection? TrySum(OpenedRound round, IReadOnlyList<ListedUpload> uploads, IEnumerable<HolderDelivery> deliveries, out SingleKeyTotal total)
    {
        total = new SingleKeyTotal(round.Parameters);
        HashSet<Digest> seen = [];
        using IEnumerator<HolderDelivery> delivered = deliveries.GetEnumerator();
        foreach (ListedUpload listed in uploads)
        {
            if (!delivered.MoveNext())
                return Missing;
            if (TryRead(round, listed, delivered.Current, seen, out IReadOnlyList<SealCiphertext> ciphertexts) is { } refusal)
                return refusal;
            total.Add(ciphertexts);
        }

        return delivered.MoveNext() ? Missing : null;
    }

    private RoundRejection? TryRead(OpenedRound round, ListedUpload listed, HolderDelivery delivery, HashSet<Digest> seen, out IReadOnlyList<SealCiphertext> ciphertexts)
    {
        ciphertexts = [];
        if (ListedRecord.TryRead(context, round, listed, delivery.Record, out SingleKeyUploadStatement? statement) is { } refusal)
            return refusal;
        if (Digest.Of(delivery.Box.Span) != statement!.VectorDigest)
            return new RoundRejection(ErrorCodes.InvalidCiphertext, "Delivered ciphertexts are not those that their client signed; fetch the deliveries again.");
        if (SingleKeyRound.FindFault(delivery.Box.Span, round.Parameters, out ciphertexts) is { } fault)
            return new RoundRejection(ErrorCodes.InvalidCiphertext, $"A listed upload is malformed, {fault}; nothing is decrypted.");
        return statement.CiphertextDigests.SequenceEqual(new SingleKeyUpload(SingleKeyRound.CiphertextBytes(parameters), delivery.Box).Statement.CiphertextDigests) && statement.CiphertextDigests.All(seen.Add)
            ? null
            : new RoundRejection(ErrorCodes.InvalidCiphertext, "A ciphertext is not the one that its client signed, or is listed twice; nothing is decrypted.");
    }

    private byte[] Decrypt(OpenedRound round, byte[] privateKey, IReadOnlyList<SealCiphertext> sum)
    {
        uint[] values = GC.AllocateArray<uint>(round.Parameters.Layout.Dimension, pinned: true);
        using SealSecretKey key = SealSecretKey.Read(privateKey, parameters);
        engine.Decrypt(key, sum, values);
        byte[] packed = new byte[RingPacking.PackedBytes(values.Length, round.Parameters.Layout.RingBits)];
        RingPacking.Pack(values, round.Parameters.Layout.RingBits, packed);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));
        return packed;
    }

    private static RoundRejection Missing { get; } =
        new(ErrorCodes.LengthMismatch, "A holder takes one delivery for each listed upload, in the list's order; fetch them again.");
}
