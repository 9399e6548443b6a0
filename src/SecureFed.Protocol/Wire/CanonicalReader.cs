using System.Buffers.Binary;
using System.Text;

namespace SecureFed.Protocol.Wire;

/// <summary>Reads what <see cref="CanonicalWriter"/> writes, from bytes that a peer chose.</summary>
/// <remarks>
/// Failure is sticky instead of thrown: after the first malformed field every read returns a default and <see cref="IsComplete"/> stays false,
/// so a decoder reads all its fields and asks once. No length is believed before it is compared with the bytes that are really there.
/// </remarks>
public ref struct CanonicalReader(ReadOnlySpan<byte> source)
{
    private ReadOnlySpan<byte> remaining = source;

    public bool HasFailed { get; private set; }

    /// <summary>True if every field was well-formed and nothing is left over.</summary>
    public readonly bool IsComplete => !HasFailed && remaining.IsEmpty;

    public void Fail()
    {
        HasFailed = true;
        remaining = default;
    }

    /// <summary>Marks the input as malformed unless the condition holds.</summary>
    public void Require(bool condition)
    {
        if (!condition)
            Fail();
    }

    public byte UInt8()
    {
        ReadOnlySpan<byte> bytes = Fixed(1);
        return bytes.IsEmpty ? (byte)0 : bytes[0];
    }

    /// <summary>One byte, 0 or 1.</summary>
    public bool Flag()
    {
        byte value = UInt8();
        Require(value <= 1);
        return value == 1;
    }

    public uint UInt32()
    {
        ReadOnlySpan<byte> bytes = Fixed(4);
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    public ulong UInt64()
    {
        ReadOnlySpan<byte> bytes = Fixed(8);
        return bytes.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>A number between 0 and <paramref name="greatest"/>.</summary>
    public int Count(int greatest)
    {
        uint value = UInt32();
        if (value > (uint)greatest)
        {
            Fail();
            return 0;
        }

        return (int)value;
    }

    /// <summary>A finite number; negative zero is refused because zero has one encoding.</summary>
    public double Double()
    {
        double value = BitConverter.UInt64BitsToDouble(UInt64());
        Require(double.IsFinite(value) && !(value == 0 && double.IsNegative(value)));
        return HasFailed ? 0 : value;
    }

    /// <summary>Exactly <paramref name="length"/> bytes, or an empty span after a failure.</summary>
    public ReadOnlySpan<byte> Fixed(int length)
    {
        if (HasFailed || remaining.Length < length)
        {
            Fail();
            return default;
        }

        ReadOnlySpan<byte> bytes = remaining[..length];
        remaining = remaining[length..];
        return bytes;
    }

    public Identifier Identifier()
    {
        ReadOnlySpan<byte> bytes = Fixed(Wire.Identifier.Bytes);
        return bytes.IsEmpty ? default : new Identifier(bytes);
    }

    public Digest Digest()
    {
        ReadOnlySpan<byte> bytes = Fixed(Wire.Digest.Bytes);
        return bytes.IsEmpty ? default : new Digest(bytes);
    }

    public ReadOnlySpan<byte> Opaque(int greatestLength) => Fixed(Count(greatestLength));

    public string Text(int greatestBytes)
    {
        ReadOnlySpan<byte> bytes = Opaque(greatestBytes);
        try
        {
            return Utf8.Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            Fail();
            return "";
        }
    }

    public delegate T ItemReader<out T>(ref CanonicalReader reader);

    /// <summary>A vector of at most <paramref name="greatestCount"/> items, none of which is shorter than <paramref name="leastItemBytes"/>.</summary>
    /// <remarks>The second bound keeps a short message from asking for a large allocation.</remarks>
    public T[] List<T>(int greatestCount, int leastItemBytes, ItemReader<T> readItem)
    {
        int count = Count(greatestCount);
        if ((long)count * leastItemBytes > remaining.Length)
        {
            Fail();
            return [];
        }

        T[] items = new T[count];
        for (int i = 0; i < count && !HasFailed; i++)
            items[i] = readItem(ref this);
        return HasFailed ? [] : items;
    }
}
