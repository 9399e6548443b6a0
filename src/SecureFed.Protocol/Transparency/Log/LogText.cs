using System.Buffers.Text;
using System.Globalization;
using System.Text;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Transparency.Log;

/// <summary>The small pieces that the text formats of a log share; each value has one text, any other is refused.</summary>
internal static class LogText
{
    /// <summary>Standard alphabet with padding (RFC 4648, section 4), no white space, unused bits zero.</summary>
    public static bool TryBase64(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = [];
        byte[] decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (!Convert.TryFromBase64Chars(text, decoded, out int written))
            return false;

        // The platform skips white space and unused bits.
        if (!text.SequenceEqual(Convert.ToBase64String(decoded, 0, written)))
            return false;
        bytes = decoded[..written];
        return true;
    }

    public static bool TryHash(ReadOnlySpan<char> text, out Digest hash)
    {
        hash = default;
        if (!TryBase64(text, out byte[] bytes) || bytes.Length != Digest.Bytes)
            return false;
        hash = new Digest(bytes);
        return true;
    }

    public static string Base64Of(Digest hash) => Convert.ToBase64String(hash.ToArray());

    /// <summary>Decimal digits, no leading zero, at most 2^63 − 1.</summary>
    public static bool TryNumber(ReadOnlySpan<char> text, out ulong number) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number <= long.MaxValue
            && (text.Length == 1 || text[0] != '0');

    /// <summary>Text of a signed note: UTF-8 without control characters other than newline.</summary>
    public static bool TryText(ReadOnlySpan<byte> bytes, out string text)
    {
        text = "";
        try
        {
            text = Utf8.Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        return !text.AsSpan().ContainsAnyInRange('\0', '\u0009') && !text.AsSpan().ContainsAnyInRange('\u000b', '\u001f');
    }

    /// <summary>Name of a key: not empty, no white space, no plus.</summary>
    public static bool IsKeyName(string name)
    {
        foreach (char c in name)
        {
            if (char.IsWhiteSpace(c) || c is '+' or < ' ')
                return false;
        }

        return name.Length > 0;
    }
}
