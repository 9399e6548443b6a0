using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sealing;
using SecureFed.Cryptography.Sharing;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Encryption;

/// <summary>What a client computes with the one-time key of a round. Decides nothing: <see cref="EncryptionClient"/> does, and calls this once.</summary>
/// <remarks>DESIGN section 3, Encryption, steps 1 and 2. The key, its shares, the sealing key and the plaintext live within one call and are zeroed before it returns.</remarks>
internal static class UploadEncryption
{
    public static EncryptedUpload Create(OpenedRound round, Identifier self, NoisedUpdate update, IRandomSource random)
    {
        BfvParameters parameters = EncryptedRound.ParametersOf(round.Parameters);
        using OneTimeSecretKey key = OneTimeSecretKey.Draw(parameters.Set, random);
        using AgreementKey sealing = AgreementKey.Generate(random);
        byte[] ciphertexts = Encrypt(round, parameters, key, update, random);
        return new EncryptedUpload(sealing.PublicKey, ciphertexts, DealShares(round, self, key, sealing, random));
    }

    private static byte[] Encrypt(OpenedRound round, BfvParameters parameters, OneTimeSecretKey key, NoisedUpdate update, IRandomSource random)
    {
        uint[] values = GC.AllocateArray<uint>(EncryptedRound.LengthOf(round.Parameters), pinned: true);
        try
        {
            update.CopyTo(values.AsSpan(0, update.Layout.Dimension));
            using PublicPolynomials polynomials = new(parameters.Set, round.OpenDigest.ToArray());
            using OneTimeEncryption encryption = new(parameters, key, polynomials, random);
            byte[] packed = new byte[WidePacking.PackedBytes(values.Length, parameters.PackedBits)];
            encryption.Encrypt(values, packed);
            return packed;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }

    /// <summary>Shares key and check masks among all holders of the task, and seals the shares of those that have a seat.</summary>
    private static ReadOnlyMemory<byte>[] DealShares(OpenedRound round, Identifier self, OneTimeSecretKey key, AgreementKey sealing, IRandomSource random)
    {
        EncryptionSpecification specification = round.Encryption.Specification;
        PrimeModulus q = key.Set.Modulus;
        int length = EncryptedRound.ShareLength(key.Set);
        ulong[] secret = GC.AllocateArray<ulong>(length, pinned: true);
        ulong[] shares = GC.AllocateArray<ulong>(length * specification.Holders.Count, pinned: true);
        byte[] plaintext = GC.AllocateArray<byte>(ResiduePacking.PackedBytes(q, length), pinned: true);
        try
        {
            key.Coefficients.CopyTo(secret);
            UniformResidues.Fill(q, random, secret.AsSpan(key.Set.Degree));
            VectorSharing.Split(q, secret, specification.Threshold, specification.Holders.Count, random, shares);
            IReadOnlyList<HolderEntry> seats = round.Encryption.Table.Entries;
            var boxes = new ReadOnlyMemory<byte>[seats.Count];
            for (int i = 0; i < boxes.Length; i++)
            {
                ResiduePacking.Pack(q, shares.AsSpan((seats[i].Point - 1) * length, length), plaintext);
                boxes[i] = Seal(round.OpenDigest, self, seats[i], sealing, plaintext);
            }

            return boxes;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(secret.AsSpan()));
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(shares.AsSpan()));
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }

    private static byte[] Seal(Digest openDigest, Identifier self, HolderEntry seat, AgreementKey sealing, ReadOnlySpan<byte> plaintext)
    {
        Span<byte> shared = stackalloc byte[P256.SharedSecretBytes];
        Span<byte> boxKey = stackalloc byte[SealedBox.KeyBytes];
        if (!sealing.TryAgree(seat.RoundKey.Span, shared))
            throw new InvalidOperationException("A round key that passed the examination is no point on P-256.");
        EncryptedRound.ShareKey(shared, openDigest, self, seat, boxKey);
        byte[] box = new byte[plaintext.Length + SealedBox.OverheadBytes];
        SealedBox.Seal(boxKey, EncryptedRound.ShareContext(openDigest, self, seat), plaintext, box);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(boxKey);
        return box;
    }
}
