using FsCheck;
using FsCheck.Fluent;
using SecureFed.Learning.Data;
using SecureFed.Learning.Scenarios;

namespace SecureFed.Learning.Tests;

/// <summary>Rows dealt by the values of a column and with skewed labels.</summary>
public class PartitionTests
{
    [Fact]
    public void Skewed_labels_deal_every_row_once_and_leave_nobody_without() => Prop.ForAll(
        Gen.Choose(1, 12).SelectMany(clients => Gen.Choose(clients, 80).SelectMany(rows => Gen.Elements(0.001, 0.05, 1, 100).Select(a => (clients, rows, a)))).ToArbitrary(),
        one =>
        {
            foreach (LabelKind kind in Enum.GetValues<LabelKind>())
            {
                IReadOnlyList<DataSet> parts = Partition.Dirichlet(Counting(one.rows), kind, one.clients, one.a, 9);
                double[] dealt = [.. parts.SelectMany(part => Enumerable.Range(0, part.Rows).Select(row => part.Row(row)[0])).Order()];
                if (parts.Count != one.clients || parts.Any(part => part.Rows == 0) || !dealt.SequenceEqual(Enumerable.Range(0, one.rows).Select(row => (double)row)))
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Skew_depends_on_the_seed_alone()
    {
        DataSet data = Counting(60);
        double[] Of(ulong seed) => Partition.Dirichlet(data, LabelKind.Binary, 4, 0.5, seed)[0].Labels.ToArray();
        Assert.Equal(Of(1), Of(1));
        Assert.NotEqual(Of(1), Of(2));
    }

    /// <summary>Proportions of 0.1 leave a client with one class, mostly; of 10,000 they are the whole's within a few rows.</summary>
    [Theory]
    [InlineData(LabelKind.Binary)]
    [InlineData(LabelKind.Numeric)]
    public void A_large_parameter_is_nearly_even_and_a_small_one_skewed(LabelKind kind)
    {
        var random = new DeterministicSequence(3);
        double[] labels = [.. Enumerable.Range(0, 8_000).Select(_ => kind == LabelKind.Binary ? (random.NextBoolean(0.3) ? 1.0 : 0) : random.NextGaussian())];
        var data = DataSet.Create(["x"], new double[8_000], labels);
        double[] divergence = [.. ((double[])[0.1, 1, 100, 10_000]).Select(a => Enumerable.Range(1, 20).Average(seed => Divergence(data, Partition.Dirichlet(data, kind, 8, a, (ulong)seed))))];
        Assert.Equal(divergence.OrderDescending(), divergence);
        Assert.True(divergence[0] > (kind == LabelKind.Binary ? 0.3 : 0.15), $"A = 0.1: {divergence[0]}");
        Assert.True(divergence[2] < 0.02, $"A = 100: {divergence[2]}");
        Assert.True(divergence[3] < 0.001, $"A = 10,000: {divergence[3]}");
        IReadOnlyList<DataSet> iid = Partition.Iid(data, 8, 1);
        Assert.True(divergence[3] < 4 * Divergence(data, iid) + 1e-3);
    }

    /// <summary>A component of Dirichlet(a, …, a) in n dimensions has mean 1/n and variance (n - 1)/(n²·(n·a + 1)), and is Beta(a, (n - 1)·a).</summary>
    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(7)]
    public void Proportions_are_Dirichlets(double a)
    {
        const int n = 5;
        const int draws = 40_000;
        var random = new DeterministicSequence(17);
        (double sum, double square, int below) = (0, 0, 0);
        for (int i = 0; i < draws; i++)
        {
            double[] p = DirichletDraw.Draw(random, n, a);
            Assert.Equal(1, p.Sum(), 1e-12);
            sum += p[0];
            square += (p[0] - 0.2) * (p[0] - 0.2);
            below += p[0] < 0.2 ? 1 : 0;
        }

        double variance = (n - 1.0) / (n * n * ((n * a) + 1));
        Assert.Equal(0.2, sum / draws, 5 * Math.Sqrt(variance / draws));
        Assert.Equal(variance, square / draws, 0.04 * variance + 1e-4);
        if (a is 1)
        {
            double beta = 1 - Math.Pow(0.8, n - 1); // Beta(1, 4) has the distribution function 1 - (1 - x)⁴.
            Assert.Equal(beta, (double)below / draws, 5 * Math.Sqrt(beta * (1 - beta) / draws));
        }
    }

    [Fact]
    public void Values_of_a_column_go_whole_to_the_client_with_the_fewest_rows()
    {
        // a: 5 rows, b: 4, c: 2, d: 2, e: 1. a to the first, b to the second, c to the third, d to the third (2 < 4 < 5), e to the second or third with 4 each: the second.
        string[] values = [.. "abacbadbeabcda".Select(letter => letter.ToString())];
        IReadOnlyList<DataSet> parts = Partition.ByValue(Counting(values.Length), values, "letter", 3);
        Assert.Equal(["a", "be", "cd"], parts.Select(part => new string([.. Enumerable.Range(0, part.Rows).Select(row => values[(int)part.Row(row)[0]][0]).Distinct().Order()])));
        Assert.Equal(values.Length, parts.Sum(part => part.Rows));
    }

    [Fact]
    public void Values_are_dealt_once_whatever_they_are() => Prop.ForAll(
        Gen.Choose(1, 40).ArrayOf().Where(values => values.Length > 0).ToArbitrary(),
        values =>
        {
            int distinct = values.Distinct().Count();
            int clients = (distinct / 2) + 1;
            IReadOnlyList<DataSet> parts = Partition.ByValue(Counting(values.Length), [.. values.Select(v => v.ToString(System.Globalization.CultureInfo.InvariantCulture))], "v", clients);
            int[][] held = [.. parts.Select(part => Enumerable.Range(0, part.Rows).Select(row => values[(int)part.Row(row)[0]]).Distinct().ToArray())];
            return held.Length == clients && held.All(of => of.Length > 0) && held.Sum(of => of.Length) == distinct && parts.Sum(part => part.Rows) == values.Length;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Fewer_values_than_clients_are_refused_by_name()
    {
        var error = Assert.Throws<DataException>(() => Partition.ByValue(Counting(4), ["a", "b", "a", "b"], "branch", 3));
        Assert.Equal(("too-few-values", "branch"), (error.Code, error.Column));
        Assert.Contains("at most 2 clients", error.Hint, StringComparison.Ordinal);
        Assert.Equal("too-few-rows", Assert.Throws<DataException>(() => Partition.Dirichlet(Counting(2), LabelKind.Binary, 3, 1, 1)).Code);
        Assert.Throws<ArgumentOutOfRangeException>(() => Partition.Dirichlet(Counting(4), LabelKind.Binary, 3, 0, 1));
        Assert.Throws<ArgumentException>(() => Partition.ByValue(Counting(4), ["a"], "branch", 1));
    }

    [Fact]
    public void A_table_is_dealt_by_a_column_that_its_features_need_not_have()
    {
        var lines = Enumerable.Range(0, 50).Select(i => FormattableString.Invariant($"{i},{(i % 3 == 0 ? "north" : i % 3 == 1 ? "south" : "east")},{(i % 2 == 0 ? "1.0" : "2")},{i % 2}"));
        CsvTable Read(string by) => CsvTable.Read(new StringReader("x,branch,kind,y\n" + string.Join('\n', lines)), new CsvOptions("y") { Drop = ["branch", "kind"], PartitionBy = by });
        ScenarioData data = Scenario.Deal(Read("branch"), 3, 1, new Dealing { Column = "branch" });
        Assert.Equal(["x"], data.Schema.Features.Select(feature => feature.Name));
        Assert.All(data.Clients, rows => Assert.Single(Enumerable.Range(0, rows.Rows).Select(row => rows.Row(row)[0] % 3).Distinct()));
        Assert.Equal(40, data.Clients.Sum(rows => rows.Rows));
        Assert.All(data.Clients, rows => Assert.All(Enumerable.Range(0, rows.Rows), row => Assert.NotEqual(0, rows.Row(row)[0] % 5)));
        Assert.Equal(["1", "2"], Read("kind").PartitionValues.Distinct()); // "1.0" is 1.
        Assert.Equal("unknown-column", Assert.Throws<DataException>(() => Read("region")).Code);
        Assert.Equal("too-few-values", Assert.Throws<DataException>(() => Scenario.Deal(Read("kind"), 3, 1, new Dealing { Column = "kind" })).Code);
    }

    [Fact]
    public void Synthetic_rows_are_dealt_anew_and_stay_the_same_rows()
    {
        var scenario = Scenario.ByName("finance");
        ScenarioData own = scenario.Generate(5, 3);
        ScenarioData skewed = scenario.Generate(5, 3, new Dealing { Concentration = 0.1 });
        ScenarioData owners = scenario.Generate(2, 3, new Dealing { Column = "has_mortgage" });
        Assert.Equal(Sorted(own), Sorted(skewed));
        Assert.Equal(own.Test.Labels.ToArray(), skewed.Test.Labels.ToArray());
        Assert.True(Divergence(own.Pool(), skewed.Clients) > 5 * Divergence(own.Pool(), own.Clients));
        Assert.All(owners.Clients, rows => Assert.Single(Enumerable.Range(0, rows.Rows).Select(row => rows.Row(row)[8]).Distinct()));
        Assert.Equal("unknown-column", Assert.Throws<DataException>(() => scenario.Generate(2, 3, new Dealing { Column = "EDUCATION" })).Code);

        static double[] Sorted(ScenarioData data) => [.. data.Clients.SelectMany(rows => Enumerable.Range(0, rows.Rows).Select(row => rows.Row(row).ToArray().Sum() + rows.Labels[row])).Order()];
    }

    /// <summary>Mean divergence of the clients' label distributions from the whole's, weighted by rows: Σ rows/N·KL(client ‖ whole); numeric labels by sign.</summary>
    private static double Divergence(DataSet whole, IReadOnlyList<DataSet> clients)
    {
        double all = Positive(whole);
        return clients.Sum(client =>
        {
            double p = Positive(client);
            return (double)client.Rows / whole.Rows * (Term(p, all) + Term(1 - p, 1 - all));
        });

        static double Positive(DataSet rows) => rows.Labels.ToArray().Count(label => label > 0) / (double)rows.Rows;
        static double Term(double p, double q) => p > 0 ? p * Math.Log(p / q) : 0;
    }

    /// <summary>Rows are numbered; every third label is 1.</summary>
    private static DataSet Counting(int rows) => DataSet.Create(["n"], [.. Enumerable.Range(0, rows).Select(row => (double)row)], [.. Enumerable.Range(0, rows).Select(row => row % 3 == 0 ? 1.0 : 0)]);
}
