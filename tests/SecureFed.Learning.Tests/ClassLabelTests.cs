using SecureFed.Learning.Data;

namespace SecureFed.Learning.Tests;

public class ClassLabelTests
{
    private static readonly DataSchema Schema = new(
        [new("colour=blue", 0, 1), new("colour=red", 0, 1), new("size", 0, 2), new("mass", 0, 10)], new("y", 0, 2), LabelKind.Class);

    private static readonly string[] Classes = ["bird", "cat", "dog"];

    [Fact]
    public void Classes_are_the_values_of_the_column_in_ordinal_order_and_labels_their_places()
    {
        CsvTable table = Dealt("x,y\n1,dog\n2,Cat\n3,bird\n4,dog\n", new CsvOptions("y") { LabelKind = LabelKind.Class });
        Assert.Equal(["Cat", "bird", "dog"], table.Classes);
        Assert.Equal([2.0, 0.0, 1.0, 2.0], table.Data.Labels.ToArray());
        Assert.Equal(new FeatureSchema("y", 0, 2), table.Schema.Label);
    }

    [Fact]
    public void A_given_list_stands_although_the_rows_lack_a_class()
    {
        CsvTable table = Dealt("x,y\n1,cat\n2,cat\n", new CsvOptions("y") { LabelKind = LabelKind.Class, Classes = Classes });
        Assert.Equal([1.0, 1.0], table.Data.Labels.ToArray());
        Assert.Equal(Classes, table.Classes);
    }

    [Fact]
    public void A_label_outside_the_list_is_refused_with_its_line()
    {
        DataException refused = Assert.Throws<DataException>(() => Dealt("x,y\n1,cat\n2,cow\n", new CsvOptions("y") { LabelKind = LabelKind.Class, Classes = Classes }));
        Assert.Equal(("unknown-class", 3, "y"), (refused.Code, refused.Row, refused.Column));
    }

    [Theory]
    [InlineData("x,y\n1,a\n2,a\n", "one-class-only")]
    [InlineData("x,y\n1,a\n2,\n", "missing-value")]
    public void Labels_that_tell_nothing_apart_are_refused(string csv, string code) =>
        Assert.Equal(code, Assert.Throws<DataException>(() => Dealt(csv, new CsvOptions("y") { LabelKind = LabelKind.Class })).Code);

    [Fact]
    public void More_classes_than_a_thousand_are_refused() =>
        Assert.Equal("too-many-classes", Assert.Throws<DataException>(() => Dealt("x,y\n" + string.Concat(Enumerable.Range(0, 1001).Select(k => $"1,c{k}\n")), new CsvOptions("y") { LabelKind = LabelKind.Class })).Code);

    [Theory]
    [InlineData("0,1,0", LabelKind.Binary)]
    [InlineData("B,M,B", LabelKind.Binary)]
    [InlineData("a,b,c", LabelKind.Class)]
    [InlineData("1.5,2,9", LabelKind.Numeric)]
    public void The_kind_of_label_is_suggested_by_its_values(string labels, LabelKind expected) =>
        Assert.Equal(expected, CsvTable.SuggestLabelKind([Source("y\n" + labels.Replace(',', '\n') + "\n", "x")], new CsvOptions("y")));

    [Fact]
    public void A_client_reads_its_rows_by_the_tasks_schema_in_any_order_of_columns()
    {
        DataSet data = SchemaTable.Read([Source("note,y,mass,size,colour\nhi,dog,1.5,medium,red\n,cat,10,small,blue\n")], Schema, Classes);
        Assert.Equal([0.0, 1.0, 1.0, 1.5], data.Row(0).ToArray());
        Assert.Equal([1.0, 0.0, 0.0, 10.0], data.Row(1).ToArray());
        Assert.Equal([2.0, 1.0], data.Labels.ToArray());
        Schema.Check(data);
    }

    [Theory]
    [InlineData("mass,size,colour\n1,small,red\n", "column-missing", null, "y")]
    [InlineData("y,size,colour\ncat,small,red\n", "column-missing", null, "mass")]
    [InlineData("y,mass,size,colour\ncat,1,small,green\n", "unknown-category", 2, "colour")]
    [InlineData("y,mass,size,colour\ncat,1,small,red\ncat,1,huge,red\n", "unknown-category", 3, "size")]
    [InlineData("y,mass,size,colour\ncat,1,odd,red\n", "unknown-category", 2, "size")]
    [InlineData("y,mass,size,colour\ncat,heavy,small,red\n", "not-a-number", 2, "mass")]
    [InlineData("y,mass,size,colour\ncat,1e300,small,red\n", "not-finite", 2, "mass")]
    [InlineData("y,mass,size,colour\ncat,11,small,red\n", "out-of-bounds", 2, "mass")]
    [InlineData("y,mass,size,colour\ncat,,small,red\n", "missing-value", 2, "mass")]
    [InlineData("y,mass,size,colour\ncow,1,small,red\n", "unknown-class", 2, "y")]
    public void Rows_that_the_schema_has_no_place_for_are_refused(string csv, string code, int? line, string column)
    {
        DataException refused = Assert.Throws<DataException>(() => SchemaTable.Read([Source(csv)], Schema, Classes));
        Assert.Equal((code, line, column), (refused.Code, refused.Row, refused.Column));
    }

    /// <summary>Otherwise one row would move all others, and a sum by more than the noise is for.</summary>
    [Fact]
    public void What_a_row_becomes_does_not_depend_on_other_rows()
    {
        foreach (IReadOnlyList<IReadOnlyList<string>> scales in OrdinalScales.Known.GroupBy(s => s.Count).Select(g => g.ToArray()))
        {
            Assert.All(scales.SelectMany(s => s).Distinct(StringComparer.OrdinalIgnoreCase), word =>
                Assert.Single(scales.SelectMany(s => s.Select((w, place) => (w, place))).Where(s => string.Equals(s.w, word, StringComparison.OrdinalIgnoreCase)).Select(s => s.place).Distinct()));
            int top = scales[0].Count - 1;
            var schema = new DataSchema([new("grade", 0, top)], new("y", 0, 1), LabelKind.Binary);
            string[] words = [.. scales.SelectMany(s => s)];
            double[] alone = [.. words.Select(word => SchemaTable.Read([Source($"grade,y\n{word},1\n")], schema, []).Row(0)[0])];
            DataSet together = SchemaTable.Read([Source("grade,y\n" + string.Concat(words.Select(word => $"{word},1\n")) + "2,0\nodd,0\n")], schema, [], leaveOut: _ => { }, refusesOutside: false);
            Assert.Equal([.. alone, 2], Enumerable.Range(0, together.Rows).Select(row => together.Row(row)[0]));
        }
    }

    /// <summary>With noise a client must not fall silent because of a row: an operator could ask for a category by leaving it out.</summary>
    [Fact]
    public void Rows_that_do_not_fit_are_left_out_one_by_one_where_refusing_them_would_tell()
    {
        List<DataException> told = [];
        DataSet data = SchemaTable.Read(
            [Source("y,mass,size,colour\ncat,1,small,red\ncow,2,small,red\ncat,,small,red\ncat,3,huge,red\ncat,4,small,green\ncat,x,small,red\ndog,5,large,blue\ncat,1e300,small,green\n")], Schema, Classes, leaveOut: told.Add);
        Assert.Equal([("unknown-class", 3), ("missing-value", 4), ("unknown-category", 5), ("unknown-category", 6), ("not-a-number", 7), ("not-finite", 9)], told.Select(f => (f.Code, f.Row!.Value)));
        Assert.Equal([1.0, 5.0], new[] { data.Row(0)[3], data.Row(1)[3] });
        Assert.Equal(2, data.Rows);
    }

    [Fact]
    public void Rows_to_predict_need_no_label() =>
        Assert.Equal([0.0], SchemaTable.ReadFeatures([Source("mass,size,colour\n1,large,red\n")], Schema).Labels.ToArray());

    [Fact]
    public void A_client_may_lack_the_positive_class()
    {
        var schema = new DataSchema([new("x", 0, 5)], new("y", 0, 1), LabelKind.Binary);
        Assert.Equal([0.0, 0.0], SchemaTable.Read([Source("x,y\n1,B\n2,B\n")], schema, [], "M").Labels.ToArray());
    }

    private static CsvTable Dealt(string csv, CsvOptions options) => CsvTable.Read(new StringReader(csv), options);

    private static CsvSource Source(string csv) => new("rows.csv", new StringReader(csv));

    // One label column beside a feature.
    private static CsvSource Source(string labels, string feature) =>
        new("rows.csv", new StringReader(string.Join('\n', labels.Trim().Split('\n').Select((line, i) => $"{(i == 0 ? feature : i)},{line}")) + "\n"));
}
