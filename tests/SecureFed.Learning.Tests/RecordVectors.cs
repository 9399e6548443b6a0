using SecureFed.Learning.Vectors;

namespace SecureFed.Learning.Tests;

/// <summary>Sums of record vectors as the service makes them, but without clipping and with noise from a seed.</summary>
internal static class RecordVectors
{
    public static double[] Sum(params IReadOnlyList<IRecordVectors> clients)
    {
        var sum = new double[clients[0].Layout.Dimension];
        foreach (IRecordVectors records in clients)
        {
            for (int record = 0; record < records.Count; record++)
            {
                double[] vector = Write(records, record);
                for (int j = 0; j < sum.Length; j++)
                {
                    sum[j] += vector[j];
                }
            }
        }

        return sum;
    }

    /// <summary>One row's vector, written over values that must not survive.</summary>
    public static double[] Write(IRecordVectors records, int record)
    {
        double[] vector = [.. Enumerable.Repeat(double.NaN, records.Layout.Dimension)];
        records.Write(record, vector);
        return vector;
    }

    public static double[] WithNoise(double[] sum, VectorLayout layout, double[] deviations, DeterministicSequence random)
    {
        double[] noisy = [.. sum];
        for (int segment = 0; segment < deviations.Length; segment++)
        {
            foreach (ref double x in layout.Slice(noisy.AsSpan(), layout.Segments[segment].Name))
            {
                x += random.NextGaussian(0, deviations[segment]);
            }
        }

        return noisy;
    }

    public static (double Mean, double Deviation) Moments(IReadOnlyCollection<double> values)
    {
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(x => (x - mean) * (x - mean)) / (values.Count - 1)));
    }
}
