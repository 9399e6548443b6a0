using FsCheck;
using FsCheck.Fluent;
using SecureFed.Learning.Data;
using SecureFed.Learning.Preprocessing;

namespace SecureFed.Learning.Tests;

public class DataSetTests
{
    [Fact]
    public void Every_fifth_row_from_the_first_is_a_test_row()
    {
        TrainTestSplit split = TrainTestSplit.ByIndex(Counting(11));
        Assert.Equal([0.0, 5.0, 10.0], split.Test.Labels.ToArray());
        Assert.Equal([1.0, 2, 3, 4, 6, 7, 8, 9], split.Train.Labels.ToArray());
    }

    [Fact]
    public void A_partition_deals_every_row_once_and_evenly() => Prop.ForAll(
        Gen.Choose(1, 12).SelectMany(clients => Gen.Choose(clients, 60).Select(rows => (clients, rows))).ToArbitrary(),
        one =>
        {
            IReadOnlyList<DataSet> parts = Partition.Iid(Counting(one.rows), one.clients, 9);
            double[] dealt = [.. parts.SelectMany(part => part.Labels.ToArray()).Order()];
            return dealt.SequenceEqual(Enumerable.Range(0, one.rows).Select(row => (double)row))
                && parts.Count == one.clients && parts.Max(part => part.Rows) - parts.Min(part => part.Rows) <= 1;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_partition_depends_on_the_seed_alone()
    {
        DataSet data = Counting(50);
        Assert.Equal(Partition.Iid(data, 3, 1)[0].Labels.ToArray(), Partition.Iid(data, 3, 1)[0].Labels.ToArray());
        Assert.NotEqual(Partition.Iid(data, 3, 1)[0].Labels.ToArray(), Partition.Iid(data, 3, 2)[0].Labels.ToArray());
    }

    [Fact]
    public void Too_few_rows_are_refused()
    {
        Assert.Equal("too-few-rows", Assert.Throws<DataException>(() => Partition.Iid(Counting(4), 5, 1)).Code);
        Assert.Equal("too-few-rows", Assert.Throws<DataException>(() => TrainTestSplit.ByIndex(Counting(4))).Code);
    }

    [Fact]
    public void Rows_outside_the_schema_are_refused_before_anything_is_sent()
    {
        var schema = new DataSchema([new("x", 0, 3)], new("y", 0, 9), LabelKind.Numeric);
        Assert.Equal("out-of-bounds", Assert.Throws<DataException>(() => MomentVector.Create(Counting(5), schema, 10)).Code);
        var other = new DataSchema([new("z", 0, 9)], new("y", 0, 9), LabelKind.Numeric);
        Assert.Equal("schema-mismatch", Assert.Throws<DataException>(() => MomentVector.Create(Counting(5), other, 10)).Code);
    }

    [Fact]
    public void More_rows_than_the_public_maximum_are_refused()
    {
        var schema = new DataSchema([new("x", 0, 9)], new("y", 0, 9), LabelKind.Numeric);
        Assert.Equal("too-many-rows", Assert.Throws<DataException>(() => MomentVector.Create(Counting(5), schema, 4)).Code);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_data_set_holds_finite_numbers_only(double bad) => Assert.Throws<ArgumentException>(() => DataSet.Create(["x"], [bad], [1]));

    internal static DataSet Counting(int rows)
    {
        double[] numbers = [.. Enumerable.Range(0, rows).Select(row => (double)row)];
        return DataSet.Create(["x"], numbers, numbers);
    }
}
