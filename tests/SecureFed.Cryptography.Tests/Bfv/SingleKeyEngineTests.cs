using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Seal;

namespace SecureFed.Cryptography.Tests.Bfv;

public sealed class ManagedSingleKeyEngineTests : SingleKeyEngineContract
{
    protected override ISingleKeyEngine Engine => ManagedSingleKeyEngine.Instance;
}

public class CheckedSingleKeyEngineTests
{
    private static readonly SealParameters Parameters = BfvSet.S1.ToSeal(32);

    [Fact]
    public void An_engine_sees_only_what_our_writer_wrote()
    {
        using KeyedRandomSource random = Seeded.Source("seen");
        using SealSecretKey secretKey = SingleKeys.Draw(Parameters, random);
        using SingleKeySymmetricEncryption symmetric = new(secretKey, random);
        byte[] file = SealCiphertext.Create(Parameters, [.. symmetric.Encrypt([5], isSeeded: false).First, .. new ulong[2047], 1]).Write(SealCompression.Zlib);
        file[4] = 7;
        SealCiphertext compressed = SealCiphertext.Read(file, Parameters);
        SealCiphertext seeded = symmetric.Encrypt([9], isSeeded: true);
        Recorder recorder = new();
        new CheckedSingleKeyEngine(recorder).Decrypt(secretKey, [compressed, seeded], new uint[2049]);
        Assert.Equal(2, recorder.Seen.Count);
        Assert.All(recorder.Seen, bytes =>
        {
            Assert.Equal(32_881, bytes.Length);
            SealHeader header = SealHeader.Read(bytes);
            Assert.Equal((4, 1, SealCompression.None), (header.Major, header.Minor, header.Compression));
            Assert.Null(SealCiphertext.Read(bytes, Parameters).Seed);
        });
    }

    [Fact]
    public void What_an_engine_returns_is_read_as_if_it_were_a_peers()
    {
        using KeyedRandomSource random = Seeded.Source("returned");
        using SealSecretKey secretKey = SingleKeys.Draw(Parameters, random);
        SealPublicKey key = SingleKeys.PublicKeyOf(secretKey, random);
        using SingleKeyEncryption encryption = new(key, random);
        byte[] good = encryption.Encrypt([1]).Write();
        byte[] transparent = [.. good];
        transparent.AsSpan(good.Length - (2048 * 8)).Clear();
        foreach ((byte[][] returned, string code) in ((byte[][], string)[])[([transparent], SealErrorCodes.Transparent), ([good[..^1]], SealErrorCodes.Truncated), ([good, good], SealErrorCodes.Length)])
            Assert.Equal(code, Assert.Throws<SealFormatException>(() => new CheckedSingleKeyEngine(new Recorder { Returned = returned }).Encrypt(key, [1], random)).Code);
    }

    [Fact]
    public void Values_at_or_above_t_are_the_callers_bug()
    {
        using KeyedRandomSource random = Seeded.Source("above");
        using SealSecretKey secretKey = SingleKeys.Draw(BfvSet.S1.ToSeal(20), random);
        SealPublicKey key = SingleKeys.PublicKeyOf(secretKey, random);
        Assert.Throws<ArgumentException>(() => new CheckedSingleKeyEngine().Encrypt(key, [1, 1 << 20], random));
    }

    private sealed class Recorder : ISingleKeyEngine
    {
        public List<byte[]> Seen { get; } = [];

        public byte[][] Returned { get; init; } = [];

        public string Name => nameof(Recorder);

        public (byte[] SecretKey, byte[] PublicKey) DrawKeys(SealParameters parameters, IRandomSource random) => throw new NotSupportedException();

        public IReadOnlyList<byte[]> Encrypt(SealParameters parameters, ReadOnlySpan<byte> publicKey, ReadOnlySpan<uint> values, IRandomSource random) => Returned;

        public void Decrypt(SealParameters parameters, ReadOnlySpan<byte> secretKey, IReadOnlyList<byte[]> ciphertexts, Span<uint> values) => Seen.AddRange(ciphertexts);
    }
}
