using System.Security.Cryptography;
using System.Text;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Transparency.Log;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Transparency.Log;

public sealed class SignedNoteTests
{
    private const string Text = "securefed.test/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    private static readonly SigningKey Key = SigningKey.Generate(Seeded.Source("note key"));

    private static readonly byte[] Seed = Seeded.Source("witness seed").Bytes(Ed25519.SeedBytes);

    private static readonly NoteVerifier Log = NoteVerifier.ForEcdsa("securefed.test/log", Key.PublicKey.Span);

    private static readonly NoteVerifier Witness = NoteVerifier.ForCosigner("witness.test/w1", Ed25519.PublicKeyOf(Seed));

    private static SignedNote Note => Read(Text).Sign(Key);

    [Fact]
    public void The_platform_reads_our_keys_and_signatures_and_we_read_its()
    {
        using ECDsa platform = ECDsa.Create();
        platform.ImportSubjectPublicKeyInfo(Log.Key.Span, out int read);
        Assert.Equal(Log.Key.Length, read);
        Assert.Equal(Log.Key.ToArray(), platform.ExportSubjectPublicKeyInfo());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Log.Key.Span)[..4]), Log.ToString().Split('+')[1]);
        byte[] text = Encoding.UTF8.GetBytes(Text);
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        NoteVerifier verifier = NoteVerifier.ForEcdsa("other", other.ExportSubjectPublicKeyInfo().AsSpan(26));
        for (int i = 0; i < 600; i++)
        {
            // Often enough that a short r or s, one in 128, comes up.
            Assert.True(platform.VerifyData(text, Note.Signatures[0].Signature.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
            Assert.True(verifier.Verify(text, other.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)));
        }
    }

    [Theory]
    [InlineData("3006020101020101", true)]
    [InlineData("300702020080020101", true)]
    [InlineData("3006020100020101", true)]
    [InlineData("300702020001020101", false)] // surplus zero
    [InlineData("3006020181020101", false)] // negative
    [InlineData("30050200020101", false)] // empty integer
    [InlineData("308106020101020101", false)] // long form of a short length
    [InlineData("300602010102010100", false)] // something after it
    [InlineData("3009020101020101020101", false)] // three integers
    [InlineData("3003020101", false)]
    [InlineData("3006020101020201", false)]
    [InlineData("3106020101020101", false)]
    [InlineData("3006030101020101", false)]
    [InlineData("30", false)]
    [InlineData("", false)]
    public void Signatures_are_der_and_nothing_else(string hex, bool isDer)
    {
        byte[] raw = new byte[64];
        byte[] der = Convert.FromHexString(hex);
        Assert.Equal(isDer, EcdsaDer.TryToRaw(der, raw));
        if (isDer)
            Assert.Equal(der, EcdsaDer.FromRaw(raw));
    }

    [Fact]
    public void Integers_of_more_than_256_bits_are_refused()
    {
        byte[] tooLong = [0x30, 38, 0x02, 33, 1, .. new byte[32], 0x02, 1, 1];
        Assert.False(EcdsaDer.TryToRaw(tooLong, new byte[64]));
        byte[] longest = [.. Enumerable.Repeat((byte)255, 64)];
        byte[] raw = new byte[64];
        Assert.True(EcdsaDer.TryToRaw(EcdsaDer.FromRaw(longest), raw));
        Assert.Equal(longest, raw);
    }

    [Fact]
    public void A_note_is_read_back_byte_for_byte_and_verifies()
    {
        byte[] bytes = Note.With(Cosignature.Sign(Witness.Name, Seed, Encoding.UTF8.GetBytes(Text), 1_679_315_147)).Encode();
        Assert.True(SignedNote.TryParse(bytes, out SignedNote? note));
        Assert.Equal(bytes, note!.Encode());
        Assert.Equal(Text, Encoding.UTF8.GetString(note.Text.Span));
        Assert.True(note.TryVerify([Log, Witness], out IReadOnlyList<NoteVerifier> signers));
        Assert.Equal([Log, Witness], signers);
        Assert.Equal(1_679_315_147ul, Cosignature.TimeOf(note.Signatures[1]));
    }

    [Fact]
    public void A_cosignature_is_ed25519_over_header_time_and_text()
    {
        byte[] signature = Cosignature.Sign(Witness.Name, Seed, Encoding.UTF8.GetBytes(Text), 1_679_315_147).Signature.ToArray();
        Assert.Equal(Convert.ToHexStringLower([0, 0, 0, 0, 0x64, 0x18, 0x50, 0xcb]), Convert.ToHexStringLower(signature[..8]));
        Assert.True(Ed25519.Verify(Ed25519.PublicKeyOf(Seed), Encoding.UTF8.GetBytes("cosignature/v1\ntime 1679315147\n" + Text), signature.AsSpan(8)));
        byte[] id = SHA256.HashData([.. "witness.test/w1\n"u8, 0x04, .. Ed25519.PublicKeyOf(Seed)]);
        Assert.Equal(Convert.ToHexStringLower(id[..4]), Witness.ToString().Split('+')[1]);

        // Another time under the same signature, and a time beyond 2^63 - 1.
        signature[7] ^= 1;
        Assert.False(Witness.Verify(Encoding.UTF8.GetBytes(Text), signature));
        Assert.Throws<ArgumentOutOfRangeException>(() => Cosignature.Sign(Witness.Name, Seed, Encoding.UTF8.GetBytes(Text), 1ul << 63));
    }

    [Fact]
    public void Unknown_keys_are_ignored_and_a_known_key_that_fails_rejects_the_note()
    {
        NoteSignature good = Note.Signatures[0];
        NoteSignature sameName = good with { KeyId = good.KeyId ^ 1 };
        NoteSignature sameId = good with { Name = "securefed.test/other" };
        NoteSignature wrong = good with { Signature = good.Signature.ToArray().Select((b, i) => i == 10 ? (byte)(b ^ 1) : b).ToArray() };
        bool Verifies(params NoteSignature[] lines) => SignedNote.Create(Encoding.UTF8.GetBytes(Text), lines).TryVerify([Log], out IReadOnlyList<NoteVerifier> signers) && signers.Count == 1;
        Assert.True(Verifies(good));
        Assert.True(Verifies(sameName, sameId, good));
        Assert.True(Verifies(good, Note.Signatures[0]));
        Assert.False(Verifies(sameName, sameId));
        Assert.False(Verifies(wrong));
        Assert.False(Verifies(good, wrong));
        Assert.False(Verifies(wrong, good));
    }

    [Fact]
    public void Sixty_four_signatures_are_read_and_one_more_is_not()
    {
        NoteSignature[] others = [.. Enumerable.Range(0, 63).Select(i => new NoteSignature($"other{i}", 1, new byte[64]))];
        SignedNote most = SignedNote.Create(Encoding.UTF8.GetBytes(Text), [.. others, Note.Signatures[0]]);
        Assert.True(most.TryVerify([Log], out _));
        Assert.Throws<ArgumentException>(() => most.With(Note.Signatures[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("text\n")]
    [InlineData("text\n\n")]
    [InlineData("text\n— n AAAAAAE=\n")]
    [InlineData("text\n\n— n AAAAAAE=")]
    [InlineData("text\n\n— n AAAAAAE=\n\n")]
    [InlineData("text\n\n— n AAAAAAE=\nmore\n")]
    [InlineData("text\n\n- n AAAAAAE=\n")]
    [InlineData("text\n\n—  AAAAAAE=\n")]
    [InlineData("text\n\n— n  AAAAAAE=\n")]
    [InlineData("text\n\n— n AAAAAAE= \n")]
    [InlineData("text\n\n— n+m AAAAAAE=\n")]
    [InlineData("text\n\n— n\u00a0m AAAAAAE=\n")]
    [InlineData("text\n\n— n AAAAAA==\n")] // key id alone
    [InlineData("text\n\n— n AAAAAAF=\n")] // unused bits
    [InlineData("text\n\n— n AAAAAAE\n")]
    [InlineData("text\n\n— n AAAA_AE=\n")]
    [InlineData("te\txt\n\n— n AAAAAAE=\n")]
    [InlineData("text\r\n\r\n— n AAAAAAE=\r\n")]
    public void Anything_but_the_one_form_of_a_note_is_refused(string text) => Assert.False(SignedNote.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void The_last_empty_line_separates_text_and_signatures()
    {
        Assert.True(SignedNote.TryParse(Encoding.UTF8.GetBytes("one\n\ntwo\n\n— n AAAAAAE=\n"), out SignedNote? note));
        Assert.Equal("one\n\ntwo\n", Encoding.UTF8.GetString(note!.Text.Span));
        Assert.False(SignedNote.TryParse([.. "text\n\n"u8, 0xe2, 0x80, .. "— n AAAAAAE=\n"u8], out _));
        Assert.False(SignedNote.TryParse(Encoding.UTF8.GetBytes(new string('x', 1 << 16) + "\n\n— n AAAAAAE=\n"), out _));
    }

    [Theory]
    [InlineData("o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", true)]
    [InlineData("o\n9223372036854775807\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", true)]
    [InlineData("o with space\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nextension\nanother\n", true)]
    [InlineData("o\n9223372036854775808\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("o\n07\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("o\n+7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("o\n-7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("o\n 7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("o\n\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("o\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", false)]
    [InlineData("o\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hS\n", false)]
    [InlineData("o\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false)]
    [InlineData("o\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n", false)]
    [InlineData("o\n7\n", false)]
    [InlineData("", false)]
    public void Checkpoints_are_three_strict_lines_and_whatever_follows_not_empty(string text, bool isCheckpoint) =>
        Assert.Equal(isCheckpoint, Checkpoint.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Verifier_keys_have_one_text()
    {
        string vkey = Log.ToString();
        Assert.True(NoteVerifier.TryParse(vkey, out NoteVerifier? read));
        Assert.Equal(Log, read);
        Assert.True(NoteVerifier.TryParse(Witness.ToString(), out read));
        Assert.Equal(Witness, read);
        string[] parts = vkey.Split('+', 3);
        byte[] compressed = [2, .. Log.Key.Span[..27], 2, .. Log.Key.Span[28..60]];
        foreach (string bad in (string[])
        [
            "", "name", vkey[1..].Insert(0, "+"), $"{parts[0]}+{parts[1].ToUpperInvariant()}A+{parts[2]}", $"{parts[0]}+00000000+{parts[2]}", $"{parts[0]}+{parts[1]}",
            $"+{parts[1]}+{parts[2]}", $"a b+{parts[1]}+{parts[2]}", vkey + " ", vkey[..^4], $"{parts[0]}+{parts[1]}+{Convert.ToBase64String(compressed)}",
            $"x+{Convert.ToHexStringLower(SHA256.HashData([.. "x\n"u8, 9, .. new byte[32]])[..4])}+{Convert.ToBase64String([9, .. new byte[32]])}",
        ])
            Assert.False(NoteVerifier.TryParse(bad, out _), bad);
        Assert.False(NoteVerifier.TryParse(null, out _));
        Assert.Throws<ArgumentException>(() => NoteVerifier.ForEcdsa("a+b", Key.PublicKey.Span));
        Assert.Throws<ArgumentException>(() => NoteVerifier.ForEcdsa("name", new byte[65]));
    }

    [Fact]
    public void The_origin_depends_on_key_and_task_only()
    {
        Identifier task = Identifier.Random(Seeded.Source("task"));
        string origin = LogOrigin.Of(Key.PublicKey.Span, task);
        Assert.Equal($"securefed.{Convert.ToHexStringLower(SHA256.HashData(Log.Key.Span)[..8])}/tasks/{task}", origin);
        Assert.Equal(origin, NoteVerifier.ForEcdsa(origin, Key.PublicKey.Span).Name);
    }

    private static Checkpoint Read(string text) => Checkpoint.TryParse(Encoding.UTF8.GetBytes(text), out Checkpoint? checkpoint) ? checkpoint! : throw new FormatException(text);
}
