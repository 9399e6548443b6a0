using System.Buffers.Binary;
using SecureFed.Cryptography.Keys;
using SecureFed.Cryptography.Randomness;
using SecureFed.Protocol.Identity;
using SecureFed.Protocol.Tasks;
using SecureFed.Protocol.Transparency;
using SecureFed.Protocol.Wire;

namespace SecureFed.Protocol.Tests.Wire;

/// <summary>Every decoder of peers' bytes: one value, one encoding; anything else refused without exception or large allocation.</summary>
public sealed class WireLawTests
{
    private const int CasesPerDecoder = 70_000;
    private const int CasesPerSlowDecoder = 20_000;

    public static TheoryData<string> Names() => [.. Decoders.All.Select(d => d.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Genuine_bytes_are_accepted_and_encode_to_themselves(string name)
    {
        Decoder decoder = Of(name);
        Assert.NotEmpty(decoder.Samples);
        foreach (byte[] sample in decoder.Samples)
            Assert.Equal(sample, decoder.Reencode(sample));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Truncated_and_extended_bytes_are_refused(string name)
    {
        Decoder decoder = Of(name);
        foreach (byte[] sample in decoder.Samples)
        {
            // A message of another length may be one that its signature happens to end differently; none of these samples is.
            for (int length = 0; length < sample.Length; length += 1 + sample.Length / 500)
                Assert.Null(decoder.Reencode(sample[..length]));
            Assert.Null(decoder.Reencode([.. sample, 0]));
        }
    }

    [Fact]
    public void Random_and_mutated_bytes_never_throw_and_are_accepted_only_in_canonical_form()
    {
        int cases = 0;
        Parallel.ForEach(Decoders.All, decoder =>
        {
            // A seed for each decoder, so that a failure repeats whatever the order.
            using KeyedRandomSource random = Seeded.Source("mutations of " + decoder.Name);
            int count = decoder.IsSlow ? CasesPerSlowDecoder : CasesPerDecoder;
            int accepted = 0;
            for (int i = 0; i < count; i++)
            {
                byte[] bytes = i % 10 == 0 ? random.Bytes(random.Below(300)) : Mutate(decoder.Samples, random);
                if (decoder.Reencode(bytes) is not { } again)
                    continue;
                accepted++;
                if (!bytes.AsSpan().SequenceEqual(again))
                    Assert.Fail($"{decoder.Name} accepts {Convert.ToHexString(bytes)}");
            }

            // Otherwise the mutations never get past the outermost check and the law is empty.
            Assert.InRange(accepted, 100, count);
            Interlocked.Add(ref cases, count);
        });
        Assert.InRange(cases, 1_000_000, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_short_message_that_claims_a_huge_count_allocates_little(string name)
    {
        Decoder decoder = Of(name);
        byte[] sample = decoder.Samples[^1];
        decoder.Reencode(sample);
        foreach (uint claimed in (uint[])[1 << 20, (1 << 20) - 1, 1 << 25, 1 << 26, int.MaxValue, uint.MaxValue])
        {
            for (int offset = 0; offset + 4 <= Math.Min(sample.Length, 400); offset++)
            {
                byte[] bytes = [.. sample];
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), claimed);
                long before = GC.GetAllocatedBytesForCurrentThread();
                decoder.Reencode(bytes);
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50L * sample.Length + 100_000);
            }
        }
    }

    [Fact]
    public void An_entry_that_could_not_be_read_back_is_not_written()
    {
        Identifier id = Identifier.Random(Seeded.Source("reasons"));
        Assert.True(LogEntry.TryDecode(new LogEntry(id, new TaskEvent.RoundAborted(id, new string('r', 64))).Encode(), out _));
        Assert.Throws<ArgumentException>(() => new LogEntry(id, new TaskEvent.RoundAborted(id, new string('r', 65))).Encode());
        Assert.Throws<ArgumentException>(() => new LogEntry(id, new TaskEvent.TaskFinished(new string('r', 65))).Encode());
    }

    [Fact]
    public void Suspects_in_an_entry_are_distinct_ascending_and_at_most_256()
    {
        IRandomSource random = Seeded.Source("suspects");
        Identifier id = Identifier.Random(random);
        Identifier[] all = [.. Enumerable.Range(0, 257).Select(_ => Identifier.Random(random)).Order()];
        foreach (Func<Identifier[], TaskEvent> make in new Func<Identifier[], TaskEvent>[] { s => new TaskEvent.RoundAborted(id, "r", s), s => new TaskEvent.RoundClosed(id, default, default, 3, s) })
        {
            foreach (Identifier[] good in new Identifier[][] { [], all[..1], all[..256] })
            {
                Assert.True(LogEntry.TryDecode(new LogEntry(id, make(good)).Encode(), out LogEntry? entry));
                Assert.Equal(good, entry!.Event is TaskEvent.RoundAborted aborted ? aborted.Suspects : ((TaskEvent.RoundClosed)entry.Event).Suspects);
            }

            foreach (Identifier[] bad in new Identifier[][] { all, [all[1], all[0]], [all[0], all[0]] })
                Assert.Throws<ArgumentException>(() => new LogEntry(id, make(bad)).Encode());
        }
    }

    [Fact]
    public void A_task_without_fault_can_be_read_back()
    {
        Assert.True(TaskParameters.TryDecode(Of("task parameters").Samples[^1], out TaskParameters? good));
        ModelSpecification model = good!.Model;
        FeatureSpecification label = model.Label!;
        foreach (TaskParameters task in (TaskParameters[])
            [
                good with { Name = new string('n', 256) }, good with { Name = new string('€', 256) }, good with { Name = new string('n', 257) },
                good with { Name = "\ud800" }, good with { Model = model with { Label = label with { Name = new string('€', 86) } } },
                good with { Model = model with { Label = label with { Name = new string('€', 85) } } },
                good with { Model = model with { Label = label with { Name = "\udc00" } } },
                good with { Model = model with { Kind = (TaskModelKind)9 } }, good with { Protection = default }, good with { RingBits = 33 },
                good with { Training = good.Training with { ServerOptimizer = default } }, good with { Training = good.Training with { LocalOptimizer = default } },
                good with { Training = good.Training with { ClipNorm = double.NaN } }, good with { Deadlines = good.Deadlines with { GraceMilliseconds = -1 } },
            ])
        {
            // Either it is refused when the operator creates it, or everybody can read it.
            if (task.FindFault() is null)
                Assert.True(TaskParameters.TryDecode(task.Encode(), out _), task.ToString());
        }
    }

    [Fact]
    public void Zero_has_one_encoding_and_what_is_not_finite_has_none()
    {
        byte[] bytes = CanonicalWriter.Write(w => w.Double(-0.0));
        Assert.Equal(new byte[8], bytes);
        foreach (ulong bits in (ulong[])[1UL << 63, BitConverter.DoubleToUInt64Bits(double.NaN), BitConverter.DoubleToUInt64Bits(double.NegativeInfinity)])
        {
            CanonicalReader reader = new(CanonicalWriter.Write(w => w.UInt64(bits)));
            reader.Double();
            Assert.True(reader.HasFailed);
        }

        Assert.Throws<ArgumentException>(() => CanonicalWriter.Write(w => w.Double(double.PositiveInfinity)));
    }

    [Theory]
    [InlineData("c0af")]
    [InlineData("eda080")]
    [InlineData("ff")]
    [InlineData("e282")]
    public void Text_that_is_not_shortest_utf8_is_refused(string hex)
    {
        CanonicalReader reader = new(CanonicalWriter.Write(w => w.Opaque(Convert.FromHexString(hex))));
        Assert.Equal("", reader.Text(100));
        Assert.True(reader.HasFailed);
    }

    [Fact]
    public void Identifiers_and_digests_have_one_text()
    {
        using KeyedRandomSource random = Seeded.Source("texts");
        for (int i = 0; i < 200; i++)
        {
            Identifier id = Identifier.Random(random);
            Assert.Equal(id, Identifier.Parse(id.ToString()));
            Digest digest = new(random.Bytes(32));
            Assert.True(Digest.TryParse(digest.ToString(), out Digest parsed));
            Assert.Equal(digest, parsed);
            Assert.False(Digest.TryParse(digest.ToString().ToUpperInvariant(), out _) && digest.ToString().Any(char.IsLetter));
        }

        string text = new Identifier(new byte[16]).ToString();
        Assert.Equal("AAAAAAAAAAAAAAAAAAAAAA", text);
        foreach (string? bad in (string?[])[null, "", text[..21] + "B", text[..21] + "=", text + "=", text + "==", text[..20] + "+/", " " + text[..21], text[..21] + "\n"])
            Assert.False(Identifier.TryParse(bad, out _), bad);
    }

    [Fact]
    public void A_roster_with_repeated_identities_or_keys_is_not_signed()
    {
        using KeyedRandomSource random = Seeded.Source("roster");
        SigningKey authority = SigningKey.Generate(random);
        RosterEntry one = new(Identifier.Random(random), RosterRole.Client, "A", SigningKey.Generate(random).PublicKey);
        RosterEntry two = new(Identifier.Random(random), RosterRole.Client, "B", SigningKey.Generate(random).PublicKey);
        Roster good = Roster.Create(1, [one, two], authority);
        Assert.Equal(2, good.ClientOrganisations);
        Assert.False(Roster.TryDecode(good.Bytes.Span, one.PublicKey.Span, out _));
        foreach (RosterEntry bad in (RosterEntry[])
            [
                two with { Id = one.Id }, two with { PublicKey = one.PublicKey }, two with { PublicKey = new byte[65] }, two with { Organisation = "" },
                two with { Organisation = new string('o', 129) }, two with { Role = default }, two with { PublicKey = two.PublicKey[..64] },
            ])
        {
            Assert.Throws<ArgumentException>(() => Roster.Create(1, [one, bad], authority));
        }
    }

    private static Decoder Of(string name) => Decoders.All.Single(d => d.Name == name);

    /// <summary>One or two changes: bytes, bits, numbers, insertions, cuts, truncation, extension, splices with another sample, repetitions.</summary>
    private static byte[] Mutate(IReadOnlyList<byte[]> samples, IRandomSource random)
    {
        byte[] bytes = [.. samples[random.Below(samples.Count)]];
        for (int times = 1 + random.Below(2); times > 0; times--)
        {
            int at = random.Below(bytes.Length);
            switch (random.Below(10))
            {
                case 6:
                    bytes = bytes[..at];
                    break;
                case 7:
                    bytes = [.. bytes, .. random.Bytes(1 + random.Below(70))];
                    break;
                case 8:
                    byte[] other = samples[random.Below(samples.Count)];
                    bytes = [.. bytes[..at], .. other[Math.Min(at, other.Length)..]];
                    break;
                case 9:
                    int end = at + random.Below(bytes.Length - at + 1);
                    bytes = [.. bytes[..end], .. bytes[at..end], .. bytes[end..]];
                    break;
                case 0:
                    bytes[at] = random.Bytes(1)[0];
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Below(8));
                    break;
                case 2 when at + 4 <= bytes.Length:
                    BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), (uint)random.Below(1 << random.Below(31)));
                    break;
                case 3:
                    bytes = [.. bytes[..at], .. random.Bytes(random.Below(9)), .. bytes[at..]];
                    break;
                case 4:
                    bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Below(9))..]];
                    break;
                default:
                    // The same field elsewhere: swaps and repetitions of list items.
                    int from = random.Below(bytes.Length);
                    int length = Math.Min(random.Below(70), bytes.Length - Math.Max(at, from));
                    bytes.AsSpan(from, length).ToArray().CopyTo(bytes.AsSpan(at));
                    break;
            }

            if (bytes.Length == 0)
                return bytes;
        }

        return bytes;
    }
}
