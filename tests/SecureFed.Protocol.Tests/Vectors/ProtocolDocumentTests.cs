using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using SecureFed.Cryptography.Bfv;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Rings;
using SecureFed.Cryptography.Sharing;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Encryption;
using SecureFed.Protocol.Encryption.Messages;
using SecureFed.Protocol.Errors;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Requests;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Vectors;

/// <summary>PROTOCOL.md says what the code says: codes, labels, numbers.</summary>
public sealed class ProtocolDocumentTests
{
    private static readonly string Document = ReadDocument();

    private static readonly string[] Codes =
        [.. typeof(ErrorCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!)];

    [Fact]
    public void Every_error_code_stands_in_the_table_and_the_table_has_no_other()
    {
        string table = Document[Document.IndexOf("## 12. Error codes", StringComparison.Ordinal)..];
        string[] listed = [.. Regex.Matches(table, @"^\| `(?<code>[a-z-]+)` \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture).Select(m => m.Groups["code"].Value)];
        Assert.Equal(Codes.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Whatever_looks_like_a_refusal_in_the_text_is_an_error_code()
    {
        string[] others =
        [
            "share-bundle", "unmask-answer", "change-request", "holder-key", "share-check-answer", // names of messages
            "unmask-request", "second-survivors", "fixed-uploads", "second-fixed-uploads", "key-holder", // steps and parties of a bad case
            "holder-keys", // a resource
        ];
        string[] words = [.. Regex.Matches(Document, "`(?<word>[a-z]+(-[a-z]+)+)`", RegexOptions.ExplicitCapture).Select(m => m.Groups["word"].Value).Distinct(StringComparer.Ordinal)];
        Assert.Empty(words.Except(Codes, StringComparer.Ordinal).Except(others, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_label_of_the_code_is_documented_and_every_documented_label_is_in_the_code()
    {
        // UTF-8 literals stand in the assembly as they are; the signing prefixes are built at run time.
        string assemblies = string.Concat(new[] { typeof(ErrorCodes), typeof(Flattening), typeof(ShareCheck) }.Select(t => Encoding.Latin1.GetString(File.ReadAllBytes(t.Assembly.Location))));
        string[] inCode =
        [
            .. Regex.Matches(assemblies, "securefed/v1 [a-z ]+\n").Select(m => m.Value),
            .. typeof(SigningContext).GetProperties(BindingFlags.Public | BindingFlags.Static).Select(p => Encoding.ASCII.GetString(((SigningContext)p.GetValue(null)!).Bind([]))),
        ];
        string[] documented = [.. Regex.Matches(Document, @"""(?<label>securefed/v1 [a-z ]+)\\n""", RegexOptions.ExplicitCapture).Select(m => m.Groups["label"].Value + "\n")];
        Assert.Equal(inCode.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), documented.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal(17, inCode.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Enumerations_have_the_documented_numbers()
    {
        Matches<RosterRole>("client(1), server(2), operator(3), keyHolder(4), approver(5), auditor(6)");
        Matches<MessageType>("advertisement(1), shareBundle(2), upload(3), confirmation(4), unmaskAnswer(5), encryptedUpload(6), shareCheckAnswer(7), listSignature(8), keySumAnswer(9), singleKeyUpload(10), singleKeyAnswer(11)");
        Matches<TaskModelKind>("vector(1), linear(2), logistic(3), softmax(4), network(5), trees(6), statistics(7)");
        Matches<ServerOptimizerKind>("fedAvg(1), fedSgd(2), fedAvgM(3), fedAdam(4), fedYogi(5), fedAdagrad(6)");
        Matches<LocalOptimizerKind>("sgd(1), adam(2)");
        Matches<RoundKind>("standardise(1), train(2), evaluate(3), explain(4)");
        Matches<NetworkActivation>("none(0), tanh(1), relu(2)");
        Matches<NetworkOutput>("none(0), linear(1), logistic(2), softmax(3)");
        Matches<ServerScheduleKind>("constant(1), cosine(2), inverseSquareRoot(3), step(4)");
        Matches<TaskStatisticKind>("count(1), sum(2), mean(3), variance(4), minimum(5), maximum(6), quantile(7), histogram(8), heavyHitters(9), correlation(10), quality(11)");
        Matches<ServerClass>("malicious(1), curious(2)");
        Matches<ShareKind>("selfMaskSeed(1), maskKey(2)");
        Matches<ProtectionKind>("masking(1), encryption(2), encryptionSingleKey(3)");

        static void Matches<T>(string documented)
            where T : struct, Enum
        {
            Assert.Contains(documented, Document, StringComparison.Ordinal);
            string actual = string.Join(", ", Enum.GetValues<T>().Select(v => $"{char.ToLowerInvariant(v.ToString()[0])}{v.ToString()[1..]}({Convert.ToInt32(v, System.Globalization.CultureInfo.InvariantCulture)})"));
            Assert.Equal(documented, actual);
        }
    }

    [Fact]
    public void Every_entry_type_has_its_documented_number_and_name()
    {
        foreach (EventType type in Enum.GetValues<EventType>())
        {
            string name = Regex.Replace(type.ToString(), "(?<!^)(?<capital>[A-Z])", "_${capital}", RegexOptions.ExplicitCapture).ToUpperInvariant();
            Assert.True(
                Document.Contains($"{(int)type} {name}", StringComparison.Ordinal) || Regex.IsMatch(Document, $@"{name} \({(int)type}\b"),
                $"{name} ({(int)type}) is not documented.");
        }
    }

    [Fact]
    public void Every_phase_of_a_round_stands_in_the_state_table()
    {
        foreach (RoundPhase phase in Enum.GetValues<RoundPhase>().Except([RoundPhase.Closed, RoundPhase.Aborted]))
            Assert.Contains($"\n| {phase} |", Document, StringComparison.Ordinal);
        Assert.Contains("\n| Closed, Aborted |", Document, StringComparison.Ordinal);
    }

    [Fact]
    public void The_signature_base_of_the_example_is_the_one_that_is_verified()
    {
        string[] lines = [.. Document.Split('\n').Select(l => l.Trim()).SkipWhile(l => !l.StartsWith("\"@method\": ", StringComparison.Ordinal)).Take(6)];
        string[] values = [.. lines.Select(l => l[(l.IndexOf(": ", StringComparison.Ordinal) + 2)..])];
        using SigningKey key = SigningKey.Generate(Seeded.Source("example"));
        string field = "sig1=:" + Convert.ToBase64String(key.Sign(Encoding.ASCII.GetBytes(string.Join('\n', lines)))) + ":";
        RequestSignature signature = RequestSignature.TryParse("sig1=" + values[5])!;
        Assert.True(signature.Verify(new RequestComponents(values[0], values[1], values[2], values[3], values[4]), field, key.PublicKey.Span));
        Assert.True(ContentDigest.Matches(values[4], []));
    }

    [Fact]
    public void Messages_have_the_documented_sizes()
    {
        using SigningKey key = SigningKey.Generate(Seeded.Source("sizes"));
        byte[] box = new byte[ShareBundle.BoxBytes];
        byte[] share = new byte[33];
        byte[] sealedShare = new byte[EncryptedRound.BoxBytes(BfvSet.A1)];
        byte[] packedAnswer = new byte[ResiduePacking.PackedBytes(BfvSet.A1.Modulus, ShareCheck.Challenges)];
        Assert.Equal((82, 66), (box.Length, ShareBundle.PlaintextBytes));
        HasSize("276", 276, new Advertisement(key.PublicKey, key.PublicKey));
        HasSize("182 + 86k", 182 + 2 * 86, new ShareBundle(default, [new SealedShare(0, box), new SealedShare(1, box)]));
        HasSize("183 + ⌈d·b/8⌉", 183 + 3, new Upload(default, 3, 7, new byte[3]));
        HasSize("186", 186, new Confirmation(default, 0));
        HasSize("182 + 38m", 182 + 38, new UnmaskAnswer(default, [new ReleasedShare(0, ShareKind.MaskKey, share)]));
        Assert.Equal(12_835, sealedShare.Length);
        HasSize("223 + s·B + C", 223 + 2 * 12_835 + 336, new EncryptedUpload(key.PublicKey, new byte[WidePacking.PackedBytes(EncryptedRound.LeastLength, 42)], [sealedShare, sealedShare]));
        HasSize("190 + 35m + 16u", 190 + 35 + 16, new ShareCheckAnswer(default, [new ClientCheckAnswer(default, packedAnswer)], [Identifier.Random(Seeded.Source("unopened"))]));
        HasSize("186", 186, new ListSignature(default, 0));
        HasSize("12982", 12_982, new KeySumAnswer(default, new byte[ResiduePacking.PackedBytes(BfvSet.A1.Modulus, BfvSet.A1.Degree)]));

        void HasSize(string documented, int size, IMessageBody body)
        {
            Assert.Matches($@"\n\| {(int)body.Type} \| {body.Type} \|.*\| {Regex.Escape(documented)} \|\n", Document);
            Assert.Equal(size, SignedMessage.Sign(new MessageHeader(default, default, default, default), body, key).Bytes.Length);
        }
    }

    private static string ReadDocument()
    {
        using Stream stream = typeof(ProtocolDocumentTests).Assembly.GetManifestResourceStream("PROTOCOL.md")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
