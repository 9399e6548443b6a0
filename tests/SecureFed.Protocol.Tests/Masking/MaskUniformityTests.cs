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
public sealed class MaskUniformityTests
{
    private const int Dimension = 350_000;

    [Fact]
    public void Masked_words_of_a_constant_update_are_uniform()
    {
        // Chi-square with 255 degrees of freedom outside [140, 420] has probability below 2e-9 (Wilson-Hilferty); five tests: false alarms below 1e-8.
        SimulatedConsortium consortium = new("uniform", new ConsortiumOptions { Clients = 3, DeltaDrop = 0, Dimension = Dimension });
        uint[][] uploads = ConstantUploads(consortium);
        for (int shift = 0; shift < 32; shift += 8)
            Assert.InRange(ChiSquare(uploads.SelectMany(u => u).Select(w => (int)(w >> shift & 0xff))), 140, 420);

        // Nor does one word tell the next.
        Assert.InRange(ChiSquare(uploads.SelectMany(u => u.Zip(u.Skip(1), (a, b) => (int)(unchecked(a - b) & 0xff)))), 140, 420);
    }

    [Fact]
    public void The_mask_of_another_round_is_another_mask()
    {
        SimulatedConsortium consortium = new("two rounds", new ConsortiumOptions { Clients = 3, DeltaDrop = 0, Dimension = 10_000 });
        uint[][] first = ConstantUploads(consortium);
        consortium.RunTo(RoundPhase.Closed);
        uint[][] second = ConstantUploads(consortium);
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

    private static uint[][] ConstantUploads(SimulatedConsortium consortium)
    {
        consortium.Server.OpenRound();
        consortium.RunTo(RoundPhase.Upload);
        double[] constant = new double[consortium.Server.Round.Parameters.Layout.Dimension];
        Array.Fill(constant, 1e-3);
        List<uint[]> uploads = [];
        foreach (SimulatedClient client in consortium.Clients)
        {
            UpdateLayout layout = consortium.Server.Round.Parameters.Layout;
            NoisedUpdate update = NoNoise.Instance.Add(new Quantizer(consortium.Random).Quantize(Clipper.Clip(ModelUpdate.Create(layout, constant))));
            ReadOnlyMemory<byte> message = client.Masking!.OnDealers(
                consortium.Server.AnnouncementOf(EventType.DealersListed)!, consortium.Server.Round.InboxOf(client.Id), update).Message!.Value;
            Assert.Null(SignedMessage.TryDecode(message, out SignedMessage? signed));
            uint[] words = new uint[layout.Dimension];
            Assert.True(RingPacking.TryUnpack(((Upload)signed!.Body).PackedWords.Span, 32, words));
            uploads.Add(words);
        }

        return [.. uploads];
    }

    private static double ChiSquare(IEnumerable<int> values)
    {
        long[] counts = new long[256];
        foreach (int value in values)
            counts[value]++;
        double expected = counts.Sum() / 256.0;
        Assert.True(expected * 256 >= 1e6);
        return counts.Sum(c => (c - expected) * (c - expected) / expected);
    }
}
