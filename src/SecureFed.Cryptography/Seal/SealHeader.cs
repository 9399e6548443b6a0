using System.Buffers.Binary;

namespace SecureFed.Cryptography.Seal;

/// <summary>The 16 bytes before every SEAL object, also before those inside another.</summary>
/// <remarks>SEAL 4.1, native/src/seal/serialization.h, SEALHeader. Little-endian: magic 0xa15e, header size 16, version, compression, reserved 0, size.</remarks>
/// <param name="Major">Version that wrote the object; 4.</param>
/// <param name="Minor">Any.</param>
/// <param name="Compression">Of what follows the header.</param>
/// <param name="SizeBytes">Of the object, this header included.</param>
public readonly record struct SealHeader(byte Major, byte Minor, SealCompression Compression, ulong SizeBytes)
{
    public const int Bytes = 16;

    /// <summary>What is written: readers of 4.1 take no other minor version, later ones take this one.</summary>
    public const byte WrittenMajor = 4;

    /// <inheritdoc cref="WrittenMajor"/>
    public const byte WrittenMinor = 1;

    internal const ushort Magic = 0xa15e;

    /// <exception cref="SealFormatException">Fewer than 16 bytes, or not the header of a 4.x object.</exception>
    public static SealHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Bytes) throw SealFormatException.Truncated();
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes) != Magic || bytes[2] != Bytes)
            throw new SealFormatException(SealErrorCodes.Header, "These bytes do not begin with a SEAL header.", "Check that this is a file of Microsoft SEAL 4.");
        if (bytes[3] != WrittenMajor)
        {
            throw new SealFormatException(
                SealErrorCodes.Version, $"The object was written by SEAL {bytes[3]}.{bytes[4]}; only 4.x is read.", "Load and save it with SEAL 4.");
        }

        if (bytes[5] > (byte)SealCompression.Zstd)
            throw new SealFormatException(SealErrorCodes.Compression, $"Compression mode {bytes[5]} is unknown.", "Save the object without compression.");
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) != 0)
            throw new SealFormatException(SealErrorCodes.Header, "Reserved bytes of the header are not zero.", "Check that this is a file of Microsoft SEAL 4.");
        return new SealHeader(bytes[3], bytes[4], (SealCompression)bytes[5], BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
    }

    internal static void Write(Span<byte> destination, SealCompression compression, int sizeBytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(destination, Magic);
        destination[2] = Bytes;
        destination[3] = WrittenMajor;
        destination[4] = WrittenMinor;
        destination[5] = (byte)compression;
        destination[6] = 0;
        destination[7] = 0;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], (ulong)sizeBytes);
    }
}
