using System.Buffers.Binary;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Seal;

namespace SecureFed.SealNet.Tests;

/// <summary>Native code never sees a byte of a peer: what our parser refuses stops there, and what it takes is written anew.</summary>
public class ForeignBytesTests
{
    private const int FirstWord = 113;
    private const int FileBytes = FirstWord + (2 * 2048 * sizeof(ulong));
    private readonly SpyEngine spy = new(SealNetEngine.Instance);

    private CheckedSingleKeyEngine Spied => new(spy);

    public static TheoryData<string> Refused => [.. Refusals.Keys];

    private static Dictionary<string, (string Code, Func<byte[], SealParameters, byte[]> Spoil)> Refusals { get; } = new(StringComparer.Ordinal)
    {
        ["nothing"] = (SealErrorCodes.Truncated, (_, _) => []),
        ["one byte short"] = (SealErrorCodes.Truncated, (file, _) => file[..^1]),
        ["one byte long"] = (SealErrorCodes.Length, (file, _) => [.. file, 0]),
        ["a header that promises 2^63 bytes"] = (SealErrorCodes.Truncated, (file, _) => WithWord(file, 8, 1UL << 63)),
        ["version 3"] = (SealErrorCodes.Version, (file, _) => WithByte(file, 3, 3)),
        ["unknown compression"] = (SealErrorCodes.Compression, (file, _) => WithByte(file, 5, 9)),
        ["Zstandard"] = (SealErrorCodes.Compression, (file, _) => WithByte(file, 5, 2)),
        ["other parameters"] = (SealErrorCodes.ParametersMismatch, (file, _) => WithByte(file, 20, (byte)(file[20] ^ 0xff))),
        ["NTT form"] = (SealErrorCodes.Metadata, (file, _) => WithByte(file, 48, 1)),
        ["2^61 components"] = (SealErrorCodes.Metadata, (file, _) => WithWord(file, 49, 1UL << 61)),
        ["2^61 coefficients"] = (SealErrorCodes.Metadata, (file, _) => WithWord(file, 57, 1UL << 61)),
        ["2^61 words"] = (SealErrorCodes.Length, (file, _) => WithWord(file, 105, 1UL << 61)),
        ["a word of q"] = (SealErrorCodes.CoefficientRange, (file, parameters) => WithWord(file, FirstWord + (8 * 4095), parameters.KeyLevel.Primes[0].Value)),
        ["transparent"] = (SealErrorCodes.Transparent, (file, _) => [.. file[..(FirstWord + (8 * 2048))], .. new byte[8 * 2048]]),
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_the_parser_refuses_never_reaches_the_engine(string name)
    {
        using Peer peer = new(BfvSet.S1, 32, name, Spied);
        byte[] honest = Spied.Encrypt(peer.PublicKey, [1, 2, 3], peer.Random)[0].Write();
        Assert.Equal(FileBytes, honest.Length);
        spy.Seen.Clear();
        (string code, Func<byte[], SealParameters, byte[]> spoil) = Refusals[name];
        byte[] spoiled = spoil(honest, peer.Parameters);
        SealFormatException refusal = Assert.Throws<SealFormatException>(() => Receive(peer, spoiled, new uint[3]));
        Assert.Equal(code, refusal.Code);
        Assert.Empty(spy.Seen);

        Receive(peer, honest, new uint[3]);
        Assert.Equal(honest, Assert.Single(spy.Seen));
    }

    /// <summary>2,000 files with a few bytes changed: refused, or decrypted by Microsoft SEAL as by us.</summary>
    [Fact]
    public void Whatever_the_parser_takes_both_engines_read_alike()
    {
        using Peer peer = new(BfvSet.S1, 32, "changed", Spied);
        byte[] honest = Spied.Encrypt(peer.PublicKey, peer.Values(2048), peer.Random)[0].Write();
        (int refused, int taken) = (0, 0);
        var place = new byte[sizeof(uint)];
        for (int i = 0; i < 2000; i++)
        {
            byte[] file = [.. honest];
            for (int change = 0; change < 1 + (i % 3); change++)
            {
                peer.Random.Fill(place);
                // Every other time one of the bytes before the words.
                int at = (int)(BinaryPrimitives.ReadUInt32LittleEndian(place) % (uint)(i % 2 == 0 ? FirstWord : FileBytes));
                file[at] ^= (byte)(1 << (i / 2 % 8));
            }

            spy.Seen.Clear();
            uint[] native = new uint[2048], managed = new uint[2048];
            SealCiphertext read;
            try
            {
                Receive(peer, file, native);
                read = SealCiphertext.Read(file, peer.Parameters);
                taken++;
            }
            catch (SealFormatException)
            {
                Assert.Empty(spy.Seen);
                refused++;
                continue;
            }

            new CheckedSingleKeyEngine().Decrypt(peer.SecretKey, [read], managed);
            Assert.Equal(managed, native);
            Assert.Equal(FileBytes, Assert.Single(spy.Seen).Length);
        }

        Assert.InRange(refused, 500, 1500);
        Assert.InRange(taken, 500, 1500);
    }

    /// <summary>A seed would have SEAL expand it, a compressed stream have it inflate: our reader does both.</summary>
    [Fact]
    public void Seeds_and_compressed_streams_are_expanded_before()
    {
        using Peer peer = new(BfvSet.S2, 24, "seeded", Spied);
        using SingleKeySymmetricEncryption symmetric = new(peer.SecretKey, peer.Random);
        uint[] values = peer.Values(2048), decrypted = new uint[2048];
        byte[] file = symmetric.Encrypt(values, isSeeded: true).Write(SealCompression.Zlib);
        Assert.True(file.Length < FileBytes / 2);
        Receive(peer, file, decrypted);
        Assert.Equal(values, decrypted);
        byte[] seen = Assert.Single(spy.Seen);
        Assert.Equal(FileBytes, seen.Length);
        Assert.Equal(SealCompression.None, SealHeader.Read(seen).Compression);
        Assert.Null(SealCiphertext.Read(seen, peer.Parameters).Seed);
    }

    [Fact]
    public void A_public_key_with_a_word_of_q_never_reaches_the_engine()
    {
        using Peer peer = new(BfvSet.S1, 32, "key", Spied);
        byte[] file = peer.PublicKey.Write();
        byte[] spoiled = WithWord(file, file.Length - 8, peer.Parameters.KeyLevel.Primes[0].Value);
        Assert.Throws<SealFormatException>(() => Spied.Encrypt(SealPublicKey.Read(spoiled, peer.Parameters), [1], peer.Random));
        Assert.Empty(spy.Seen);
        Spied.Encrypt(SealPublicKey.Read(file, peer.Parameters), [1], peer.Random);
        Assert.Equal(file, Assert.Single(spy.Seen));
    }

    /// <summary>As every receiver does: nothing else makes a <see cref="SealCiphertext"/> of bytes, and the engine's one caller takes nothing else.</summary>
    private void Receive(Peer peer, byte[] file, uint[] values) => Spied.Decrypt(peer.SecretKey, [SealCiphertext.Read(file, peer.Parameters)], values);

    private static byte[] WithByte(byte[] file, int at, byte value)
    {
        byte[] changed = [.. file];
        changed[at] = value;
        return changed;
    }

    private static byte[] WithWord(byte[] file, int at, ulong value)
    {
        byte[] changed = [.. file];
        BinaryPrimitives.WriteUInt64LittleEndian(changed.AsSpan(at), value);
        return changed;
    }
}
