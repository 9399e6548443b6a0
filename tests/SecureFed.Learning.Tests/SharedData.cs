using SecureFed.Learning.Data;
using SecureFed.Learning.Scenarios;

namespace SecureFed.Learning.Tests;

/// <summary>The real data sets beside the repository. Tests that need them are skipped where they are absent, but fail in continuous integration.</summary>
internal static class SharedData
{
    private static readonly Dictionary<string, (string[] Files, CsvOptions Options)> Tables = new(StringComparer.Ordinal)
    {
        ["finance"] = (["finance-credit-default.csv"], new CsvOptions("default.payment.next.month") { Drop = ["ID"] }),
        ["medical"] = (["medical-wdbc.csv"], new CsvOptions("diagnosis") { Positive = "M", Drop = ["id"] }),
        ["manufacturing"] = (
            ["manufacturing-ai4i2020.csv"],
            new CsvOptions("Machine failure") { Drop = ["UDI", "Product ID", "TWF", "HDF", "PWF", "OSF", "RNF"] }),
        ["smart-home"] = (
            ["smart-home-occupancy-train.csv", "smart-home-occupancy-test.csv", "smart-home-occupancy-test2.csv"],
            new CsvOptions("Occupancy") { Drop = ["sno", "date"] }),
    };

    public static CsvTable Table(string scenario)
    {
        string? folder = Folder();
        if (folder is null)
        {
            Assert.SkipWhen(
                !string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase),
                "The shared data sets are not beside the repository; set SECUREFED_SHARED to their folder.");
            Assert.Fail("The shared data sets must be present in continuous integration (SECUREFED_SHARED, or ../shared beside the repository).");
        }

        (string[] files, CsvOptions options) = Tables[scenario];
        List<CsvSource> sources = [.. files.Select(file => new CsvSource(file, new StreamReader(Path.Combine(folder, "data", file))))];
        try
        {
            return CsvTable.Read(sources, options);
        }
        finally
        {
            sources.ForEach(source => source.Reader.Dispose());
        }
    }

    private static string? Folder()
    {
        string? folder = Environment.GetEnvironmentVariable("SECUREFED_SHARED");
        if (string.IsNullOrEmpty(folder))
        {
            DirectoryInfo? root = new(AppContext.BaseDirectory);
            while (root is not null && !File.Exists(Path.Combine(root.FullName, "SecureFed.sln")))
            {
                root = root.Parent;
            }

            folder = root is null ? null : Path.Combine(root.FullName, "..", "shared");
        }

        return folder is not null && Directory.Exists(Path.Combine(folder, "data")) ? folder : null;
    }
}
