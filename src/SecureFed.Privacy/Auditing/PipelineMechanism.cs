using System.Buffers.Binary;
using SecureFed.Cryptography.Randomness;
using SecureFed.Cryptography.Rings;
using SecureFed.Privacy.Updates;

namespace SecureFed.Privacy.Auditing;

/// <summary>The stages that an update really passes: clip, round and check, add the share, sum in the ring, decode.</summary>
/// <remarks>
/// <para>Only the shares of <paramref name="honest"/> clients are in the sum: what colluders add is known to them, and dropouts add nothing. Everybody's data but
/// the canaries' is zero, which is no restriction, as whoever distinguishes may know and subtract it.</para>
/// <para>At client level every unit is a client of its own; at record level all units are rows of one client, sampled by coins that nobody else sees.</para>
/// </remarks>
/// <param name="unit">Client or record.</param>
/// <param name="layout">The rounds' layout.</param>
/// <param name="samplingRate">q of records.</param>
/// <param name="random">Randomness of rounding and sampling.</param>
/// <param name="noise">Adds one share; its randomness is its own.</param>
/// <param name="honest">h.</param>
internal sealed class PipelineMechanism(AuditedUnit unit, UpdateLayout layout, double samplingRate, IRandomSource random, INoiseMechanism noise, int honest) : IAuditedMechanism
{
    private readonly Quantizer quantizer = new(random);
    private readonly double[] zero = new double[layout.Dimension];

    public int[] Release(IReadOnlyList<double[]> units)
    {
        uint[] sum = new uint[layout.Dimension];
        uint[] upload = new uint[layout.Dimension];
        int clients = unit == AuditedUnit.Client ? Math.Max(honest, units.Count) : honest;
        for (int client = 0; client < clients; client++)
        {
            QuantizedUpdate update = unit == AuditedUnit.Client ? Update(client < units.Count ? units[client] : zero) : Sum(client == 0 ? units : []);
            (client < honest ? noise : NoNoise.Instance).Add(update).CopyTo(upload);
            Ring.Add(sum, upload);
        }

        Ring.Reduce(sum, layout.RingBits);
        return SumDecoder.ToIntegers(layout, sum);
    }

    private QuantizedUpdate Update(double[] values) => quantizer.Quantize(Clipper.Clip(ModelUpdate.Create(layout, values)));

    private QuantizedUpdate Sum(IReadOnlyList<double[]> records)
    {
        RecordAccumulator accumulator = new(layout, random);
        foreach (double[] record in records)
        {
            if (IsSampled())
                accumulator.Add(record);
        }

        return accumulator.Finish();
    }

    private bool IsSampled()
    {
        Span<byte> word = stackalloc byte[8];
        random.Fill(word);
        return Math.ScaleB(BinaryPrimitives.ReadUInt64LittleEndian(word) >> 11, -53) < samplingRate;
    }
}
