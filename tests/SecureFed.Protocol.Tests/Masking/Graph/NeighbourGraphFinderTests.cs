using System.Diagnostics;
using System.Text.Json;
using SecureFed.Protocol.Masking.Graph;

namespace SecureFed.Protocol.Tests.Masking.Graph;

/// <summary>Known answers: Vectors/secagg-graph.json, the rows of another implementation's test (its <c>source</c> names it); production rows: DESIGN section 3.</summary>
public sealed class NeighbourGraphFinderTests(ITestOutputHelper output)
{
    public static TheoryData<int, decimal, decimal, string, int, int> PublishedRows()
    {
        using Stream stream = typeof(NeighbourGraphFinderTests).Assembly.GetManifestResourceStream("secagg-graph.json")!;
        using JsonDocument document = JsonDocument.Parse(stream);
        TheoryData<int, decimal, decimal, string, int, int> rows = [];
        foreach (JsonElement row in document.RootElement.GetProperty("entries").EnumerateArray())
        {
            rows.Add(
                row.GetProperty("clients").GetInt32(),
                row.GetProperty("adversarialRate").GetDecimal(),
                row.GetProperty("dropoutRate").GetDecimal(),
                row.GetProperty("server").GetString()!,
                row.GetProperty("degree").GetInt32(),
                row.GetProperty("thresholdAtMost").GetInt32());
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(PublishedRows))]
    public void Degree_equals_the_published_one_and_the_threshold_is_not_larger(int clients, decimal corrupt, decimal dropout, string server, int degree, int thresholdAtMost)
    {
        GraphServer adversary = server == "curious" ? GraphServer.Curious : GraphServer.SemiMalicious;
        NeighbourGraphParameters? found = NeighbourGraphFinder.Find(clients, corrupt, dropout, adversary, NeighbourGraphFinder.PublishedSigma, out string reason);
        Assert.Equal(degree, found?.Degree ?? 0);
        Assert.True((found?.Threshold ?? 0) <= thresholdAtMost);
        Assert.Equal(degree == 0, reason.Length > 0);
    }

    [Theory]
    [InlineData(200, 0.1, 0.1, 56, 39)]
    [InlineData(500, 0.1, 0.1, 106, 78)]
    [InlineData(1000, 0.1, 0.1, 138, 102)]
    [InlineData(10000, 0.1, 0.1, 184, 136)]
    [InlineData(200, 0.05, 0.3, 116, 64)]
    [InlineData(500, 0.05, 0.3, 212, 119)]
    [InlineData(1000, 0.05, 0.3, 336, 194)]
    [InlineData(10000, 0.05, 0.3, 694, 410)]
    public void Production_parameters_are_the_ones_of_the_design(int clients, double corrupt, double dropout, int degree, int threshold)
    {
        int corruptClients = (int)decimal.Ceiling((decimal)corrupt * clients);
        int leastSurvivors = (int)decimal.Floor((1 - (decimal)dropout) * clients);
        Assert.Equal(
            new NeighbourGraphParameters(degree, threshold),
            NeighbourGraphFinder.FindProduction(clients, corruptClients, leastSurvivors, isCurious: false, NeighbourGraphFinder.ProductionSigma, out _));
    }

    [Fact]
    public void Up_to_a_hundred_clients_production_takes_the_complete_graph()
    {
        Assert.Equal(new NeighbourGraphParameters(7, 5), NeighbourGraphFinder.FindProduction(8, 1, 7, false, NeighbourGraphFinder.ProductionSigma, out _));
        Assert.Null(NeighbourGraphFinder.FindProduction(4, 1, 3, false, NeighbourGraphFinder.ProductionSigma, out string reason));
        Assert.Contains("survivors", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.05, 0.1, false)]
    [InlineData(0.05, 0.3, false)]
    [InlineData(0.1, 0.1, false)]
    [InlineData(0.1, 0.3, false)]
    [InlineData(0.1, 0.42, false)]
    [InlineData(0.05, 0.3, true)]
    [InlineData(0.2, 0.4, true)]
    public void Feasibility_of_a_sweep_of_sizes_agrees_with_the_finder(double gamma, double deltaDrop, bool isCurious)
    {
        int degree = 0;
        int feasible = 0;
        for (int n = 3; n <= 260; n++)
        {
            int corrupt = Math.Max(1, (int)decimal.Ceiling((decimal)gamma * n));
            int leastSurvivors = (int)decimal.Floor((1 - (decimal)deltaDrop) * n);
            NeighbourGraphParameters? found = NeighbourGraphFinder.FindProduction(n, corrupt, leastSurvivors, isCurious, NeighbourGraphFinder.ProductionSigma, out string reason);
            Assert.Equal(found is not null, NeighbourGraphFinder.IsProductionFeasible(n, corrupt, leastSurvivors, isCurious, NeighbourGraphFinder.ProductionSigma, ref degree));
            Assert.Equal(found is null, reason.Length > 0);
            if (found is null)
                continue;
            feasible++;
            Assert.True(found.Degree == n - 1 || (n > NeighbourGraphFinder.GreatestCompleteGraph && found.Degree % 2 == 0 && found.Degree < n - 1));
            Assert.InRange(found.Threshold, 2, found.Degree);
        }

        Assert.True(feasible > 50);
    }

    [Theory]
    [InlineData(0.05, 0.1)]
    [InlineData(0.1, 0.1)]
    [InlineData(0.05, 0.3)]
    [InlineData(0.1, 0.3)]
    public void A_million_clients_need_a_few_hundred_neighbours(double gamma, double deltaDrop)
    {
        int previous = 0;
        foreach (int n in (int[])[1000, 10_000, 100_000, 1_000_000])
        {
            Stopwatch watch = Stopwatch.StartNew();
            int corrupt = (int)decimal.Ceiling((decimal)gamma * n);
            int leastSurvivors = (int)decimal.Floor((1 - (decimal)deltaDrop) * n);
            NeighbourGraphParameters? found = NeighbourGraphFinder.FindProduction(n, corrupt, leastSurvivors, false, NeighbourGraphFinder.ProductionSigma, out _);
            TimeSpan production = watch.Elapsed;
            NeighbourGraphParameters? published = NeighbourGraphFinder.Find(n, (decimal)gamma, (decimal)deltaDrop, GraphServer.SemiMalicious, NeighbourGraphFinder.PublishedSigma, out _);
            output.WriteLine($"n = {n}: production {found} in {production.TotalMilliseconds:F0} ms, published {published} in {(watch.Elapsed - production).TotalMilliseconds:F0} ms");
            Assert.True(found!.Degree >= previous && found.Degree < 2000 && found.Degree > published!.Degree);
            Assert.True(2 * found.Threshold > found.Degree + NeighbourGraphFinder.GreatestCorruptInGaps(n, corrupt, found.Degree));
            previous = found.Degree;
        }
    }
}
