using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Requests;

public sealed class RequestSignatureTests
{
    private static readonly RequestComponents Request = new("POST", "fed.example:8443", "/v1/tasks/AAAA/messages", "?", ContentDigest.Of("body"u8));
    private readonly SigningKey key;
    private readonly RequestSignature signature;

    public RequestSignatureTests()
    {
        KeyedRandomSource random = Seeded.Source("requests");
        key = SigningKey.Generate(random);
        signature = new RequestSignature(1_618_884_473, Identifier.Random(random).ToString(), Identifier.Random(random));
    }

    [Fact]
    public void The_signature_of_rfc_9421_appendix_b_2_4_verifies()
    {
        // The algorithm ecdsa-p256-sha256 as it is used here: r‖s over the ASCII signature base. Key test-key-ecc-p256 of appendix B.1.3.
        using ECDsa published = ECDsa.Create();
        published.ImportSubjectPublicKeyInfo(
            Convert.FromBase64String("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ=="), out _);
        ECPoint point = published.ExportParameters(false).Q;
        byte[] publicKey = [4, .. point.X!, .. point.Y!];
        byte[] expected = Convert.FromBase64String("wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==");
        string signatureBase =
            "\"@status\": 200\n"
            + "\"content-type\": application/json\n"
            + "\"content-digest\": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n"
            + "\"content-length\": 23\n"
            + "\"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\"";
        Assert.True(Signature.Verify(publicKey, Encoding.ASCII.GetBytes(signatureBase), expected));
        Assert.False(Signature.Verify(publicKey, Encoding.ASCII.GetBytes(signatureBase.Replace("200", "201", StringComparison.Ordinal)), expected));
    }

    [Fact]
    public void The_signature_base_is_the_one_of_rfc_9421_section_2_5()
    {
        // Written out by hand and verified without the code under test.
        string field = signature.Sign(Request, key);
        string parameters = "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\")"
            + $";created=1618884473;nonce=\"{signature.Nonce}\";keyid=\"{signature.KeyId}\";alg=\"ecdsa-p256-sha256\"";
        string signatureBase =
            "\"@method\": POST\n\"@authority\": fed.example:8443\n\"@path\": /v1/tasks/AAAA/messages\n\"@query\": ?\n"
            + $"\"content-digest\": {Request.ContentDigest}\n\"@signature-params\": {parameters}";
        Assert.Equal($"sig1={parameters}", signature.Input);
        Assert.StartsWith("sig1=:", field, StringComparison.Ordinal);
        Assert.True(Signature.Verify(key.PublicKey.Span, Encoding.ASCII.GetBytes(signatureBase), Convert.FromBase64String(field[6..^1])));
        Assert.True(signature.Verify(Request, field, key.PublicKey.Span));
        Assert.Equal(signature, RequestSignature.TryParse(signature.Input));
    }

    [Fact]
    public void Every_altered_component_parameter_or_key_is_refused()
    {
        string field = signature.Sign(Request, key);
        foreach (RequestComponents altered in (RequestComponents[])
            [
                Request with { Method = "PUT" }, Request with { Method = "post" }, Request with { Authority = "fed.example" }, Request with { Authority = "FED.example:8443" },
                Request with { Path = "/v1/tasks/AAAB/messages" }, Request with { Path = "/v1/tasks/%41AAA/messages" }, Request with { Query = "?a" },
                Request with { Query = "" }, Request with { ContentDigest = ContentDigest.Of("bodY"u8) },
            ])
        {
            Assert.False(signature.Verify(altered, field, key.PublicKey.Span));
        }

        Assert.False((signature with { Created = signature.Created + 1 }).Verify(Request, field, key.PublicKey.Span));
        Assert.False((signature with { Nonce = new Identifier(new byte[16]).ToString() }).Verify(Request, field, key.PublicKey.Span));
        Assert.False((signature with { KeyId = new Identifier(new byte[16]) }).Verify(Request, field, key.PublicKey.Span));
        Assert.False(signature.Verify(Request, field, SigningKey.Generate(Seeded.Source("other")).PublicKey.Span));
        Assert.False(signature.Verify(Request, field, new byte[65]));
    }

    [Theory]
    [InlineData("/v1/tasks/é")]
    [InlineData("/v1/tasks/\u0001")]
    [InlineData("/a b")]
    [InlineData("/a\n\"@query\": ?")]
    [InlineData("")]
    public void A_component_that_is_not_visible_ascii_is_neither_signed_nor_verified(string path)
    {
        string field = signature.Sign(Request with { Path = "/v1/tasks/?" }, key);
        Assert.False(signature.Verify(Request with { Path = path }, field, key.PublicKey.Span));
        Assert.Throws<ArgumentException>(() => signature.Sign(Request with { Path = path }, key));
        Assert.Throws<ArgumentException>(() => signature.Sign(Request with { Query = "?" + path + "\t" }, key));
        Assert.Throws<ArgumentException>(() => signature.Sign(Request with { Authority = path }, key));
    }

    [Fact]
    public void A_malformed_signature_field_is_refused_without_exception()
    {
        string field = signature.Sign(Request, key);
        string value = field[6..^1];
        foreach (string bad in (string[])
            [
                "", "sig1", "sig1=", "sig1=:", "sig1=::", ":", "sig2=:" + value + ":", field[..^1], field + ":", field + " ", " " + field, field.Replace('A', ' '),
                "sig1=:" + value[..^4] + ":", "sig1=: " + value[..^2] + ":", "sig1=:" + value[..^2] + "\n\n:", "sig1=:" + value + value + ":",
                "sig1=:" + new string('*', 88) + ":", "SIG1" + field[4..], field + ", " + field,
            ])
        {
            Assert.False(bad != field && signature.Verify(Request, bad, key.PublicKey.Span), bad);
        }

        // 64 bytes leave four bits of the last base64 character unused: only zeros are accepted.
        char last = value[^3];
        foreach (char other in "BCDEFGHIJKLMNOP".Where(c => c != last))
            Assert.False(signature.Verify(Request, "sig1=:" + value[..^3] + other + "==:", key.PublicKey.Span));
    }

    [Fact]
    public void A_malformed_signature_input_is_refused_without_exception()
    {
        string input = signature.Input;
        Assert.NotNull(RequestSignature.TryParse(input));
        foreach (string? bad in (string?[])
            [
                null, "", "sig1=()", input + " ", input + "\n", " " + input, input.Replace("sig1", "sig2", StringComparison.Ordinal),
                input.Replace("\"@query\" ", "", StringComparison.Ordinal), input.Replace("\"@method\" \"@authority\"", "\"@authority\" \"@method\"", StringComparison.Ordinal),
                input.Replace("created=", "created=0", StringComparison.Ordinal), input.Replace("created=", "created=-", StringComparison.Ordinal),
                input.Replace("created=1618884473", "created=99999999999999999999", StringComparison.Ordinal), input.Replace("created=1618884473", "created=\u0661", StringComparison.Ordinal),
                input.Replace("created=1618884473;", "", StringComparison.Ordinal), input.Replace("sha256", "sha512", StringComparison.Ordinal), input + ";tag=\"x\"",
                input.Replace(signature.Nonce, signature.Nonce[..21], StringComparison.Ordinal), input.Replace(signature.Nonce, signature.Nonce[..21] + "B", StringComparison.Ordinal),
                input.Replace(signature.KeyId.ToString(), signature.KeyId.ToString()[..21] + "B", StringComparison.Ordinal), new string('x', 100_000),
            ])
        {
            Assert.Null(RequestSignature.TryParse(bad));
        }
    }

    [Fact]
    public void A_content_digest_names_exactly_one_body()
    {
        // RFC 9530, appendix B.1: {"hello": "world"} and a line feed.
        Assert.Equal("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", ContentDigest.Of("{\"hello\": \"world\"}\n"u8));
        Assert.Equal("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", ContentDigest.Of([]));
        string field = ContentDigest.Of("body"u8);
        Assert.True(ContentDigest.Matches(field, "body"u8));
        Assert.False(ContentDigest.Matches(field, "bodY"u8));
        foreach (string bad in (string[])["", field + " ", field.ToUpperInvariant(), "sha-512" + field[7..], field[9..], field + ", " + field])
            Assert.False(ContentDigest.Matches(bad, "body"u8), bad);
    }
}
