using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>One-time keys: a P-256 key to which clients seal shares, and the sum of those shares.</summary>
internal sealed class SharedKeyScheme(HolderContext context) : IHolderScheme
{
    public bool HasCheck => true;

    public (byte[] PrivateKey, ReadOnlyMemory<byte> PublicKey) Draw(IRandomSource random)
    {
        using AgreementKey key = AgreementKey.Generate(random);
        byte[] privateKey = new byte[P256.PrivateKeyBytes];
        key.ExportPrivateKey(privateKey);
        return (privateKey, key.PublicKey);
    }

    public bool Matches(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> publicKey) =>
        privateKey.Length == P256.PrivateKeyBytes && AgreementKey.PublicKeyMatches(privateKey, publicKey);

    public RoundRejection? TryAnswer(
        OpenedRound round, byte[] privateKey, Digest listDigest, IReadOnlyList<ListedUpload> uploads, IEnumerable<HolderDelivery> deliveries, out IMessageBody? answer)
    {
        using ShareReader reader = new(context, round, privateKey);
        RoundRejection? refusal = HolderShares.TrySum(reader, uploads, deliveries, out byte[]? sum);
        answer = refusal is null ? new KeySumAnswer(listDigest, sum!) : null;
        return refusal;
    }
}
