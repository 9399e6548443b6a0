using System.Buffers.Binary;
using System.Buffers.Text;
using SecureFed.Cryptography.Randomness;

namespace SecureFed.Protocol.Wire;

/// <summary>16 bytes that name a task, a round or an identity; base64url without padding in text (22 characters).</summary>
/// <remarks>Ordered by bytes, which is the order of every sorted list in the protocol.</remarks>
public readonly record struct Identifier : IComparable<Identifier>
{
    public const int Bytes = 16;

    private readonly UInt128 value;

    /// <param name="bytes">Exactly 16 bytes.</param>
    public Identifier(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Bytes);
        value = BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public static Identifier Random(IRandomSource random)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        random.Fill(bytes);
        return new Identifier(bytes);
    }

    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, value);

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Bytes];
        CopyTo(bytes);
        return bytes;
    }

    public int CompareTo(Identifier other) => value.CompareTo(other.value);

    public static bool operator <(Identifier left, Identifier right) => left.value < right.value;

    public static bool operator >(Identifier left, Identifier right) => left.value > right.value;

    public static bool operator <=(Identifier left, Identifier right) => left.value <= right.value;

    public static bool operator >=(Identifier left, Identifier right) => left.value >= right.value;

    public override string ToString() => Base64Url.EncodeToString(ToArray());

    /// <summary>Reads the 22-character form; refuses padding and non-zero trailing bits, so every identifier has one text.</summary>
    public static bool TryParse(string? text, out Identifier identifier)
    {
        identifier = default;
        if (text is not { Length: 22 })
            return false;
        Span<byte> bytes = stackalloc byte[Bytes];
        if (!Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out int written) || written != Bytes)
            return false;
        identifier = new Identifier(bytes);
        return string.Equals(identifier.ToString(), text, StringComparison.Ordinal);
    }

    /// <exception cref="FormatException">Not 22 characters of canonical base64url.</exception>
    public static Identifier Parse(string text) =>
        TryParse(text, out Identifier identifier) ? identifier : throw new FormatException("An identifier is 22 characters of base64url (16 bytes, no padding).");
}
