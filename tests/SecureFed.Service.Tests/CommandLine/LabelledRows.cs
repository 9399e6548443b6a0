using System.Globalization;
using SecureFed.Learning;
using SecureFed.Service.Tests.Consortium;

namespace SecureFed.Service.Tests.CommandLine;

/// <summary>A CSV file of two numbers and a text column, with a label that follows from them.</summary>
internal static class LabelledRows
{
    /// <summary>Writes <c>x,z,site,y</c>; every fifth row is a test row.</summary>
    /// <param name="directory">Gets <c>rows.csv</c>.</param>
    /// <param name="label">From the score of a row, in about [-18, 8].</param>
    /// <param name="rows">Number of rows.</param>
    public static string Write(TemporaryDirectory directory, Func<double, string> label, int rows = 300)
    {
        DeterministicSequence random = new(5);
        string path = directory.File("rows.csv");
        File.WriteAllLines(path, ["x,z,site,y", .. Enumerable.Range(0, rows).Select(_ =>
        {
            (double x, double z, bool isNorth) = (random.NextUniform(-3, 3), random.NextUniform(0, 10), random.NextBoolean(0.5));
            double score = (2 * x) - z + (isNorth ? 2 : -2) + random.NextGaussian(0, 0.3);
            return string.Create(CultureInfo.InvariantCulture, $"{x:R},{z:R},{(isNorth ? "north" : "south")},{label(score)}");
        })]);
        return path;
    }

    public static string Number(double score) => score.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The rows on which the demo measures.</summary>
    public static string TestRows(TemporaryDirectory directory, string csv)
    {
        string[] lines = File.ReadAllLines(csv);
        string test = directory.File("test.csv");
        File.WriteAllLines(test, [lines[0], .. lines.Skip(1).Where((_, i) => i % 5 == 0)]);
        return test;
    }
}
