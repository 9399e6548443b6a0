using System.Buffers.Binary;
using System.Globalization;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Privacy.Updates;
using SecureFed.Protocol.Masking.Messages;
using SecureFed.Protocol.Messages;
using SecureFed.Protocol.Rounds;
using SecureFed.Protocol.Tests.Simulation;
using SecureFed.Protocol.Transparency;

namespace SecureFed.Protocol.Tests.Masking;

/// <summary>What the server stores of an update says nothing about it.</summary>
/// <remarks>Keys are seeded but ECDSA nonces are the platform's and enter every mask through cohortDigest, so each run is a fresh sample.</remarks>
public sealed class MaskUniformityTests(ITestOutputHelper output)
{
    private const int Dimension = 370_400;
    private const int Rounds = 9;

    /// <summary>Quantiles 5e-10 and 1 - 5e-10 of the chi-square distribution with 2^8 - 1 and 2^16 - 1 degrees of freedom, so that one test gives a false alarm
    /// with probability 1e-9. Roots of the regularised incomplete gamma function P(k/2, x/2), computed with mpmath at 40 digits.</summary>
    private static readonly (double Least, double Greatest) Bytes = (140.2449, 418.0172);
    private static readonly (double Least, double Greatest) Halves = (63347.3335, 67771.0991);

    [Theory]
    [InlineData("constant")]
    [InlineData("zero")]
    [InlineData("one large coordinate in eight")]
    public void Ten_million_masked_words_are_uniform_whatever_the_update(string kind)
    {
        // Seven tests for each kind of update: a false alarm in 2.1e-8 of all runs.
        SimulatedConsortium consortium = new("uniform " + kind, new ConsortiumOptions { Clients = 3, DeltaDrop = 0, Dimension = Dimension });
        long[][] bytes = [.. Enumerable.Range(0, 5).Select(_ => new long[1 << 8])];
        long[][] halves = [.. Enumerable.Range(0, 2).Select(_ => new long[1 << 16])];
        int words = 0;
        for (int round = 0; round < Rounds; round++)
        {
            foreach (uint[] upload in Uploads(consortium, i => kind switch { "constant" => 1e-3, "zero" => 0, _ => i % 8 == 0 ? 2 : 0 }))
            {
                words += upload.Length;
                uint previous = 0;
                foreach (uint word in upload)
                {
                    bytes[0][word & 0xff]++;
                    bytes[1][word >> 8 & 0xff]++;
                    bytes[2][word >> 16 & 0xff]++;
                    bytes[3][word >> 24]++;
                    // Nor does one word tell the next.
                    bytes[4][unchecked(word - previous) & 0xff]++;
                    previous = word;
                    halves[0][word & 0xffff]++;
                    halves[1][word >> 16]++;
                }
            }

            consortium.RunTo(RoundPhase.Closed);
        }

        Assert.InRange(words, 10_000_000, 11_000_000);
        foreach ((long[][] tables, (double least, double greatest)) in new[] { (bytes, Bytes), (halves, Halves) })
        {
            double[] statistics = [.. tables.Select(ChiSquare)];
            output.WriteLine($"{kind}, {words} words, {tables[0].Length - 1} degrees of freedom: {string.Join(", ", statistics.Select(x => x.ToString("F1", CultureInfo.InvariantCulture)))}");
            Assert.All(statistics, x => Assert.InRange(x, least, greatest));
        }
    }

    [Fact]
    public void The_same_test_tells_a_mask_of_31_bits_and_one_that_is_used_twice()
    {
        // The test bites: a word whose highest bit is clear, and the difference of two words under one mask.
        using KeyedRandomSource random = Seeded.Source("bites");
        long[] clear = new long[1 << 8];
        long[] twice = new long[1 << 8];
        for (int i = 0; i < 100_000; i++)
        {
            uint mask = BinaryPrimitives.ReadUInt32LittleEndian(random.Bytes(4));
            clear[mask << 1 >> 25]++;
            twice[unchecked(mask + (uint)i % 7 - mask) & 0xff]++;
        }

        Assert.True(ChiSquare(clear) > Bytes.Greatest && ChiSquare(twice) > Bytes.Greatest);
    }

    [Fact]
    public void The_mask_of_another_round_is_another_mask()
    {
        SimulatedConsortium consortium = new("two rounds", new ConsortiumOptions { Clients = 3, DeltaDrop = 0, Dimension = 10_000 });
        uint[][] first = Uploads(consortium, _ => 1e-3);
        consortium.RunTo(RoundPhase.Closed);
        uint[][] second = Uploads(consortium, _ => 1e-3);
        uint[][] all = [.. first, .. second];
        for (int i = 0; i < all.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                // The update is the same everywhere, so equal words are equal masks: 10,001 pairs agree somewhere with probability 2e-6, twice below 3e-12.
                Assert.InRange(all[i].Zip(all[j]).Count(pair => pair.First == pair.Second), 0, 1);
            }
        }
    }

    private static uint[][] Uploads(SimulatedConsortium consortium, Func<int, double> coordinate)
    {
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        double[] values = [.. Enumerable.Range(0, consortium.Server.Round.Parameters.Layout.Dimension).Select(coordinate)];
        List<uint[]> uploads = [];
        foreach (SimulatedClient client in consortium.Clients)
        {
            UpdateLayout layout = consortium.Server.Round.Parameters.Layout;
            NoisedUpdate update = NoNoise.Instance.Add(new Quantizer(consortium.Random).Quantize(Clipper.Clip(ModelUpdate.Create(layout, values))));
            ReadOnlyMemory<byte> message = client.Masking!.OnDealers(
                consortium.Server.AnnouncementOf(EventType.DealersListed)!, consortium.Server.Round.InboxOf(client.Id), update).Message!.Value;
            Assert.Null(SignedMessage.TryDecode(message, out SignedMessage? signed));
            uint[] words = new uint[layout.Dimension];
            Assert.True(RingPacking.TryUnpack(((Upload)signed!.Body).PackedWords.Span, 32, words));
            uploads.Add(words);
        }

        return [.. uploads];
    }

    private static double ChiSquare(long[] counts)
    {
        double expected = (double)counts.Sum() / counts.Length;
        return counts.Sum(c => (c - expected) * (c - expected) / expected);
    }
}
