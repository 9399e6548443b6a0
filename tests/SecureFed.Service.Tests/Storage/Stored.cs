using SecureFed.Protocol.Wire;
using SecureFed.Server.Storage;

namespace SecureFed.Service.Tests.Storage;

/// <summary>Contents that follow from their number, so that what is read back can be compared without keeping it.</summary>
internal static class Stored
{
    public static readonly Identifier TaskId = Identifier.Parse("AAECAwQFBgcICQoLDA0ODw");

    public static StoredEntry Entry(int number) => new(Bytes(number, 'e', 150 + (number % 100)), Bytes(number, 's', 64));

    /// <summary>Kept for ever.</summary>
    public static StoredBlob Permanent(int number) => new(Bytes(number, 'p', 90 + number));

    /// <summary>Of round 0 if the number is even, of round 1 if it is odd.</summary>
    public static StoredBlob Words(int number) => new(Bytes(number, 'w', 1024), Round(number % 2));

    public static Identifier Round(params byte[] number) => new([.. number, .. new byte[16 - number.Length]]);

    public static Identifier Round(int number) => Round((byte)(number + 1));

    public static Digest DigestOf(StoredBlob blob) => Digest.Of(blob.Bytes.Span);

    public static void AssertHolds(ITaskStore store, int number)
    {
        Assert.Equal(Entry(number).Bytes.ToArray(), store.ReadEntry((ulong)number).Bytes.ToArray());
        Assert.Equal(Entry(number).Signature.ToArray(), store.ReadEntry((ulong)number).Signature.ToArray());
        Assert.Equal(Permanent(number).Bytes.ToArray(), store.Get(DigestOf(Permanent(number))).ToArray());
        Assert.Equal(Words(number).Bytes.ToArray(), store.Get(DigestOf(Words(number))).ToArray());
    }

    private static byte[] Bytes(int number, char kind, int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(((i * (number + 7)) + kind + (i / 64 * number)) & 0xff))];
}
