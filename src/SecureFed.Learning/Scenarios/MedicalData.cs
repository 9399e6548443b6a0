using SecureFed.Learning.Data;

namespace SecureFed.Learning.Scenarios;

/// <summary>Diagnosis from image measurements at hospitals whose scanners differ.</summary>
/// <remarks>
/// <para>Each hospital has 800 to 1,600 patients and a scanner with a gain of 1 ± 4 % and an offset of up to ±0.25 standard deviations per measurement:
/// what one hospital calls 12 mm another calls 12.4 mm.</para>
/// <para>A hidden severity (standard normal, shifted by up to ±0.3 per hospital) drives all measurements, each with its own noise; the logit of a malignant finding is
/// -1.5 + 5·severity + 0.02·(age - 58).</para>
/// </remarks>
internal sealed class MedicalData : ISyntheticData
{
    // Mean, standard deviation, and correlation with the severity of every measurement.
    private static readonly (double Mean, double Deviation, double Correlation)[] Measurements =
    [
        (14, 3.2, 0.78), (92, 22, 0.8), (19.3, 4.2, 0.4), (0.096, 0.014, 0.36), (0.104, 0.05, 0.6), (0.089, 0.075, 0.74), (0.049, 0.037, 0.82), (0.181, 0.027, 0.33),
    ];

    public DataSchema Schema { get; } = new(
        [
            new("age", 18, 100),
            new("radius_mm", 0, 40),
            new("perimeter_mm", 0, 300),
            new("texture", 0, 60),
            new("smoothness", 0, 0.3),
            new("compactness", 0, 0.6),
            new("concavity", 0, 0.8),
            new("concave_points", 0, 0.4),
            new("symmetry", 0, 0.5),
        ],
        new("malignant", 0, 1),
        LabelKind.Binary);

    public SyntheticClient Describe(int client, DeterministicSequence random)
    {
        int rows = 800 + random.NextInt(801);
        double shift = random.NextUniform(-0.3, 0.3);
        (double Gain, double Offset)[] scanner = [.. Measurements.Select(m => (random.NextGaussian(1, 0.04), m.Deviation * random.NextUniform(-0.25, 0.25)))];
        return new SyntheticClient(rows, (row, features) => Draw(row, features, shift, scanner));
    }

    private static double Draw(DeterministicSequence random, Span<double> features, double shift, (double Gain, double Offset)[] scanner)
    {
        double severity = random.NextGaussian(shift, 1);
        double age = Math.Clamp(random.NextGaussian(58 + (3 * severity), 13), 18, 100);
        features[0] = Math.Floor(age);
        double size = random.NextGaussian();
        for (int m = 0; m < Measurements.Length; m++)
        {
            (double mean, double deviation, double correlation) = Measurements[m];

            // Radius and perimeter measure the same size; the rest of their variance is shared, as in real images.
            double own = m < 2 ? (0.95 * size) + (0.31 * random.NextGaussian()) : random.NextGaussian();
            double standard = (correlation * severity) + (Math.Sqrt(1 - (correlation * correlation)) * own);
            features[m + 1] = (scanner[m].Gain * (mean + (deviation * standard))) + scanner[m].Offset;
        }

        return -1.5 + (5 * severity) + (0.02 * (age - 58));
    }
}
