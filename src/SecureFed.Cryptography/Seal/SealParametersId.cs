using System.Buffers.Binary;

namespace SecureFed.Cryptography.Seal;

/// <summary>SEAL's parms_id: the name of one level of encryption parameters.</summary>
/// <remarks>BLAKE2b-256 over little-endian words: scheme, N, the primes of the level, t (SEAL 4.1, encryptionparams.cpp, compute_parms_id). Zero names
/// plaintexts that are not in NTT form.</remarks>
public readonly record struct SealParametersId
{
    public const int Bytes = 32;

    private readonly UInt128 high;
    private readonly UInt128 low;

    internal SealParametersId(ReadOnlySpan<byte> bytes)
    {
        high = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt128BigEndian(bytes[16..]);
    }

    public bool IsZero => this == default;

    internal static SealParametersId Compute(ReadOnlySpan<ulong> words)
    {
        Span<byte> bytes = stackalloc byte[words.Length * sizeof(ulong)];
        for (int i = 0; i < words.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes[(i * sizeof(ulong))..], words[i]);
        Span<byte> digest = stackalloc byte[Bytes];
        Blake2b.Hash(bytes, digest);
        return new SealParametersId(digest);
    }

    /// <exception cref="ArgumentException">Fewer than 32 bytes.</exception>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, high);
        BinaryPrimitives.WriteUInt128BigEndian(destination[16..], low);
    }

    /// <summary>64 digits, in the order of the bytes.</summary>
    public override string ToString() => $"{high:x32}{low:x32}";
}
