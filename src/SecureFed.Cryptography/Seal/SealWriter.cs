using System.Buffers.Binary;

namespace SecureFed.Cryptography.Seal;

/// <summary>Puts fields one after the other into a buffer of the exact size.</summary>
internal ref struct SealWriter(Span<byte> destination)
{
    private Span<byte> rest = destination;

    public void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }

    public void PutByte(byte value)
    {
        rest[0] = value;
        rest = rest[1..];
    }

    public void PutWord(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(rest, value);
        rest = rest[sizeof(ulong)..];
    }

    public void PutNestedHeader(int sizeBytes)
    {
        SealHeader.Write(rest, SealCompression.None, sizeBytes);
        rest = rest[SealHeader.Bytes..];
    }

    public void PutArray(ReadOnlySpan<ulong> words)
    {
        PutNestedHeader(SealReader.ArrayOverheadBytes + (words.Length * sizeof(ulong)));
        PutWord((ulong)words.Length);
        foreach (ulong word in words) PutWord(word);
    }
}
