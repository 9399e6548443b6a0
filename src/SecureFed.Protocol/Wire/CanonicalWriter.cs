using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace SecureFed.Protocol.Wire;

/// <summary>Writes the presentation language of RFC 8446, section 3: big-endian integers, vectors preceded by their length in bytes.</summary>
/// <remarks>Every value has exactly one encoding; <see cref="CanonicalReader"/> accepts no other.</remarks>
public sealed class CanonicalWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new();

    public int Length => buffer.WrittenCount;

    public CanonicalWriter UInt8(byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
        return this;
    }

    /// <summary>One byte, 0 or 1.</summary>
    public CanonicalWriter Flag(bool value) => UInt8(value ? (byte)1 : (byte)0);

    public CanonicalWriter UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(buffer.GetSpan(4), value);
        buffer.Advance(4);
        return this;
    }

    public CanonicalWriter UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
        return this;
    }

    /// <summary>A count or index that is never negative.</summary>
    public CanonicalWriter Count(int value) => UInt32(checked((uint)value));

    /// <summary>IEEE 754 binary64 bits, big-endian. Negative zero is written as zero so that equal values have equal bytes.</summary>
    /// <exception cref="ArgumentException">NaN or infinity.</exception>
    public CanonicalWriter Double(double value)
    {
        if (!double.IsFinite(value))
            throw new ArgumentException("Only finite numbers have a canonical encoding.", nameof(value));
        return UInt64(BitConverter.DoubleToUInt64Bits(value == 0 ? 0.0 : value));
    }

    /// <summary>opaque value[N]: the length is fixed by the format and not written.</summary>
    public CanonicalWriter Fixed(ReadOnlySpan<byte> value)
    {
        buffer.Write(value);
        return this;
    }

    public CanonicalWriter Identifier(Identifier value)
    {
        value.CopyTo(buffer.GetSpan(Wire.Identifier.Bytes));
        buffer.Advance(Wire.Identifier.Bytes);
        return this;
    }

    public CanonicalWriter Digest(Digest value)
    {
        value.CopyTo(buffer.GetSpan(Wire.Digest.Bytes));
        buffer.Advance(Wire.Digest.Bytes);
        return this;
    }

    /// <summary>opaque value&lt;0..2^32−1&gt;.</summary>
    public CanonicalWriter Opaque(ReadOnlySpan<byte> value) => Count(value.Length).Fixed(value);

    /// <summary>UTF-8 text as an opaque vector.</summary>
    public CanonicalWriter Text(string value) => Opaque(Utf8.Strict.GetBytes(value));

    /// <summary>A vector of items, preceded by their number.</summary>
    public CanonicalWriter List<T>(IReadOnlyCollection<T> items, Action<CanonicalWriter, T> writeItem)
    {
        Count(items.Count);
        foreach (T item in items)
            writeItem(this, item);
        return this;
    }

    public byte[] ToArray() => buffer.WrittenSpan.ToArray();

    public static byte[] Write(Action<CanonicalWriter> write)
    {
        CanonicalWriter writer = new();
        write(writer);
        return writer.ToArray();
    }
}

/// <summary>UTF-8 that refuses what it cannot encode or decode, so that text has one encoding.</summary>
internal static class Utf8
{
    public static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a text can be encoded at all and takes 1 to that many bytes.</summary>
    public static bool Fits(string text, int greatestBytes)
    {
        try
        {
            return Strict.GetByteCount(text) is int bytes && bytes >= 1 && bytes <= greatestBytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
