using SecureFed.Learning.Data;

namespace SecureFed.Learning.Tests;

public class CsvTableTests
{
    [Fact]
    public void Quoted_headers_and_fields_with_commas_and_quotes_are_read()
    {
        CsvTable table = Read("\"a, b\",\"say \"\"x\"\"\",y\n1,2,0\n\"3\",4,1\n");
        Assert.Equal(["a, b", "say \"x\""], table.Data.FeatureNames);
        Assert.Equal([3.0, 4.0], table.Data.Row(1).ToArray());
        Assert.Equal([0.0, 1.0], table.Data.Labels.ToArray());
    }

    [Theory]
    [InlineData("L,M,H", "0,1,2")]
    [InlineData("high,LOW,Medium", "2,0,1")]
    [InlineData("small,large,medium", "0,2,1")]
    [InlineData("M,S,XL", "2,1,4")]
    [InlineData("severe,none,mild", "3,0,1")]
    [InlineData("always,never,sometimes", "4,0,2")]
    [InlineData("good,bad,excellent", "2,0,4")]
    public void A_column_on_a_known_scale_becomes_its_position_on_the_scale(string values, string expected)
    {
        string[] texts = values.Split(',');
        CsvTable table = Read($"grade,y\n{texts[0]},0\n{texts[1]},1\n{texts[2]},1\n");
        Assert.Equal(["grade"], table.Data.FeatureNames);
        Assert.Equal(expected.Split(',').Select(double.Parse), Enumerable.Range(0, 3).Select(row => table.Data.Row(row)[0]));
    }

    [Fact]
    public void Other_text_becomes_one_column_per_value_in_ordinal_order()
    {
        CsvTable table = Read("colour,y\nred,0\nblue,1\nRed,1\n");
        Assert.Equal(["colour=Red", "colour=blue", "colour=red"], table.Data.FeatureNames);
        Assert.Equal([0.0, 0.0, 1.0], table.Data.Row(0).ToArray());
        Assert.Equal([1.0, 0.0, 0.0], table.Data.Row(2).ToArray());
    }

    [Theory]
    [InlineData("1", "1.0,0,1", "1,0,1")]
    [InlineData("1.0", "1,0,2", "1,0,0")]
    [InlineData("M", "M,B,M", "1,0,1")]
    public void The_positive_value_compares_as_a_number_or_as_text(string positive, string labels, string expected)
    {
        string[] values = labels.Split(',');
        CsvTable table = Read($"x,y\n1,{values[0]}\n2,{values[1]}\n3,{values[2]}\n", new CsvOptions("y") { Positive = positive });
        Assert.Equal(expected.Split(',').Select(double.Parse), table.Data.Labels.ToArray());
    }

    [Fact]
    public void Dropped_columns_may_hold_anything()
    {
        CsvTable table = Read("id,x,y\n,1,0\n?,2,1\n", new CsvOptions("y") { Drop = ["id"] });
        Assert.Equal(["x"], table.Data.FeatureNames);
    }

    [Theory]
    [InlineData("empty-data", "")]
    [InlineData("empty-data", "x,y\n")]
    [InlineData("label-column-missing", "x,z\n1,0\n")]
    [InlineData("label-column-missing", "x;y\n1;0\n")]
    [InlineData("duplicate-column", "x,x,y\n1,1,0\n")]
    [InlineData("duplicate-column", "c,c=a,y\na,1,0\nb,2,1\n")]
    [InlineData("no-features", "y\n1\n0\n")]
    [InlineData("one-class-only", "x,y\n1,1\n2,1\n")]
    [InlineData("one-class-only", "x,y\n1,0\n2,0\n")]
    [InlineData("positive-value-missing", "x,y\n1,a\n2,b\n")]
    [InlineData("malformed-csv", "x,y\n1,0\n\"2\"3,1\n")]
    public void Tables_that_cannot_be_learned_from_are_refused(string code, string csv)
    {
        var error = Assert.Throws<DataException>(() => Read(csv));
        Assert.Equal(code, error.Code);
        Assert.NotEmpty(error.Hint);
    }

    [Theory]
    [InlineData("missing-value", "x,y\n1,0\n,1\n", 3, "x")]
    [InlineData("missing-value", "x,y\n1,0\n2,1\n3,\n", 4, "y")]
    [InlineData("missing-value", "x,y\n1,0\nNaN,1\n", 3, "x")]
    [InlineData("missing-value", "x,y\n\"1\n2\",0\n,1\n", 4, "x")]
    [InlineData("not-a-number", "x,y\n1,0\n2,1\noops,1\n", 4, "x")]
    [InlineData("not-finite", "x,y\n1,0\nInfinity,1\n", 3, "x")]
    [InlineData("not-finite", "x,y\n1,0\n1e999,1\n", 3, "x")]
    [InlineData("row-width", "x,y\n1,0\n2\n", 3, null)]
    public void Bad_values_are_refused_with_the_line_of_the_file_and_the_column(string code, string csv, int line, string? column)
    {
        var error = Assert.Throws<DataException>(() => Read(csv));
        Assert.Equal((code, line, column), (error.Code, error.Row, error.Column));
        Assert.Contains($"line {line}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_columns_cannot_be_dropped()
    {
        var error = Assert.Throws<DataException>(() => Read("x,y\n1,0\n2,1\n", new CsvOptions("y") { Drop = ["z"] }));
        Assert.Equal(("unknown-column", "z"), (error.Code, error.Column));
    }

    [Fact]
    public void Identifiers_are_not_one_hot_encoded()
    {
        string csv = "id,y\n" + string.Concat(Enumerable.Range(0, 70).Select(row => $"K{row},{row % 2}\n"));
        var error = Assert.Throws<DataException>(() => Read(csv));
        Assert.Equal(("too-many-categories", "id"), (error.Code, error.Column));
    }

    [Fact]
    public void Several_files_join_in_order_and_need_one_header()
    {
        CsvTable table = CsvTable.Read([new("a.csv", new StringReader("x,y\n1,0\n")), new("b.csv", new StringReader("x,y\n2,1\n"))], new CsvOptions("y"));
        Assert.Equal([0.0, 1.0], table.Data.Labels.ToArray());
        var error = Assert.Throws<DataException>(() =>
            CsvTable.Read([new("a.csv", new StringReader("x,y\n1,0\n")), new("b.csv", new StringReader("z,y\n2,1\n"))], new CsvOptions("y")));
        Assert.Equal("header-mismatch", error.Code);
    }

    [Fact]
    public void A_numeric_label_is_kept_and_must_be_a_number()
    {
        var options = new CsvOptions("y") { LabelKind = LabelKind.Numeric };
        Assert.Equal([2.5, 4.0], Read("x,y\n1,2.5\n2,4\n", options).Data.Labels.ToArray());
        Assert.Equal("not-a-number", Assert.Throws<DataException>(() => Read("x,y\n1,a\n2,b\n", options)).Code);
        Assert.Equal("one-class-only", Assert.Throws<DataException>(() => Read("x,y\n1,3\n2,3\n", options)).Code);
    }

    [Theory]
    [InlineData(295.3, 304.5, 295, 305)]
    [InlineData(-0.2, 0.31, -0.2, 0.4)]
    [InlineData(0, 1684259, 0, 2000000)]
    [InlineData(5, 5, 5, 5)]
    public void Public_bounds_are_widened_outward_to_round_numbers(double minimum, double maximum, double lower, double upper)
    {
        (double actualLower, double actualUpper) = PublicBounds.Enclose(minimum, maximum);
        Assert.Equal(lower, actualLower, 1e-9);
        Assert.Equal(upper, actualUpper, 1e-9);
        Assert.True(actualLower <= minimum && actualUpper >= maximum);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(82, 100)]
    [InlineData(100, 100)]
    [InlineData(101, 200)]
    [InlineData(3000, 5000)]
    public void Row_maximum_is_the_next_round_number(int rows, int expected) => Assert.Equal(expected, PublicBounds.RowMaximum(rows));

    private static CsvTable Read(string csv, CsvOptions? options = null) => CsvTable.Read(new StringReader(csv), options ?? new CsvOptions("y"));
}
