using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sealing;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Messages;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>A corrupt client: deals whatever shares a test wants, and signs them as its own.</summary>
internal static class BadShares
{
    /// <summary>Uploads nothing but zeros under a key whose shares are changed before they are sealed.</summary>
    /// <param name="all">The round that is open.</param>
    /// <param name="client">Whose name and key the upload bears.</param>
    /// <param name="change">Packed share of the holder at point x, before it is sealed; changed in place.</param>
    /// <returns>The shares as they were dealt by the rule, K stretches of N + 3.</returns>
    public static ulong[] Upload(EncryptedConsortium all, EncryptingParty client, Action<int, byte[]> change)
    {
        BfvParameters parameters = EncryptedRound.ParametersOf(all.Round);
        PrimeModulus q = parameters.Set.Modulus;
        int length = EncryptedRound.ShareLength(parameters.Set);
        using OneTimeSecretKey key = OneTimeSecretKey.Draw(parameters.Set, all.Random);
        using AgreementKey sealing = AgreementKey.Generate(all.Random);
        byte[] ciphertexts = new byte[WidePacking.PackedBytes(EncryptedRound.LengthOf(all.Round), parameters.PackedBits)];
        using (PublicPolynomials polynomials = new(parameters.Set, all.OpenDigest.ToArray()))
        using (OneTimeEncryption encryption = new(parameters, key, polynomials, all.Random))
            encryption.Encrypt(new uint[EncryptedRound.LengthOf(all.Round)], ciphertexts);
        ulong[] secret = new ulong[length];
        key.Coefficients.CopyTo(secret);
        UniformResidues.Fill(q, all.Random, secret.AsSpan(parameters.Set.Degree));
        ulong[] shares = new ulong[length * all.Holders.Count];
        VectorSharing.Split(q, secret, EncryptedConsortium.Threshold, all.Holders.Count, all.Random, shares);
        List<ReadOnlyMemory<byte>> boxes = [];
        foreach (HolderEntry seat in all.Table.Entries)
        {
            byte[] plaintext = new byte[ResiduePacking.PackedBytes(q, length)];
            ResiduePacking.Pack(q, shares.AsSpan((seat.Point - 1) * length, length), plaintext);
            change(seat.Point, plaintext);
            byte[] shared = new byte[P256.SharedSecretBytes];
            byte[] boxKey = new byte[SealedBox.KeyBytes];
            Assert.True(sealing.TryAgree(seat.RoundKey.Span, shared));
            EncryptedRound.ShareKey(shared, all.OpenDigest, client.Id, seat, boxKey);
            byte[] box = new byte[plaintext.Length + SealedBox.OverheadBytes];
            SealedBox.Seal(boxKey, EncryptedRound.ShareContext(all.OpenDigest, client.Id, seat), plaintext, box);
            boxes.Add(box);
        }

        Sign(all, client, new EncryptedUpload(sealing.PublicKey, ciphertexts, boxes));
        return shares;
    }

    /// <summary>The client signs that upload, whoever made it, and the server takes it.</summary>
    public static void Sign(EncryptedConsortium all, EncryptingParty client, EncryptedUpload upload) => all.Accept(
        SignedMessage.Sign(new MessageHeader(all.Task.TaskId, all.Round.RoundId, client.Id, all.OpenDigest), upload, client.Key).Bytes);

    public static EncryptedUpload UploadOf(EncryptedConsortium all, EncryptingParty client) => (EncryptedUpload)all.Uploads[client.Id].Body;
}
