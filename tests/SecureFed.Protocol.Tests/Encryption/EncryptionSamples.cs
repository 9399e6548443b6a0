using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Tests.Wire;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Encryption;

/// <summary>Well-formed messages of an encrypted round with five holders and four clients, for the laws of the wire.</summary>
internal static class EncryptionSamples
{
    public static PrimeModulus Q { get; } = PrimeModulus.Create(0x3ffffffffc001);

    public static HolderTable Table { get; } = MakeTable();

    public static Decoder[] Decoders() =>
    [
        new("holder table", b => HolderTable.TryDecode(b, out HolderTable? table) ? table!.Encode() : null, [Table.Encode(), new HolderTable([Table.Entries[0]]).Encode()]),
        new("encrypted upload", b => EncryptedUpload.TryDecode(b, out EncryptedUpload? upload) ? upload!.Encode() : null, [Upload(5).Encode(), Upload(1).Encode()]),
        new(
            "encrypted upload statement",
            b => EncryptedUploadStatement.TryDecode(b, out EncryptedUploadStatement? statement) ? statement!.Encode() : null,
            [Upload(5).Statement.Encode(), Upload(1).Statement.Encode()]),
        new(
            "share check answer",
            b => ShareCheckAnswer.TryDecode(b, out ShareCheckAnswer? answer) ? answer!.Encode() : null,
            [CheckAnswer(4, 2).Encode(), CheckAnswer(3, 0).Encode(), CheckAnswer(0, 3).Encode(), CheckAnswer(0, 0).Encode()]),
        new("upload list", b => UploadList.TryDecode(b, out UploadList? list) ? list!.Encode() : null, [List(4).Encode(), List(0).Encode()]),
        new("list signature", b => ListSignature.TryDecode(b, out ListSignature? s) ? s!.Encode() : null, [new ListSignature(Digest.Of("list"u8), 17).Encode()]),
        new("key sum request", b => KeySumRequest.TryDecode(b, out KeySumRequest? request) ? request!.Encode() : null, [Request(1, 3, 4, 5).Encode(), Request().Encode()]),
        new("single key upload", b => SingleKeyUpload.TryDecode(b, out SingleKeyUpload? upload) ? upload!.Encode() : null, [SingleKey(3).Encode(), SingleKey(1).Encode()]),
        new(
            "single key upload statement",
            b => SingleKeyUploadStatement.TryDecode(b, out SingleKeyUploadStatement? statement) ? statement!.Encode() : null,
            [SingleKey(3).Statement.Encode(), SingleKey(1).Statement.Encode()]),
        new("single key answer", b => SingleKeyAnswer.TryDecode(b, out SingleKeyAnswer? answer) ? answer!.Encode() : null, [Decrypted.Encode()]),
        new("single key answer statement", b => SingleKeyAnswerStatement.TryDecode(b, out SingleKeyAnswerStatement? answer) ? answer!.Encode() : null, [Decrypted.Statement.Encode()]),
        new("holder delivery", b => HolderDelivery.TryDecode(b) is { } delivery ? delivery.Encode() : null, [new HolderDelivery(SingleKey(1).Statement.Encode(), SingleKey(1).Ciphertexts).Encode()]),
        new("key sum answer", b => KeySumAnswer.TryDecode(b, out KeySumAnswer? answer) ? answer!.Encode() : null, [Sum(16).Encode(), Sum(3).Encode()]),
    ];

    public static EncryptedUpload Upload(int holders)
    {
        using KeyedRandomSource random = Seeded.Source("encrypted upload");
        return new EncryptedUpload(random.Bytes(P256.PublicKeyBytes), random.Bytes(84), [.. Enumerable.Range(0, holders).Select(_ => (ReadOnlyMemory<byte>)random.Bytes(48))]);
    }

    public static SingleKeyAnswer Decrypted { get; } = new(Digest.Of("list"u8), Digest.Of("sum"u8), new byte[] { 1, 2, 3, 4, 5 });

    public static SingleKeyUpload SingleKey(int ciphertexts)
    {
        using KeyedRandomSource random = Seeded.Source("single key upload");
        return new SingleKeyUpload(40, random.Bytes(40 * ciphertexts));
    }

    public static ShareCheckAnswer CheckAnswer(int answered, int unopened)
    {
        using KeyedRandomSource random = Seeded.Source("check answer");
        Identifier[] clients = [.. Enumerable.Range(0, answered + unopened).Select(_ => Identifier.Random(random))];
        return new ShareCheckAnswer(
            Digest.Of("challenge"u8),
            [.. clients.Take(answered).Order().Select(c => new ClientCheckAnswer(c, Packed(random, ShareCheck.Challenges)))],
            [.. clients.Skip(answered).Order()]);
    }

    public static UploadList List(int clients)
    {
        using KeyedRandomSource random = Seeded.Source("upload list");
        return new UploadList(Digest.Of("open"u8), [.. Enumerable.Range(0, clients).Select(_ => Identifier.Random(random)).Order().Select(c => new ListedUpload(c, new Digest(random.Bytes(32))))]);
    }

    public static KeySumRequest Request(params int[] points)
    {
        using KeyedRandomSource random = Seeded.Source("key sum request");
        return new KeySumRequest(Digest.Of("open"u8), Digest.Of("list"u8), 17, [.. points.Select(x => new HolderSignature(x, random.Bytes(P256.SignatureBytes)))]);
    }

    public static KeySumAnswer Sum(int dimension)
    {
        using KeyedRandomSource random = Seeded.Source("key sum answer");
        return new KeySumAnswer(Digest.Of("list"u8), Packed(random, dimension));
    }

    private static HolderTable MakeTable()
    {
        using KeyedRandomSource random = Seeded.Source("holder table");
        return new HolderTable([.. Enumerable.Range(1, 5).Select(x => new HolderEntry(x, Identifier.Random(random), (ulong)x, SigningKey.Generate(random).PublicKey, random.Bytes(P256.SignatureBytes)))]);
    }

    private static byte[] Packed(IRandomSource random, int count)
    {
        var elements = new ulong[count];
        UniformResidues.Fill(Q, random, elements);
        var packed = new byte[ResiduePacking.PackedBytes(Q, count)];
        ResiduePacking.Pack(Q, elements, packed);
        return packed;
    }
}
