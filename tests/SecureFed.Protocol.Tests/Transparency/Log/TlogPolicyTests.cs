using System.Text;
using SecureFed.Cryptography.Signing;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Transparency.Log;

namespace SecureFed.Protocol.Tests.Transparency.Log;

public sealed class TlogPolicyTests
{
    private static readonly MemoryLog Log = MemoryLog.OfSize(5);

    private static readonly byte[][] Seeds = [.. Enumerable.Range(0, 6).Select(i => Seeded.Source($"witness {i}").Bytes(Ed25519.SeedBytes))];

    private static readonly NoteVerifier[] Witnesses = [.. Seeds.Select((seed, i) => NoteVerifier.ForCosigner($"witness.test/{i}", Ed25519.PublicKeyOf(seed)))];

    [Fact]
    public void A_quorum_of_two_levels_decides_as_the_specification_describes()
    {
        TlogPolicy policy = Parse(
            $"""
            # Two organisations.
            log {Log.Verifier} https://example.test/log

              witness X1 {Witnesses[0]}
            witness	X2	{Witnesses[1]}	https://x2.test
            witness X3 {Witnesses[2]}
            group X-witnesses 2 X1 X2 X3
            witness Y1 {Witnesses[3]}
            witness Y2 {Witnesses[4]}
            witness Y3 {Witnesses[5]}
            group Y-witnesses any Y1 Y2 Y3
            group X-and-Y all X-witnesses Y-witnesses
            quorum X-and-Y

            """);
        for (int set = 0; set < 64; set++)
        {
            bool isEnough = int.PopCount(set & 7) >= 2 && (set >> 3) != 0;
            RoundRejection? rejection = policy.Open(Cosigned(set), out SignedCheckpoint? checkpoint);
            Assert.Equal(isEnough, rejection is null);
            Assert.Equal(isEnough ? 1 + int.PopCount(set) : null, checkpoint?.Signers.Count);
            if (rejection is not null)
                Assert.Equal(ErrorCodes.CheckpointUntrusted, rejection.Code);
        }
    }

    [Fact]
    public void A_policy_made_from_keys_is_one_that_is_read()
    {
        TlogPolicy policy = TlogPolicy.Of(Log.Verifier, 2, Witnesses);
        Assert.Equal(policy.Text, Parse(policy.Text).Text);
        Assert.Equal(Witnesses, policy.Witnesses);
        Assert.NotNull(policy.Open(Cosigned(0b10), out _));
        Assert.Null(policy.Open(Cosigned(0b110000), out _));
        Assert.Null(TlogPolicy.Of(Log.Verifier).Open(Cosigned(0), out _));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Of(Log.Verifier, 2, Witnesses[0]));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Of(Log.Verifier, -1, Witnesses[0]));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Of(Witnesses[0]));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Of(Log.Verifier, 1, Log.Verifier));
        Assert.Throws<ArgumentException>(() => TlogPolicy.Of(Log.Verifier, 1, Witnesses[0], Witnesses[0]));
    }

    [Fact]
    public void One_witness_twice_is_not_two_and_a_forged_cosignature_rejects_the_note()
    {
        TlogPolicy policy = TlogPolicy.Of(Log.Verifier, 2, Witnesses);
        Assert.True(SignedNote.TryParse(Cosigned(1), out SignedNote? note));
        byte[] text = note!.Text.ToArray();
        Assert.NotNull(policy.Open(note.With(Cosignature.Sign(Witnesses[0].Name, Seeds[0], text, 99)).Encode(), out _));
        Assert.Null(policy.Open(note.With(Cosignature.Sign(Witnesses[1].Name, Seeds[1], text, 99)).Encode(), out _));
        NoteSignature forged = Cosignature.Sign(Witnesses[1].Name, Seeds[1], text, 99) with { Signature = new byte[72] };
        Assert.NotNull(policy.Open(note.With(Cosignature.Sign(Witnesses[2].Name, Seeds[2], text, 99)).With(forged).Encode(), out _));
    }

    [Fact]
    public void A_log_speaks_for_its_own_origin_only()
    {
        byte[] foreign = new Checkpoint("securefed.test/tasks/other", 5, Log.Tiles.Root).Encode();
        NoteSignature signature = SignedNote.TryParse(Log.Files["checkpoint"], out SignedNote? own) ? own!.Signatures[0] : null!;
        byte[] raw = Log.Key.Sign(foreign);
        SignedNote note = SignedNote.Create(foreign, signature with { Signature = EcdsaDer.FromRaw(raw) });
        Assert.True(note.TryVerify([Log.Verifier], out _));
        Assert.Equal(ErrorCodes.CheckpointUntrusted, Log.Policy.Open(note.Encode(), out _)!.Code);
        Assert.NotNull(Log.Policy.Open("nothing"u8, out _));

        // A cosignature alone is not the log's word.
        byte[] text = Log.Files["checkpoint"][..(Log.Files["checkpoint"].AsSpan().IndexOf("\n\n"u8) + 1)];
        SignedNote unsigned = SignedNote.Create(text, Cosignature.Sign(Witnesses[0].Name, Seeds[0], text, 1));
        Assert.NotNull(TlogPolicy.Of(Log.Verifier, 1, Witnesses).Open(unsigned.Encode(), out _));
    }

    [Theory]
    [InlineData("", "quorum")]
    [InlineData("quorum none", "newline")]
    [InlineData("quorum none\nquorum none\n", "Line 2")]
    [InlineData("quorum w\n", "Line 1")]
    [InlineData("quorum\n", "Line 1")]
    [InlineData("quorum none extra\n", "Line 1")]
    [InlineData("quorum none # comment\n", "Line 1")]
    [InlineData("Quorum none\n", "Line 1")]
    [InlineData("quorum none\r\n", "Control")]
    [InlineData("log {log}\nlog {log}\nquorum none\n", "Line 2")]
    [InlineData("log {w0}\nquorum none\n", "Line 1")]
    [InlineData("log {log} url more\nquorum none\n", "Line 1")]
    [InlineData("log\nquorum none\n", "Line 1")]
    [InlineData("witness a {log}\nquorum none\n", "Line 1")]
    [InlineData("witness a {w0}\nwitness b {w0}\nquorum none\n", "Line 2")]
    [InlineData("witness a {w0}\nwitness a {w1}\nquorum none\n", "Line 2")]
    [InlineData("witness none {w0}\nquorum none\n", "Line 1")]
    [InlineData("witness a {w0}\ngroup g 0 a\nquorum g\n", "Line 2")]
    [InlineData("witness a {w0}\ngroup g 2 a\nquorum g\n", "Line 2")]
    [InlineData("witness a {w0}\ngroup g 01 a\nquorum g\n", "Line 2")]
    [InlineData("witness a {w0}\ngroup g +1 a\nquorum g\n", "Line 2")]
    [InlineData("witness a {w0}\ngroup g some a\nquorum g\n", "Line 2")]
    [InlineData("witness a {w0}\ngroup g all\nquorum g\n", "Line 2")]
    [InlineData("witness a {w0}\ngroup g any a a\nquorum g\n", "Line 2")]
    [InlineData("witness a {w0}\ngroup g any a\ngroup h any a\nquorum h\n", "Line 3")]
    [InlineData("witness a {w0}\ngroup g any g\nquorum g\n", "Line 2")]
    [InlineData("witness a {w0}\ngroup g any none\nquorum g\n", "Line 2")]
    [InlineData("group g any a\nwitness a {w0}\nquorum g\n", "Line 1")]
    [InlineData("witness a {w0}\nquorum b\ngroup b any a\n", "Line 2")]
    public void A_faulty_policy_is_refused_at_its_first_fault(string text, string place)
    {
        text = text.Replace("{log}", Log.Verifier.ToString(), StringComparison.Ordinal)
            .Replace("{w0}", Witnesses[0].ToString(), StringComparison.Ordinal)
            .Replace("{w1}", Witnesses[1].ToString(), StringComparison.Ordinal);
        Assert.False(TlogPolicy.TryParse(Encoding.UTF8.GetBytes(text), out TlogPolicy? policy, out string fault));
        Assert.Null(policy);
        Assert.Contains(place, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Octets_that_are_no_text_are_names_like_others()
    {
        byte[] policy = [.. "witness "u8, 0xff, 0xe9, .. Encoding.UTF8.GetBytes($" {Witnesses[0]}\nquorum "), 0xff, 0xe9, (byte)'\n'];
        Assert.True(TlogPolicy.TryParse(policy, out TlogPolicy? read, out _));
        Assert.Equal(policy, read!.Encode());
        policy[^2] = 0xe8;
        Assert.False(TlogPolicy.TryParse(policy, out _, out _));
    }

    private static TlogPolicy Parse(string text)
    {
        Assert.True(TlogPolicy.TryParse(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n")), out TlogPolicy? policy, out string fault), fault);
        return policy!;
    }

    private static byte[] Cosigned(int set)
    {
        Assert.True(SignedNote.TryParse(Log.Files["checkpoint"], out SignedNote? note));
        for (int i = 0; i < Seeds.Length; i++)
        {
            if ((set >> i & 1) == 1)
                note = note!.With(Cosignature.Sign(Witnesses[i].Name, Seeds[i], note.Text.Span, 1_700_000_000));
        }

        return note!.Encode();
    }
}
