using System.Buffers.Binary;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>One signature line of a note, not yet verified.</summary>
/// <param name="Name">Name of the key.</param>
/// <param name="KeyId">Four bytes that tell keys of one name apart; no secure hash.</param>
/// <param name="Signature">As the type of the key demands; at least one byte.</param>
public sealed record NoteSignature(string Name, uint KeyId, ReadOnlyMemory<byte> Signature)
{
    private const string Mark = "— ";
    private const int KeyIdBytes = sizeof(uint);

    /// <summary>The line without its newline.</summary>
    public override string ToString()
    {
        byte[] content = new byte[KeyIdBytes + Signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(content, KeyId);
        Signature.Span.CopyTo(content.AsSpan(KeyIdBytes));
        return $"{Mark}{Name} {Convert.ToBase64String(content)}";
    }

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string line, out NoteSignature? signature)
    {
        signature = null;
        string[] parts = line.Split(' ');
        if (parts.Length != 3
            || !line.StartsWith(Mark, StringComparison.Ordinal)
            || !LogText.IsKeyName(parts[1])
            || !LogText.TryBase64(parts[2], out byte[] content)
            || content.Length <= KeyIdBytes)
            return false;
        signature = new NoteSignature(parts[1], BinaryPrimitives.ReadUInt32BigEndian(content), content.AsMemory(KeyIdBytes));
        return true;
    }
}
