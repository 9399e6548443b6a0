using System.Buffers.Binary;

namespace SecureFed.Cryptography.Seal;

/// <summary>Takes fields from the front of a SEAL object's members.</summary>
/// <exception cref="SealFormatException">From every method: too few bytes, or a nested header that does not fit.</exception>
internal ref struct SealReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public readonly int Remaining => rest.Length;

    public ReadOnlySpan<byte> Take(int count)
    {
        if (rest.Length < count) throw SealFormatException.Truncated();
        ReadOnlySpan<byte> taken = rest[..count];
        rest = rest[count..];
        return taken;
    }

    public byte TakeByte() => Take(1)[0];

    public ulong TakeWord() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>The header of an object inside another: never compressed, and of the size that its place requires.</summary>
    public void TakeNestedHeader(long sizeBytes)
    {
        SealHeader header = SealHeader.Read(Take(SealHeader.Bytes));
        if (header.Compression != SealCompression.None)
            throw new SealFormatException(SealErrorCodes.Compression, "An object inside another one is compressed.", "Save the object again with SEAL 4.");
        if (header.SizeBytes != (ulong)sizeBytes) throw SealFormatException.Length("An object inside another one has the wrong size.");
    }

    /// <summary>SEAL's DynArray of words: header, count, words. Its count must be the length of <paramref name="destination"/>.</summary>
    public void TakeArray(Span<ulong> destination)
    {
        long wordBytes = (long)destination.Length * sizeof(ulong);
        TakeNestedHeader(ArrayOverheadBytes + wordBytes);
        if (TakeWord() != (ulong)destination.Length) throw SealFormatException.Length("The count of coefficients does not fit the object.");
        ReadOnlySpan<byte> taken = Take(checked((int)wordBytes));
        for (int i = 0; i < destination.Length; i++) destination[i] = BinaryPrimitives.ReadUInt64LittleEndian(taken[(i * sizeof(ulong))..]);
    }

    /// <summary>Bytes of a DynArray beside its words.</summary>
    public const int ArrayOverheadBytes = SealHeader.Bytes + sizeof(ulong);

    public readonly void End()
    {
        if (!rest.IsEmpty) throw SealFormatException.Length($"{rest.Length} bytes follow the end of the object.");
    }
}
