using SecureFed.Learning.Data;
using SecureFed.Learning.Statistics;

namespace SecureFed.Learning.Tests;

public sealed class StatisticsTableTests
{
    private static readonly StatisticsQuery Query = new(
        [new FeatureSchema("income", 0, 10), new FeatureSchema("answer", 0, 1), new FeatureSchema("code", 0, 9)],
        [
            new Statistic(StatisticKind.Mean, [0]),
            new Statistic(StatisticKind.Quality, [0]),
            new Statistic(StatisticKind.HeavyHitters, [1]) { Domain = ["no", "yes"], Threshold = 0.1 },
            new Statistic(StatisticKind.HeavyHitters, [1]) { Domain = ["maybe", "yes"], Threshold = 0.1 },
            new Statistic(StatisticKind.HeavyHitters, [2]) { Domain = ["1", "2"], Threshold = 0.1 },
            new Statistic(StatisticKind.Mean, [2]),
        ],
        cells: 4,
        searchRounds: 1);

    /// <summary>One row that looks unlike the rest must not change what the others become: the noise covers one row's vector.</summary>
    [Theory]
    [InlineData("5,yes,1")]
    [InlineData("many,maybe,1.0")]
    [InlineData(",,")]
    [InlineData("1e300,other,text")]
    [InlineData("L,9,L")]
    public void A_row_moves_no_vector_but_its_own(string row)
    {
        string[] rows = ["1,no,1", "2,yes,2", "two,yes,x", "three,maybe,1", ",no,3"];
        double[][] without = Vectors(rows);
        double[][] with = Vectors([.. rows, row]);
        Assert.Equal(without, with[..^1]);
        Assert.Equal(Vectors([row])[0], with[^1]);
    }

    [Fact]
    public void Values_have_their_place_in_every_list_and_numbers_compare_as_numbers()
    {
        DataSet data = Read(["1,no,1.0", "1,maybe,2", "1,yes,7"]);
        FieldReader number = new StatisticsField("code", null).In(data);
        Assert.Equal([1, 2, 7], Enumerable.Range(0, 3).Select(row => number.Read(data.Row(row))));
        Assert.Equal([0, 2, 1], Places(data, ["no", "yes"]));
        Assert.Equal([2, 0, 1], Places(data, ["maybe", "yes"]));
        FieldReader code = new StatisticsField("code", ["1", "2"]).In(data);
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(row => code.Read(data.Row(row))));
    }

    [Fact]
    public void Columns_that_nobody_asks_about_are_not_looked_at() =>
        Assert.Equal(2, StatisticsTable.Read([new CsvSource("rows.csv", new StringReader("free text,x\nö,1\nä,\n"))], new StatisticsQuery([], [new Statistic(StatisticKind.Count, [])], 4, 1)).Rows);

    [Fact]
    public void A_column_that_is_missing_is_named() =>
        Assert.Equal(("schema-mismatch", "answer"), Assert.Throws<DataException>(() => StatisticsTable.Read([new CsvSource("rows.csv", new StringReader("income,code\n1,2\n"))], Query)) is var fault ? (fault.Code, fault.Column) : default);

    private static IEnumerable<double> Places(DataSet data, string[] domain)
    {
        FieldReader reader = new StatisticsField("answer", domain).In(data);
        return Enumerable.Range(0, data.Rows).Select(row => reader.Read(data.Row(row)));
    }

    private static DataSet Read(string[] rows) => StatisticsTable.Read([new CsvSource("rows.csv", new StringReader("income,answer,code\n" + string.Join('\n', rows) + "\n"))], Query);

    private static double[][] Vectors(string[] rows)
    {
        var records = new StatisticsRecords(Query, Read(rows), Query.InitialState(), isRecordLevel: true);
        return [.. Enumerable.Range(0, records.Count).Select(row =>
        {
            var vector = new double[records.Layout.Dimension];
            records.Write(row, vector);
            return vector;
        })];
    }
}
