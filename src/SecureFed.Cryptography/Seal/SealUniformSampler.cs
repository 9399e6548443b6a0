using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using SecureFed.Cryptography.Rings;

namespace SecureFed.Cryptography.Seal;

/// <summary>Expands a seed to the uniform polynomial that it stands for.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Reference</term><description>SEAL 3.6 to 4.x: randomgen.cpp (refill_buffer) and util/rlwe.cpp (sample_poly_uniform).</description></item>
/// <item><term>Stream</term><description>Blocks of 4,096 bytes; block j is BLAKE2Xb of the counter j (8 bytes, little-endian) under the seed as key, or SHAKE256 of
/// seed and counter.</description></item>
/// <item><term>Words</term><description>First all N·k words; then prime by prime each word at or above the greatest multiple is replaced by the next words of the
/// stream, and reduced. Time depends on the stream, which is public.</description></item>
/// </list>
/// </remarks>
internal sealed class SealUniformSampler
{
    private const int BlockBytes = 4096;

    private readonly SealSeed seed;
    private readonly byte[] block = new byte[BlockBytes];
    private ulong counter;
    private int position = BlockBytes;

    private SealUniformSampler(SealSeed seed) => this.seed = seed;

    /// <param name="seed">Public.</param>
    /// <param name="primes">k of them.</param>
    /// <param name="polynomial">N·k words, prime-major, overwritten with residues.</param>
    /// <exception cref="SealFormatException">The platform has no SHAKE256.</exception>
    public static void Fill(SealSeed seed, ImmutableArray<PrimeModulus> primes, Span<ulong> polynomial)
    {
        if (seed.Generator == SealGenerator.Shake256 && !Shake256.IsSupported)
        {
            throw new SealFormatException(
                SealErrorCodes.Generator, "The seed needs SHAKE256, which this platform does not offer.", "Save the object in full, or use OpenSSL 1.1.1 or Windows 11.");
        }

        var sampler = new SealUniformSampler(seed);
        foreach (ref ulong word in polynomial) word = sampler.Next();
        int degree = polynomial.Length / primes.Length;
        for (int i = 0; i < primes.Length; i++)
        {
            ulong q = primes[i].Value;
            ulong limit = ulong.MaxValue - (ulong.MaxValue % q) - 1;
            foreach (ref ulong word in polynomial.Slice(i * degree, degree))
            {
                while (word >= limit) word = sampler.Next();
                word %= q;
            }
        }
    }

    /// <summary>The next 8 bytes; blocks are whole numbers of words.</summary>
    private ulong Next()
    {
        if (position == BlockBytes)
        {
            Refill();
            position = 0;
        }

        ulong word = BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(position));
        position += sizeof(ulong);
        return word;
    }

    private void Refill()
    {
        Span<byte> input = stackalloc byte[SealSeed.SeedBytes + sizeof(ulong)];
        seed.Bytes.CopyTo(input);
        BinaryPrimitives.WriteUInt64LittleEndian(input[SealSeed.SeedBytes..], counter++);
        if (seed.Generator == SealGenerator.Shake256)
            Shake256.HashData(input, block);
        else
            Blake2xb.Fill(input[SealSeed.SeedBytes..], block, seed.Bytes);
    }
}
