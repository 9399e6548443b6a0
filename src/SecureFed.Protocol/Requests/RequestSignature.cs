using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SecureFed.Cryptography.Keys;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Requests;

/// <summary>HTTP message signatures (RFC 9421) with ecdsa-p256-sha256, over the components that DESIGN section 8 fixes.</summary>
/// <remarks>
/// One label, one list of components in one order, four parameters: what is not exactly that is refused. The signature base is RFC 9421, section 2.5;
/// ecdsa-p256-sha256 signs r‖s (section 3.3.4).
/// </remarks>
/// <param name="Created">Unix time in seconds.</param>
/// <param name="Nonce">22 characters of base64url: 16 random bytes, accepted once.</param>
/// <param name="KeyId">Roster identity that signs.</param>
public sealed partial record RequestSignature(long Created, string Nonce, Identifier KeyId)
{
    public const string Label = "sig1";

    /// <summary>The end of the year 9999, the last time that .NET can express.</summary>
    private const long GreatestCreated = 253_402_300_799;

    private const string Components = "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\")";

    /// <summary>Value of Signature-Input.</summary>
    public string Input => $"{Label}={Parameters}";

    private string Parameters => string.Create(
        CultureInfo.InvariantCulture,
        $"{Components};created={Created};nonce=\"{Nonce}\";keyid=\"{KeyId}\";alg=\"ecdsa-p256-sha256\"");

    /// <summary>Value of the Signature field.</summary>
    /// <exception cref="ArgumentException">A component is empty or holds anything but visible ASCII; percent-encode it first.</exception>
    public string Sign(RequestComponents components, ISigner signer) => IsPlain(components)
        ? Field(signer.Sign(Base(components)))
        : throw new ArgumentException("Signed components are visible ASCII, as they stand on the wire; percent-encode the target.", nameof(components));

    /// <summary>Whether the field is this signature over these components, in the one form that <see cref="Sign"/> writes.</summary>
    public bool Verify(RequestComponents components, string signatureField, ReadOnlySpan<byte> publicKey)
    {
        string prefix = Label + "=:";
        if (!signatureField.StartsWith(prefix, StringComparison.Ordinal) || signatureField.Length != Field(new byte[P256.SignatureBytes]).Length || !IsPlain(components))
            return false;
        byte[] signature = new byte[P256.SignatureBytes];
        return Convert.TryFromBase64String(signatureField[prefix.Length..^1], signature, out int written)
            && written == P256.SignatureBytes
            && string.Equals(Field(signature), signatureField, StringComparison.Ordinal)
            && Signature.Verify(publicKey, Base(components), signature);
    }

    /// <summary>Reads Signature-Input; null unless it is exactly the form that <see cref="Input"/> writes.</summary>
    public static RequestSignature? TryParse(string? signatureInput)
    {
        if (signatureInput is null || signatureInput.Length > 400)
            return null;
        Match match = InputForm().Match(signatureInput);
        if (!match.Success
            || !long.TryParse(match.Groups["created"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long created)
            || created > GreatestCreated
            || !Identifier.TryParse(match.Groups["nonce"].Value, out _)
            || !Identifier.TryParse(match.Groups["keyid"].Value, out Identifier keyId))
        {
            return null;
        }

        RequestSignature parsed = new(created, match.Groups["nonce"].Value, keyId);
        return string.Equals(parsed.Input, signatureInput, StringComparison.Ordinal) ? parsed : null;
    }

    private static string Field(ReadOnlySpan<byte> signature) => $"{Label}=:{Convert.ToBase64String(signature)}:";

    /// <summary>The signature base is lines of ASCII: a line break would forge a line, and what is not ASCII would be signed as a question mark.</summary>
    private static bool IsPlain(RequestComponents components) =>
        IsVisible(components.Method) && IsVisible(components.Authority) && IsVisible(components.Path) && IsVisible(components.Query) && IsVisible(components.ContentDigest);

    private static bool IsVisible(string component) => component.Length > 0 && component.All(c => c is > ' ' and <= '~');

    private byte[] Base(RequestComponents components) => Encoding.ASCII.GetBytes(
        $"\"@method\": {components.Method}\n"
        + $"\"@authority\": {components.Authority}\n"
        + $"\"@path\": {components.Path}\n"
        + $"\"@query\": {components.Query}\n"
        + $"\"content-digest\": {components.ContentDigest}\n"
        + $"\"@signature-params\": {Parameters}");

    [GeneratedRegex(
        """^sig1=\("@method" "@authority" "@path" "@query" "content-digest"\);created=(?<created>[0-9]{1,12});nonce="(?<nonce>[A-Za-z0-9_-]{22})";keyid="(?<keyid>[A-Za-z0-9_-]{22})";alg="ecdsa-p256-sha256"$""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex InputForm();
}
