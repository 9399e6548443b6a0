using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Seal;

namespace SecureFed.SealNet.Tests;

/// <summary>One key pair of one set, and values for it.</summary>
internal sealed class Peer : IDisposable
{
    /// <param name="set">S1 or S2.</param>
    /// <param name="bits">b: t = 2^b.</param>
    /// <param name="seed">Names the values, and the keys if our engine draws them.</param>
    /// <param name="engine">Draws the keys.</param>
    public Peer(BfvSet set, int bits, string seed, CheckedSingleKeyEngine engine)
    {
        Random = new KeyedRandomSource(SHA256.HashData(Encoding.UTF8.GetBytes(seed)));
        Parameters = set.ToSeal(bits);
        (SecretKey, PublicKey) = engine.DrawKeys(Parameters, Random);
        Bits = bits;
    }

    public KeyedRandomSource Random { get; }

    public SealParameters Parameters { get; }

    public SealSecretKey SecretKey { get; }

    public SealPublicKey PublicKey { get; }

    private int Bits { get; }

    /// <summary>Uniform below t, with both ends of the range.</summary>
    public uint[] Values(int count)
    {
        byte[] bytes = new byte[count * sizeof(uint)];
        Random.Fill(bytes);
        uint[] values = [.. bytes.Chunk(sizeof(uint)).Select(c => BinaryPrimitives.ReadUInt32LittleEndian(c))];
        (values[0], values[1], values[2]) = (uint.MaxValue, 0, 1U << (Bits - 1));
        Ring.Reduce(values, Bits);
        return values;
    }

    public void Dispose()
    {
        SecretKey.Dispose();
        Random.Dispose();
    }
}
