using System.Globalization;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The text that a log signs: who, how many entries, which root.</summary>
/// <remarks>C2SP tlog-checkpoint: origin, decimal size and base64 root on a line each; extension lines are tolerated and never written.</remarks>
/// <param name="Origin">Names the log.</param>
/// <param name="Size">Entries in the tree.</param>
/// <param name="Root">Root over them.</param>
public sealed record Checkpoint(string Origin, ulong Size, Digest Root)
{
    /// <summary>2^63 − 1, so that sums of sizes cannot wrap.</summary>
    public const ulong GreatestSize = long.MaxValue;

    /// <summary>The text to be signed; ends with a newline.</summary>
    public byte[] Encode() => Utf8.Strict.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{LogText.Base64Of(Root)}\n"));

    /// <summary>Reads the text of a note; says nothing about who signed it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Checkpoint? checkpoint)
    {
        checkpoint = null;
        if (!LogText.TryText(text, out string all) || !all.EndsWith('\n'))
            return false;
        string[] lines = all[..^1].Split('\n');
        if (lines.Length < 3 || lines.Any(line => line.Length == 0) || !LogText.TryNumber(lines[1], out ulong size) || !LogText.TryHash(lines[2], out Digest root))
            return false;
        checkpoint = new Checkpoint(lines[0], size, root);
        return true;
    }

    /// <summary>Signs as the log named <see cref="Origin"/>.</summary>
    /// <remarks>Never sign a tree that is smaller than, or contradicts, one that was signed before; keeping count of that is the caller's duty.</remarks>
    /// <exception cref="ArgumentException">The origin is no key name.</exception>
    public SignedNote Sign(ISigner log)
    {
        byte[] text = Encode();
        uint keyId = NoteVerifier.ForEcdsa(Origin, log.PublicKey.Span).KeyId;
        return SignedNote.Create(text, new NoteSignature(Origin, keyId, EcdsaDer.FromRaw(log.Sign(text))));
    }
}
