using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureFed.Client.Rounds;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Sampling;
using SecureFed.Privacy.Updates;

namespace SecureFed.Client;

/// <summary>From an application's numbers to the only thing that may be protected: clip, quantise, add noise.</summary>
/// <remarks>
/// Each stage has its own type that only the stage before can make, so a step that is skipped does not compile. What leaves this class is still the
/// client's own: masking (<see cref="Protocol.Masking.MaskingClient"/>) hides it, and only its output fits <see cref="Rounds.RoundTransport"/>.
/// </remarks>
/// <param name="random">CSPRNG of rounding, sampling and noise.</param>
public sealed class UpdatePipeline(IRandomSource random)
{
    private readonly Quantizer quantizer = new(random);

    /// <summary>One vector, as without noise and at client level.</summary>
    /// <param name="layout">The round's layout.</param>
    /// <param name="values">Concatenated segments, finite.</param>
    /// <exception cref="InvalidUpdateException">Wrong length, NaN or infinity; nothing was sent.</exception>
    public QuantizedUpdate Quantize(UpdateLayout layout, ReadOnlySpan<double> values) =>
        quantizer.Quantize(Clipper.Clip(ModelUpdate.Create(layout, values)));

    /// <summary>The sum over a secret Poisson sample of the client's records: each is in it with probability q, independently of all others.</summary>
    /// <remarks>
    /// q is rounded down to a multiple of 2⁻⁶⁴: who is sampled less often is protected more. Which records and how many is known to nobody else, and nothing of
    /// it is kept (Mironov, Talwar and Zhang 2019, section 3: amplification holds for Poisson sampling, not for batches of a fixed size).
    /// </remarks>
    /// <param name="layout">The round's layout.</param>
    /// <param name="records">The client's records.</param>
    /// <param name="samplingRate">q in (0, 1].</param>
    /// <param name="zeroed">
    /// Records of the sample that threw or gave NaN or infinity. Each counts as the zero vector, by itself: a record that could silence its client, or zero the others,
    /// would tell the server of its presence without noise.
    /// </param>
    public QuantizedUpdate Quantize(UpdateLayout layout, IRecordSource records, double samplingRate, out int zeroed) =>
        SumRecords(layout, records, _ => IsSampled(samplingRate), out zeroed);

    /// <summary>The sum of a node of the epoch's tree: the records of this round's leaf at the round's model, and the leaves before it as they were in their own rounds.</summary>
    /// <param name="layout">The round's layout.</param>
    /// <param name="records">The client's records.</param>
    /// <param name="leaves">What the client holds of the epoch; gets the sum of this round's leaf, unless an earlier attempt at the round has made it.</param>
    /// <param name="trainRound">Training rounds behind the round's model.</param>
    /// <param name="zeroed">Records of the leaf that counted as zero, as for a sample.</param>
    public QuantizedUpdate Quantize(UpdateLayout layout, IRecordSource records, LeafSums leaves, int trainRound, out int zeroed)
    {
        zeroed = 0;
        if (!leaves.Holds(trainRound))
            leaves.Keep(trainRound, SumRecords(layout, records, record => leaves.LeafOf(record) == leaves.LeafOfRound(trainRound), out zeroed));
        return leaves.SumNode(trainRound);
    }

    /// <summary>Adds this client's share of the round's noise.</summary>
    /// <param name="update">The integers.</param>
    /// <param name="shareVariance">σ² of the share (<see cref="Protocol.Masking.MaskingClient.ShareVariance"/>); zero if the round has no noise.</param>
    public NoisedUpdate AddNoise(QuantizedUpdate update, Rational shareVariance) =>
        (shareVariance == Rational.Zero ? NoNoise.Instance : (INoiseMechanism)new DiscreteGaussianNoise(shareVariance, random)).Add(update);

    private QuantizedUpdate SumRecords(UpdateLayout layout, IRecordSource records, Func<int, bool> isIn, out int zeroed)
    {
        zeroed = 0;
        RecordAccumulator sum = new(layout, random);
        double[] vector = new double[layout.ComputedDimension];
        for (int record = 0; record < records.Count; record++)
        {
            if (isIn(record) && !TryAdd(records, record, vector, sum))
                zeroed++;
        }

        Array.Clear(vector);
        return sum.Finish();
    }

    private static bool TryAdd(IRecordSource records, int record, double[] vector, RecordAccumulator sum)
    {
        try
        {
            records.Write(record, vector);
            sum.Add(vector);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private bool IsSampled(double samplingRate)
    {
        if (samplingRate >= 1)
            return true;
        Span<byte> word = stackalloc byte[8];
        random.Fill(word);
        bool isSampled = BinaryPrimitives.ReadUInt64LittleEndian(word) < (UInt128)Math.ScaleB(samplingRate, 64);
        CryptographicOperations.ZeroMemory(word);
        return isSampled;
    }
}
