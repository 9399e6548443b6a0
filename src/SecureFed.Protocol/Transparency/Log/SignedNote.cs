using System.Text;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>A text with signature lines below it.</summary>
/// <remarks>C2SP signed-note. Nothing of the text may be believed before <see cref="TryVerify"/>.</remarks>
public sealed class SignedNote
{
    /// <summary>Longest note read.</summary>
    public const int GreatestBytes = 1 << 16;

    /// <summary>Most signature lines read; the format asks for at least 16.</summary>
    public const int GreatestSignatures = 64;

    private SignedNote(ReadOnlyMemory<byte> text, IReadOnlyList<NoteSignature> signatures)
    {
        Text = text;
        Signatures = signatures;
    }

    /// <summary>What is signed: UTF-8, ends with a newline.</summary>
    public ReadOnlyMemory<byte> Text { get; }

    /// <summary>In the order of their lines.</summary>
    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <exception cref="ArgumentException">The note could not be read back: no newline at the end of the text, control characters, no signature, too many or too long.</exception>
    public static SignedNote Create(ReadOnlySpan<byte> text, params IReadOnlyList<NoteSignature> signatures) =>
        TryParse(new SignedNote(text.ToArray(), signatures).Encode(), out SignedNote? note) && note!.Text.Span.SequenceEqual(text)
            ? note
            : throw new ArgumentException("A note is text that ends with a newline, without control characters, and 1 to 64 signatures.", nameof(text));

    /// <summary>The same text with one signature more, as a witness adds it.</summary>
    public SignedNote With(NoteSignature signature) => Create(Text.Span, [.. Signatures, signature]);

    public byte[] Encode() => [.. Text.Span, .. Utf8.Strict.GetBytes("\n" + string.Concat(Signatures.Select(s => s + "\n")))];

    /// <summary>Accepts only what <see cref="Encode"/> gives back byte for byte.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out SignedNote? note)
    {
        note = null;
        if (bytes.Length > GreatestBytes || !LogText.TryText(bytes, out string all) || !all.EndsWith('\n'))
            return false;

        // The last empty line separates, because the text may hold empty lines too.
        int end = all.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0)
            return false;
        string[] lines = all[(end + 2)..].Split('\n')[..^1];
        if (lines.Length is 0 or > GreatestSignatures)
            return false;
        NoteSignature[] signatures = new NoteSignature[lines.Length];
        for (int i = 0; i < lines.Length; i++)
        {
            if (!NoteSignature.TryParse(lines[i], out NoteSignature? signature))
                return false;
            signatures[i] = signature!;
        }

        note = new SignedNote(Utf8.Strict.GetBytes(all[..(end + 1)]), signatures);
        return true;
    }

    /// <summary>Checks every signature of a known key and ignores all others.</summary>
    /// <param name="known">The keys that are trusted for something.</param>
    /// <param name="signers">Those that signed, each once.</param>
    /// <returns>False if no known key signed, or if one line that names a known key does not verify: then the whole note is forged or damaged.</returns>
    public bool TryVerify(IEnumerable<NoteVerifier> known, out IReadOnlyList<NoteVerifier> signers)
    {
        List<NoteVerifier> verified = [];
        signers = verified;
        foreach (NoteVerifier key in known)
        {
            NoteSignature[] own = [.. Signatures.Where(s => s.KeyId == key.KeyId && string.Equals(s.Name, key.Name, StringComparison.Ordinal))];
            if (own.Any(s => !key.Verify(Text.Span, s.Signature.Span)))
            {
                verified.Clear();
                return false;
            }

            if (own.Length > 0)
                verified.Add(key);
        }

        return verified.Count > 0;
    }

    /// <summary>The note as a person reads it.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Encode());
}
